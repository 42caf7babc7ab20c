import type { EventRecorder } from '../../events/index.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { UNLIMITED } from '../../kernel/quantity.js';
import type { Cause } from '../domain/cause.js';
import {
  changesLimits,
  judgeMembershipState,
  type ProjectMembershipState,
} from '../domain/membership-states.js';
import { faultUnlessAlive } from '../domain/membership-actions.js';
import { type Project, projectNotFound } from '../domain/project.js';
import { type MembershipEventType, membershipEvent } from '../membership-events.js';
import { type QuotasForProjects, synchronise } from '../limits.js';
import { holdCatalogue } from '../storage/locks.js';
import {
  countMembers,
  membershipsAmong,
  putMemberships,
  type StoredMembership,
} from '../storage/memberships.js';
import { lockProjects } from '../storage/projects.js';

/** What changes of memberships work with. */
export interface MembershipChangeDeps {
  readonly clock: Clock;
  readonly quotas: QuotasForProjects;
  readonly events: EventRecorder;
}

/** Whose membership in which project, by their uuids. */
export interface ProjectMembershipOf {
  readonly project: string;
  readonly user: string;
}

/** A user and a project, whose row is locked and keeps every membership of it as it is. */
export interface MemberStanding {
  readonly user: string;
  readonly project: Project;
  /** Undefined when the user never had anything to do with the project. */
  readonly present: StoredMembership | undefined;
}

/** A user who has something to do with a project. */
export interface KnownStanding extends MemberStanding {
  readonly present: StoredMembership;
}

/**
 * Moves a membership to another state, or creates it, and returns its id. For other slices and for
 * tests: permissions, policies and member limits are judged by whoever calls.
 *
 * Fails with NOT_FOUND for an unknown project, and with WRONG_STATE when no transition leads there
 * or the project is not alive. The user must exist.
 */
export async function setMembershipState(
  tx: Tx,
  deps: MembershipChangeDeps,
  membership: ProjectMembershipOf,
  state: ProjectMembershipState,
  cause: Cause,
): Promise<bigint> {
  const standing = await lockedStanding(tx, membership);
  judgeMembershipState(standing.present?.state, state);
  const fault = faultUnlessAlive(standing.project);
  if (fault !== undefined) throw fault;
  const { present } = await moveMembership(tx, deps, standing, state, cause);
  return present.id;
}

/** Returns how a user stands to a project; throws NOT_FOUND when there is no such project. */
export async function lockedStanding(
  tx: Tx,
  { project: uuid, user }: ProjectMembershipOf,
): Promise<MemberStanding> {
  await holdCatalogue(tx);
  const [project] = await lockProjects(tx, [uuid]);
  if (project === undefined) throw projectNotFound(uuid);
  const [present] = await membershipsAmong(tx, [{ projectId: project.id, user }]);
  return { user, project, present };
}

/** Writes where a membership goes, with its log and limits, and returns how it stands then. */
export async function moveMembership(
  tx: Tx,
  { clock, quotas }: MembershipChangeDeps,
  { user, project, present }: MemberStanding,
  state: ProjectMembershipState,
  cause: Cause,
): Promise<KnownStanding> {
  const row = { projectId: project.id, user, state, suspensionReason: null };
  const [id] = await putMemberships(tx, [row], cause, clock.now());
  if (id === undefined) throw new Error('a membership was written and is not there');
  if (changesLimits(present?.state, state)) await synchronise(tx, quotas, { memberships: [id] });
  return { user, project, present: { id, ...row } };
}

/**
 * Records what happened to a membership.
 *
 * @param recipient - uuid of a user; null when there is nobody to tell.
 * @param email - of the user whose membership it is, where the recipient needs it.
 */
export async function tell(
  tx: Tx,
  { events }: MembershipChangeDeps,
  { user, project, present }: KnownStanding,
  type: MembershipEventType,
  recipient: string | null,
  email?: string,
): Promise<void> {
  const subject = { id: present.id, user, project: project.uuid, projectName: project.realname };
  await events.record(tx, [membershipEvent(type, subject, recipient, email)]);
}

/** Returns how many members count towards the project's limit; 0 when it has none. */
export async function membersOf(tx: Tx, { id, maxMembers }: Project): Promise<bigint> {
  return maxMembers === UNLIMITED ? 0n : countMembers(tx, id);
}
