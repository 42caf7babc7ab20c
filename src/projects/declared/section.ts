import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import type { Report, StateSection } from '../../state/section.js';
import { DECLARED } from '../domain/cause.js';
import { type QuotasForProjects, synchronise } from '../limits.js';
import { holdCatalogue, lockNames } from '../storage/locks.js';
import { putMemberships } from '../storage/memberships.js';
import { completeProjectQuotas, putProjectQuotas } from '../storage/project-quotas.js';
import {
  holdersOfNames,
  insertProjects,
  lockProjects,
  parkNames,
  updateProjects,
} from '../storage/projects.js';
import { deactivatedAmong } from '../storage/suspensions.js';
import { type CapacityChange, capacityChanges } from './capacities.js';
import { type ProjectEntry, projectEntry } from './entry.js';
import { type MembershipChange, membershipChanges } from './memberships.js';
import {
  changesFields,
  judgeNames,
  keyIn,
  namesToReserve,
  newProjectOf,
  planProjects,
  type ProjectPlan,
} from './plan.js';

/** What the section works with. */
export interface ProjectsSectionDeps {
  readonly clock: Clock;
  readonly quotas: QuotasForProjects;
  /** Returns which of the uuids are those of accepted users. */
  acceptedUsers(tx: Tx, uuids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Returns the section `projects` of the state file. */
export function createProjectsSection(deps: ProjectsSectionDeps): StateSection<ProjectEntry> {
  return {
    key: 'projects',
    entry: projectEntry,
    apply: (tx, entries, report) => applyProjects(tx, deps, entries, report),
  };
}

/**
 * Compares every entry with what is there and writes the differences, in a number of statements
 * that does not depend on the number of entries; where nothing differs nothing is written.
 */
async function applyProjects(
  tx: Tx,
  deps: ProjectsSectionDeps,
  entries: readonly ProjectEntry[],
  report: Report,
): Promise<void> {
  if (entries.length === 0) return;
  const now = deps.clock.now();
  await holdCatalogue(tx);
  await lockNames(tx);
  const defaults = await deps.quotas.resourceDefaults(tx);
  const { plans, deactivatedUsers } = await plansOf(tx, deps, entries, defaults, now);
  await settleNames(tx, plans);
  const capacities = await capacityChanges(tx, plans);
  const recapacitated = new Set(capacities.map(({ project }) => project));
  const changed = plans.filter((plan) => changesFields(plan) || recapacitated.has(plan.entry.uuid));
  const ids = await storeProjects(tx, plans, changed, now);
  await storeCapacities(tx, capacities, ids);
  const created = changed.filter(({ present }) => present === undefined);
  if (created.length > 0) await completeProjectQuotas(tx, idsOf(created, ids), defaults);
  const memberships = await membershipChanges(tx, plans, ids, deactivatedUsers);
  const relimited = changed.filter(
    ({ entry, present, wanted }) =>
      present?.state !== wanted.state || recapacitated.has(entry.uuid),
  );
  await synchronise(tx, deps.quotas, {
    projects: idsOf(relimited, ids),
    memberships:
      memberships.length === 0 ? [] : await putMemberships(tx, memberships, DECLARED, now),
  });
  reportAll(plans, new Set(changed), memberships, report);
}

async function plansOf(
  tx: Tx,
  deps: ProjectsSectionDeps,
  entries: readonly ProjectEntry[],
  resources: readonly { readonly name: string }[],
  now: Date,
): Promise<{
  readonly plans: readonly ProjectPlan[];
  readonly deactivatedUsers: ReadonlySet<string>;
}> {
  const users = entries.flatMap(({ owner, members = [] }) => [
    ...(owner === undefined ? [] : [owner]),
    ...members.map(({ user }) => user),
  ]);
  const projects = await lockProjects(
    tx,
    entries.map(({ uuid }) => uuid),
  );
  const accounts = projects.map(({ uuid, owner }) => owner ?? uuid).concat(users);
  const referents = {
    projects: new Map(projects.map((project) => [project.uuid, project])),
    acceptedUsers: await deps.acceptedUsers(tx, [...new Set(users)]),
    deactivatedUsers: await deactivatedAmong(tx, [...new Set(accounts)]),
    resources: new Set(resources.map(({ name }) => name)),
  };
  const { deactivatedUsers } = referents;
  return { plans: planProjects(entries, referents, now), deactivatedUsers };
}

async function settleNames(tx: Tx, plans: readonly ProjectPlan[]): Promise<void> {
  const names = namesToReserve(plans);
  if (names.length === 0) return;
  const yielding = judgeNames(plans, await holdersOfNames(tx, names));
  if (yielding.length > 0) await parkNames(tx, yielding);
}

/** Writes the changed projects and returns the key of every planned one, by uuid. */
async function storeProjects(
  tx: Tx,
  plans: readonly ProjectPlan[],
  changed: readonly ProjectPlan[],
  now: Date,
): Promise<ReadonlyMap<string, bigint>> {
  const updated = changed.flatMap(({ present, wanted }) =>
    present === undefined ? [] : [{ ...present, ...wanted }],
  );
  const added = changed.filter(({ present }) => present === undefined).map(newProjectOf);
  // Updates come first: they may give up names that new projects take.
  if (updated.length > 0) await updateProjects(tx, updated, now, DECLARED);
  const inserted = added.length === 0 ? [] : await insertProjects(tx, added, now);
  const present = plans.flatMap((plan) => plan.present ?? []);
  return new Map([...present, ...inserted].map(({ uuid, id }) => [uuid, id]));
}

async function storeCapacities(
  tx: Tx,
  changes: readonly CapacityChange[],
  ids: ReadonlyMap<string, bigint>,
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map((change) => ({ ...change, projectId: keyIn(ids, change.project) }));
  await putProjectQuotas(tx, rows);
}

function idsOf(plans: readonly ProjectPlan[], ids: ReadonlyMap<string, bigint>): readonly bigint[] {
  return plans.map(({ entry }) => keyIn(ids, entry.uuid));
}

function reportAll(
  plans: readonly ProjectPlan[],
  changed: ReadonlySet<ProjectPlan>,
  memberships: readonly MembershipChange[],
  report: Report,
): void {
  const membersOf = new Map<string, MembershipChange[]>();
  for (const member of memberships) {
    const members = membersOf.get(member.project);
    if (members === undefined) membersOf.set(member.project, [member]);
    else members.push(member);
  }
  for (const plan of plans) {
    const name = plan.wanted.realname;
    const outcome = plan.present === undefined ? 'created' : 'updated';
    report({ kind: 'project', name, outcome: changed.has(plan) ? outcome : 'unchanged' });
    for (const member of membersOf.get(plan.entry.uuid) ?? [])
      report({
        kind: 'project member',
        name: `${name}/${member.user}`,
        outcome: member.outcome,
      });
  }
}
