/**
 * Invariant: a membership changes state only along the transitions of this table (projects
 * specification, 12.5), and whoever was accepted once stays initialized for good.
 */
import { Failure } from '../../kernel/failure.js';

/** The states, as documented. */
export const MEMBERSHIP_STATES = [
  'requested',
  'accepted',
  'leave_requested',
  'suspended',
  'rejected',
  'cancelled',
  'removed',
] as const;

/** How a user stands to a project. */
export type ProjectMembershipState = (typeof MEMBERSHIP_STATES)[number];

/** What moves a membership to another state; `none` is a user without one. */
export type ProjectMembershipTransition =
  | 'join'
  | 'enroll'
  | 'accept'
  | 'reject'
  | 'cancel'
  /** The member asks to leave a project whose leave policy is moderated. */
  | 'requestLeave'
  /** The member leaves at once, or is removed, or a leave request is granted. */
  | 'remove'
  /** Never called by the API: the member's account is deactivated. */
  | 'suspend'
  | 'unsuspend';

/** Where each transition leads from each state; a missing entry is not allowed. */
export const MEMBERSHIP_TRANSITIONS: Readonly<
  Record<
    ProjectMembershipTransition,
    Readonly<Partial<Record<ProjectMembershipState | 'none', ProjectMembershipState>>>
  >
> = {
  join: {
    none: 'requested',
    rejected: 'requested',
    cancelled: 'requested',
    removed: 'requested',
  },
  enroll: {
    none: 'accepted',
    requested: 'accepted',
    rejected: 'accepted',
    cancelled: 'accepted',
    removed: 'accepted',
  },
  accept: { requested: 'accepted' },
  reject: { requested: 'rejected' },
  cancel: { requested: 'cancelled' },
  requestLeave: {
    accepted: 'leave_requested',
    leave_requested: 'leave_requested',
    suspended: 'leave_requested',
  },
  remove: { accepted: 'removed', leave_requested: 'removed', suspended: 'removed' },
  suspend: { accepted: 'suspended', leave_requested: 'suspended' },
  unsuspend: { suspended: 'accepted' },
};

/** What is said of a membership that is no request. */
export const NO_REQUEST = 'This is not a valid membership request.';

/** What is said of a membership in which the user is no member. */
export const NO_MEMBER = 'This is not an accepted membership.';

/** States in which the user is a member of the project, and counts towards its `max_members`. */
export const MEMBER_STATES = [
  'accepted',
  'leave_requested',
  'suspended',
] as const satisfies readonly ProjectMembershipState[];

/** Whether the user is a member of the project. */
export function isMember(state: ProjectMembershipState): boolean {
  return (MEMBER_STATES as readonly ProjectMembershipState[]).includes(state);
}

/** States in which the member may use the project. */
export const EFFECTIVE_STATES = [
  'accepted',
  'leave_requested',
] as const satisfies readonly ProjectMembershipState[];

/** Whether the member may use the project. */
export function isEffective(state: ProjectMembershipState): boolean {
  return (EFFECTIVE_STATES as readonly ProjectMembershipState[]).includes(state);
}

/** Whether the state says that the user was accepted at least once, and so has holdings. */
export function meansInitialized(state: ProjectMembershipState): boolean {
  return isEffective(state) || state === 'suspended' || state === 'removed';
}

/**
 * Whether limits have to be computed again when a membership goes from one state to another; a
 * membership that was never initialized has none yet.
 *
 * @param from - undefined for a user who never had anything to do with the project.
 */
export function changesLimits(
  from: ProjectMembershipState | undefined,
  to: ProjectMembershipState,
): boolean {
  return (from !== undefined && isEffective(from)) !== isEffective(to);
}

/**
 * Throws WRONG_STATE unless one transition leads from the membership's state to `to`.
 *
 * @param from - undefined for a user who never had anything to do with the project.
 */
export function judgeMembershipState(
  from: ProjectMembershipState | undefined,
  to: ProjectMembershipState,
): void {
  const start = from ?? 'none';
  if (Object.values(MEMBERSHIP_TRANSITIONS).some((next) => next[start] === to)) return;
  throw new Failure(
    'wrong-state',
    'WRONG_STATE',
    to === 'accepted' || to === 'rejected' || to === 'cancelled'
      ? NO_REQUEST
      : to === 'requested'
        ? 'Request or membership already exists.'
        : NO_MEMBER,
    { state: start },
  );
}
