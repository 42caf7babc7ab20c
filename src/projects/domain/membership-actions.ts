/**
 * Invariant: a caller is told he may do exactly what he would be let do, because the same table
 * answers both questions (projects specification, 12.1, 12.4 and 12.5).
 */
import { Failure } from '../../kernel/failure.js';
import type { Quantity } from '../../kernel/quantity.js';
import { forbidden } from './forbidden.js';
import {
  MEMBERSHIP_TRANSITIONS,
  NO_MEMBER,
  NO_REQUEST,
  type ProjectMembershipState,
  type ProjectMembershipTransition,
} from './membership-states.js';
import { isAlive, type ProjectState } from './project-states.js';
import type { ProjectPolicy } from './project.js';

/** What can be done with a membership, ascending: the order in which it is shown. */
export const MEMBERSHIP_ACTIONS = ['accept', 'cancel', 'leave', 'reject', 'remove'] as const;

/** What can be done with a membership. */
export type MembershipAction = (typeof MEMBERSHIP_ACTIONS)[number];

/** As whom somebody may act; an admin may as both. */
export interface MembershipRoles {
  /** As the owner of the project. */
  readonly asOwner: boolean;
  /** As the member, or the one who asks to be. */
  readonly asMember: boolean;
}

/** What of a project decides about its memberships. */
export interface JoinedProject {
  readonly uuid: string;
  readonly state: ProjectState;
  readonly joinPolicy: ProjectPolicy;
  readonly leavePolicy: ProjectPolicy;
  readonly maxMembers: Quantity;
}

/** Everything an action is judged by. */
export interface MembershipSituation {
  readonly state: ProjectMembershipState;
  readonly project: JoinedProject;
  /** How many members count towards `maxMembers`; asked for requests only. */
  readonly members: bigint;
  /** Whether the user's account is active; asked for requests only. */
  readonly isAccountActive: boolean;
}

interface ActionRule {
  /** What it does to the membership, given the project's leave policy. */
  readonly transition: (leavePolicy: ProjectPolicy) => ProjectMembershipTransition;
  readonly by: keyof MembershipRoles;
  /** The policy that forbids it when it is closed. */
  readonly policy?: 'join' | 'leave';
  /** Whether the user becomes a member: the account must be active, and there must be room. */
  readonly letsIn?: true;
  readonly inWrongState: string;
}

const RULES: Readonly<Record<MembershipAction, ActionRule>> = {
  accept: {
    transition: () => 'accept',
    by: 'asOwner',
    policy: 'join',
    letsIn: true,
    inWrongState: NO_REQUEST,
  },
  cancel: { transition: () => 'cancel', by: 'asMember', inWrongState: NO_REQUEST },
  leave: {
    transition: (policy) => (policy === 'moderated' ? 'requestLeave' : 'remove'),
    by: 'asMember',
    policy: 'leave',
    inWrongState: NO_MEMBER,
  },
  reject: { transition: () => 'reject', by: 'asOwner', inWrongState: NO_REQUEST },
  remove: {
    transition: () => 'remove',
    by: 'asOwner',
    policy: 'leave',
    inWrongState: NO_MEMBER,
  },
};

/** Returns where an action leads, whoever may do it; undefined when the state does not allow it. */
export function targetOf(
  action: MembershipAction,
  { state, project }: Pick<MembershipSituation, 'state' | 'project'>,
): ProjectMembershipState | undefined {
  return MEMBERSHIP_TRANSITIONS[RULES[action].transition(project.leavePolicy)][state];
}

/**
 * Returns why an action is refused, if it is; of several reasons the one that is documented to come
 * first: state, account, permission, project, policy, room (12.5).
 */
export function faultOfAction(
  action: MembershipAction,
  situation: MembershipSituation,
  roles: MembershipRoles,
): Failure | undefined {
  return refusalOf(action, situation, roles)?.();
}

/** Returns what a caller could do with a membership now, in the order of MEMBERSHIP_ACTIONS. */
export function allowedActions(
  situation: MembershipSituation,
  roles: MembershipRoles,
): readonly MembershipAction[] {
  return MEMBERSHIP_ACTIONS.filter((action) => refusalOf(action, situation, roles) === undefined);
}

