import { BrokenReference } from '../../state/section.js';
import { isAlive, isInitialized, type ProjectState } from '../domain/project-states.js';
import {
  distantEnd,
  type NewProject,
  type Project,
  PROJECT_DEFAULTS,
  type ProjectFields,
} from '../domain/project.js';
import { declaredStanding } from '../domain/suspension.js';
import type { ProjectEntry } from './entry.js';

/** What becomes of a declared project. */
export interface ProjectPlan {
  readonly entry: ProjectEntry;
  /** The project as it is; undefined when it has to be created. */
  readonly present: Project | undefined;
  /** The project as it shall be. */
  readonly wanted: ProjectFields;
}

/** What the entries name, as far as it exists. */
export interface Referents {
  /** Projects by uuid, locked. */
  readonly projects: ReadonlyMap<string, Project>;
  readonly acceptedUsers: ReadonlySet<string>;
  readonly deactivatedUsers: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
}

/** What a state file cannot say of a system project, and why. */
const NOT_OF_SYSTEM_PROJECTS = {
  name: 'the name of a system project cannot be changed',
  description: 'the description of a system project cannot be changed',
  owner: 'a system project has no owner',
  members: 'the only member of a system project is its user',
} as const satisfies Partial<Record<keyof ProjectEntry, string>>;

/**
 * Returns what becomes of each entry, in the same order.
 *
 * Throws a BrokenReference for the first entry that names something unknown or cannot be reconciled
 * with the project that exists. Names are judged separately, by judgeNames.
 */
export function planProjects(
  entries: readonly ProjectEntry[],
  referents: Referents,
  now: Date,
): readonly ProjectPlan[] {
  const declared = new Set<string>();
  return entries.map((entry, index) => {
    if (declared.has(entry.uuid))
      throw new BrokenReference([index, 'uuid'], `project ${entry.uuid} is declared twice`);
    declared.add(entry.uuid);
    const present = referents.projects.get(entry.uuid);
    requireReferents(entry, index, referents);
    if (present !== undefined) requireReconcilable(entry, index, present);
    const fields = wantedFields(entry, index, present, now);
    const standing = wantedStanding(entry, present, fields.owner, referents.deactivatedUsers);
    return { entry, present, wanted: { ...fields, ...standing } };
  });
}

/** Whether the fields of the project itself have to be written. */
export function changesFields({ present, wanted }: ProjectPlan): boolean {
  return (
    present === undefined ||
    present.realname !== wanted.realname ||
    present.state !== wanted.state ||
    present.suspensionReason !== wanted.suspensionReason ||
    present.owner !== wanted.owner ||
    present.description !== wanted.description ||
    present.endDate.toISOString() !== wanted.endDate.toISOString() ||
    present.joinPolicy !== wanted.joinPolicy ||
    present.leavePolicy !== wanted.leavePolicy ||
    present.maxMembers !== wanted.maxMembers
  );
}

/** Returns the plan's project as a new one, which is an ordinary one always. */
export function newProjectOf({ entry, wanted }: ProjectPlan): NewProject {
  return { ...wanted, uuid: entry.uuid, isSystem: false };
}

/** Returns the key of a stored project by its uuid; a missing one is a bug. */
export function keyIn(ids: ReadonlyMap<string, bigint>, uuid: string): bigint {
  const id = ids.get(uuid);
  if (id === undefined) throw new Error(`project ${uuid} was not stored`);
  return id;
}

/** Returns the names that the plans reserve and their projects do not hold yet. */
export function namesToReserve(plans: readonly ProjectPlan[]): readonly string[] {
  return plans
    .filter((plan) => reserved(plan.wanted) !== undefined && !keepsName(plan))
    .map(({ wanted }) => wanted.realname);
}

/**
 * Returns the keys of the projects of this file that give up a name another one of it reserves.
 *
 * Throws a BrokenReference when two projects would hold one name, or a project outside of the file
 * holds it.
 *
 * @param holders - who holds which of the names of namesToReserve now.
 */
