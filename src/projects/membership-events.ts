import type { NewEvent } from '../events/index.js';

/** What happens to memberships and somebody hears of (projects specification, 13). */
export type MembershipEventType =
  | 'requested'
  | 'leave_requested'
  | 'accepted'
  | 'rejected'
  | 'removed'
  | 'enrolled'
  | 'suspended'
  | 'unsuspended';

/** Whose membership in which project. */
export interface MembershipSubject {
  readonly id: bigint;
  /** Uuid of the user. */
  readonly user: string;
  /** Uuid of the project. */
  readonly project: string;
  /** The name shown. */
  readonly projectName: string;
}

/**
 * Returns the event of a membership.
 *
 * @param recipient - uuid of a user; null when there is nobody to tell.
 * @param email - of the user whose membership it is, where the recipient needs it.
 */
export function membershipEvent(
  type: MembershipEventType,
  { id, user, project, projectName }: MembershipSubject,
  recipient: string | null,
  email?: string,
): NewEvent {
  return {
    type: `project.membership.${type}`,
    subject: String(id),
    recipients: recipient === null ? [] : [recipient],
    facts: {
      user,
      project,
      project_name: projectName,
      ...(email !== undefined && { email }),
    },
  };
}