/**
 * Makes the failure of a refusal. Lists ask five times per membership whether there is one, and the
 * stack of every error takes longer than all the rest.
 */
type Refusal = () => Failure;

function refusalOf(
  action: MembershipAction,
  situation: MembershipSituation,
  roles: MembershipRoles,
): Refusal | undefined {
  const rule = RULES[action];
  const { state, project } = situation;
  if (targetOf(action, situation) === undefined)
    return () => wrongState(rule.inWrongState, { state });
  if (rule.letsIn && !situation.isAccountActive) return accountInactive;
  if (!roles[rule.by]) return forbidden;
  const refusal = refusalOfProject(project, rule.policy);
  if (refusal !== undefined || !rule.letsIn || hasRoom(situation)) return refusal;
  return () => projectFull(project);
}

/**
 * Returns why a user who asks to join is refused, if he is (12.4).
 *
 * @param state - of the membership he has; undefined when he has none.
 */
export function faultOfJoin(
  state: ProjectMembershipState | undefined,
  project: JoinedProject,
): Failure | undefined {
  const refusal = refusalOfProject(project, 'join');
  if (refusal !== undefined) return refusal();
  if (MEMBERSHIP_TRANSITIONS.join[state ?? 'none'] !== undefined) return undefined;
  return wrongState('Request or membership already exists.', { state: state ?? 'none' });
}

/** Whether a user who asks to join becomes a member at once. */
export function entersAtOnce(situation: Pick<MembershipSituation, 'project' | 'members'>): boolean {
  return situation.project.joinPolicy === 'auto' && hasRoom(situation);
}

/**
 * Returns why somebody may not be enrolled, if he may not (12.4).
 *
 * @param state - of the membership the user has; undefined when he has none.
 */
export function faultOfEnrollment(
  state: ProjectMembershipState | undefined,
  situation: Omit<MembershipSituation, 'state'>,
  roles: MembershipRoles,
): Failure | undefined {
  const { project, isAccountActive } = situation;
  if (!isAccountActive) return accountInactive();
  if (!roles.asOwner) return forbidden();
  const refusal = refusalOfProject(project, 'join');
  if (refusal !== undefined) return refusal();
  if (!hasRoom(situation)) return projectFull(project);
  if (MEMBERSHIP_TRANSITIONS.enroll[state ?? 'none'] !== undefined) return undefined;
  return wrongState('Membership already exists.', { state: state ?? 'none' });
}

/** Returns the failure of a membership that is not there. */
export function membershipNotFound(id: bigint): Failure {
  return new Failure('not-found', 'NOT_FOUND', NO_REQUEST, { kind: 'membership', id });
}

/** Returns why the memberships of a project may not change, if they may not. */
export function faultUnlessAlive(project: JoinedProject): Failure | undefined {
  return refusalOfProject(project)?.();
}

function refusalOfProject(project: JoinedProject, policy?: 'join' | 'leave'): Refusal | undefined {
  const { uuid, state } = project;
  if (!isAlive(state))
    return () => wrongState(`Project ${uuid} is not alive.`, { project: uuid, state });
  const chosen = policy === 'join' ? project.joinPolicy : project.leavePolicy;
  return policy === undefined || chosen !== 'closed' ? undefined : () => closed(uuid, policy);
}

function closed(project: string, policy: 'join' | 'leave'): Failure {
  const message =
    policy === 'join'
      ? "The Project's member join policy is closed."
      : "The project's member leave policy is closed.";
  return new Failure('wrong-state', 'POLICY_CLOSED', message, { project, policy });
}

/** Suspended members count: they come back by themselves. */
function hasRoom({ project, members }: Pick<MembershipSituation, 'project' | 'members'>): boolean {
  return members + 1n <= project.maxMembers;
}

function projectFull({ uuid, maxMembers }: JoinedProject): Failure {
  return new Failure(
    'wrong-state',
    'PROJECT_FULL',
    'You have reached the maximum number of members for this Project.',
    { project: uuid, max_members: maxMembers },
  );
}

function accountInactive(): Failure {
  return wrongState('User account is not active.', {});
}

function wrongState(message: string, facts: Failure['facts']): Failure {
  return new Failure('wrong-state', 'WRONG_STATE', message, facts);
}
