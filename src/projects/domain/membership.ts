/**
 * Invariant: a membership is shown with the last date of every state it ever was in, which are those
 * of its log, and with what this one caller could do with it now (projects specification, 12.1).
 */
import { allowedActions, type MembershipAction } from './membership-actions.js';
import type { JoinedProject, MembershipRoles, MembershipSituation } from './membership-actions.js';
import type { ProjectMembershipState } from './membership-states.js';

/** When a membership last entered each state that it ever was in. */
export type EntryDates = Readonly<Partial<Record<ProjectMembershipState, Date>>>;

/** A membership with everything that is said about it, and that decides what can be done with it. */
export interface ProjectMembership extends MembershipSituation {
  readonly id: bigint;
  /** Uuid of the user. */
  readonly user: string;
  readonly project: JoinedProject & { readonly owner: string | null };
  readonly entered: EntryDates;
}

/** A membership as one caller sees it. */
export interface ShownMembership {
  readonly id: bigint;
  readonly user: string;
  /** Uuid of the project. */
  readonly project: string;
  readonly state: ProjectMembershipState;
  readonly entered: EntryDates;
  readonly allowedActions: readonly MembershipAction[];
}

/** One step of a membership. */
export interface MembershipLogEntry {
  readonly id: bigint;
  /** Null in the first one. */
  readonly from: ProjectMembershipState | null;
  readonly to: ProjectMembershipState;
  readonly at: Date;
  /** Uuid of a user; null when it was nobody's call. */
  readonly actor: string | null;
  readonly reason: string | null;
}

/** Returns a membership as a caller with these roles sees it. */
export function shownTo(roles: MembershipRoles, membership: ProjectMembership): ShownMembership {
  const { id, user, project, state, entered } = membership;
  const allowed = allowedActions(membership, roles);
  return { id, user, project: project.uuid, state, entered, allowedActions: allowed };
}