export function judgeNames(
  plans: readonly ProjectPlan[],
  holders: ReadonlyMap<string, string>,
): readonly bigint[] {
  const byUuid = new Map(plans.map((plan) => [plan.entry.uuid, plan]));
  const wanted = new Map<string, string>();
  const yielding: bigint[] = [];
  plans.forEach((plan, index) => {
    const name = reserved(plan.wanted);
    if (name === undefined) return;
    const { uuid } = plan.entry;
    const holder = holders.get(name);
    const holdersPlan = holder === undefined ? undefined : byUuid.get(holder);
    const isYielded = holdersPlan !== undefined && !keepsName(holdersPlan);
    const other = wanted.get(name) ?? (isYielded ? undefined : holder);
    if (other !== undefined && other !== uuid)
      throw new BrokenReference(
        [index, 'name'],
        `project with name '${name}' already exists (id: ${other})`,
      );
    wanted.set(name, uuid);
    if (isYielded && holdersPlan.present !== undefined) yielding.push(holdersPlan.present.id);
  });
  return yielding;
}

function reserved({ realname, state }: ProjectFields): string | undefined {
  return isAlive(state) ? realname : undefined;
}

function keepsName({ present, wanted }: ProjectPlan): boolean {
  return present !== undefined && reserved(present) === reserved(wanted);
}

function requireReferents(
  { owner, resources = {}, members = [] }: ProjectEntry,
  index: number,
  known: Referents,
): void {
  if (owner !== undefined && !known.acceptedUsers.has(owner))
    throw new BrokenReference([index, 'owner'], `there is no accepted user ${owner}`);
  const unknown = Object.keys(resources).find((resource) => !known.resources.has(resource));
  if (unknown !== undefined)
    throw new BrokenReference([index, 'resources', unknown], `there is no resource ${unknown}`);
  const named = new Set<string>();
  members.forEach(({ user }, position) => {
    const path = [index, 'members', position, 'user'];
    if (named.has(user)) throw new BrokenReference(path, `user ${user} is declared twice`);
    named.add(user);
    if (!known.acceptedUsers.has(user))
      throw new BrokenReference(path, `there is no accepted user ${user}`);
  });
}

function requireReconcilable(entry: ProjectEntry, index: number, present: Project): void {
  if (!isInitialized(present.state))
    throw new BrokenReference(
      [index, 'uuid'],
      `project ${entry.uuid} is ${present.state}: it has never been approved`,
    );
  if (!present.isSystem) return;
  for (const [key, why] of Object.entries(NOT_OF_SYSTEM_PROJECTS)) {
    if (entry[key as keyof typeof NOT_OF_SYSTEM_PROJECTS] !== undefined)
      throw new BrokenReference([index, key], why);
  }
  if (entry.state === 'terminated')
    throw new BrokenReference([index, 'state'], 'a system project cannot be terminated');
}

function wantedFields(
  entry: ProjectEntry,
  index: number,
  present: Project | undefined,
  now: Date,
): Omit<ProjectFields, 'state' | 'suspensionReason'> {
  const { description, owner } = entry;
  const before = present ?? {
    ...PROJECT_DEFAULTS,
    // The two that a new project must be given.
    realname: given(entry.name, [index, 'name'], 'a new project needs a name'),
    owner: given(owner, [index, 'owner'], 'a new project needs an owner'),
    endDate: distantEnd(now),
  };
  return {
    realname: entry.name ?? before.realname,
    owner: owner ?? before.owner,
    homepage: before.homepage,
    description: description ?? before.description,
    endDate: entry.end_date ?? before.endDate,
    joinPolicy: entry.join_policy ?? before.joinPolicy,
    leavePolicy: entry.leave_policy ?? before.leavePolicy,
    maxMembers: entry.max_members ?? before.maxMembers,
    isPrivate: before.isPrivate,
  };
}

/** @param owner - of the project as it shall be; a system project hangs on its user instead. */
function wantedStanding(
  { uuid, state }: ProjectEntry,
  present: Project | undefined,
  owner: string | null,
  deactivated: ReadonlySet<string>,
): Pick<ProjectFields, 'state' | 'suspensionReason'> {
  if (state === undefined && present !== undefined)
    return { state: present.state, suspensionReason: present.suspensionReason };
  return declaredStanding<ProjectState>(state ?? PROJECT_DEFAULTS.state, {
    before: present,
    isDeactivated: deactivated.has(owner ?? uuid),
    grants: (judged) => judged === 'active',
  });
}

function given(value: string | undefined, path: (string | number)[], otherwise: string): string {
  if (value === undefined) throw new BrokenReference(path, otherwise);
  return value;
}
