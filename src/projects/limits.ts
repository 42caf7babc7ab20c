import type { Tx } from '../db/tx.js';
import type { HoldingLimit, Quotas } from '../quotas/index.js';
import { memberLimit, projectLimit } from './domain/limits.js';
import {
  type LimitSelection,
  memberLimitRows,
  type MemberLimitRow,
  projectLimitRows,
  type ProjectLimitRow,
} from './storage/limits.js';

/**
 * Most limits handed over at once. 10,000 members of a project with two resources go in one
 * statement; beyond that memory, not the number of statements, is what has to stay small.
 */
const AT_ONCE = 50_000;

/** What projects need of the ledger. */
export type QuotasForProjects = Pick<Quotas, 'setLimits' | 'resourceDefaults' | 'charge'>;

/** Whose limits to compute again; what is left out selects nothing, or every resource. */
export interface Selection {
  /** Keys of projects, with all their initialized memberships. */
  readonly projects?: LimitSelection['projects'];
  /** Keys of memberships, without their projects. */
  readonly memberships?: readonly bigint[];
  readonly resources?: readonly string[];
}

/**
 * Computes limits again from the rows as they are now and hands them to the ledger.
 *
 * The caller has locked the projects: holdings are locked after project rows, never before.
 */
export async function synchronise(
  tx: Tx,
  quotas: QuotasForProjects,
  { projects = [], memberships = [], resources }: Selection,
): Promise<void> {
  if (projects.length === 0 && memberships.length === 0) return;
  const selection = { projects, memberships, resources: resources ?? null };
  let gathered: HoldingLimit[] = [];
  for await (const piece of limitPieces(tx, selection)) {
    gathered = gathered.concat(piece);
    if (gathered.length < AT_ONCE) continue;
    await quotas.setLimits(tx, gathered);
    gathered = [];
  }
  if (gathered.length > 0) await quotas.setLimits(tx, gathered);
}

async function* limitPieces(tx: Tx, selection: LimitSelection): AsyncIterable<HoldingLimit[]> {
  if (selection.projects.length > 0) {
    for await (const rows of projectLimitRows(tx, selection, AT_ONCE))
      yield rows.map(limitOfProject);
  }
  for await (const rows of memberLimitRows(tx, selection, AT_ONCE)) yield rows.map(limitOfMember);
}

function limitOfProject({ project, projectState, resource, capacity }: ProjectLimitRow) {
  const limit = projectLimit(projectState, capacity);
  return { holder: `project:${project}`, source: null, resource, limit };
}

function limitOfMember(row: MemberLimitRow): HoldingLimit {
  const limit = memberLimit(row.projectState, row.membershipState, row.capacity);
  const { user, project, resource } = row;
  return { holder: `user:${user}`, source: `project:${project}`, resource, limit };
}
