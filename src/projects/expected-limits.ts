import type { Tx } from '../db/tx.js';
import type { ExpectedLimits, HoldingLimit } from '../quotas/index.js';
import { memberLimit, projectLimit } from './domain/limits.js';
import {
  type MemberLimitRow,
  memberLimitRows,
  type ProjectLimitRow,
  projectLimitRows,
} from './storage/limits.js';
import { holdCatalogue } from './storage/locks.js';
import { namedMemberLimits, namedProjectLimits } from './storage/named-limits.js';
import { lockProjects } from './storage/projects.js';

/** How many limits are in memory at a time. */
const PIECE = 5_000;

const EVERYTHING = { projects: 'all', memberships: [], resources: null } as const;

type HoldingName = Omit<HoldingLimit, 'limit'>;

/**
 * The limits that follow from projects, capacities and memberships as they are, for comparing with
 * the ledger (quota specification, 9.2).
 */
export const expectedLimits: ExpectedLimits = {
  async *all(tx) {
    for await (const rows of projectLimitRows(tx, EVERYTHING, PIECE)) yield rows.map(ofProject);
    for await (const rows of memberLimitRows(tx, EVERYTHING, PIECE)) yield rows.map(ofMember);
  },
  async among(tx, names) {
    const { projects, members } = sorted(names);
    return [
      ...(projects.length === 0 ? [] : (await namedProjectLimits(tx, projects)).map(ofProject)),
      ...(members.length === 0 ? [] : (await namedMemberLimits(tx, members)).map(ofMember)),
    ];
  },
  async hold(tx: Tx, names) {
    const { projects, members } = sorted(names);
    await holdCatalogue(tx);
    // The row of a project guards its capacities and memberships, too.
    await lockProjects(tx, [...new Set([...projects, ...members].map(({ project }) => project))]);
  },
};

function sorted(names: readonly HoldingName[]) {
  const projects: { project: string; resource: string }[] = [];
  const members: { user: string; project: string; resource: string }[] = [];
  for (const { holder, source, resource } of names) {
    const [user, owner] = [behind('user:', holder), behind('project:', holder)];
    const project = source === null ? undefined : behind('project:', source);
    if (owner !== undefined && source === null) projects.push({ project: owner, resource });
    else if (user !== undefined && project !== undefined) members.push({ user, project, resource });
    // Whatever else holds something has no business to.
  }
  return { projects, members };
}

function behind(prefix: string, text: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

function ofProject({ project, projectState, resource, capacity }: ProjectLimitRow): HoldingLimit {
  const limit = projectLimit(projectState, capacity);
  return { holder: `project:${project}`, source: null, resource, limit };
}

function ofMember(row: MemberLimitRow): HoldingLimit {
  const limit = memberLimit(row.projectState, row.membershipState, row.capacity);
  const { user, project, resource } = row;
  return { holder: `user:${user}`, source: `project:${project}`, resource, limit };
}
