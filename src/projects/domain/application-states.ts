/**
 * Invariant: an application changes state only along the transitions of this table (projects
 * specification, 8.2); at most one of a project is pending, and nobody decides on another one than the
 * last.
 */
import { Failure } from '../../kernel/failure.js';

/** What became of an application. */
export type ApplicationState =
  'pending' | 'approved' | 'replaced' | 'denied' | 'dismissed' | 'cancelled';

/** What can be done about an application, by the names of the documented actions. */
export const APPLICATION_ACTIONS = ['approve', 'deny', 'cancel', 'dismiss'] as const;

/** What can be done about an application. */
export type ApplicationAction = (typeof APPLICATION_ACTIONS)[number];

/** What moves an application to another state. */
export type ApplicationTransition =
  | ApplicationAction
  /** Another one was submitted for the same project. */
  | 'replace';

/** Where each transition leads from each state; a missing entry is not allowed. */
export const APPLICATION_TRANSITIONS: Readonly<
  Record<ApplicationTransition, Readonly<Partial<Record<ApplicationState, ApplicationState>>>>
> = {
  approve: { pending: 'approved' },
  deny: { pending: 'denied' },
  cancel: { pending: 'cancelled' },
  dismiss: { denied: 'dismissed' },
  replace: { pending: 'replaced' },
};

/** How each state is called in messages. */
export const APPLICATION_STATE_NAMES: Readonly<Record<ApplicationState, string>> = {
  pending: 'Pending review',
  approved: 'Approved',
  replaced: 'Replaced',
  denied: 'Denied',
  dismissed: 'Dismissed',
  cancelled: 'Cancelled',
};

/** Returns the state an action leads to; throws WRONG_STATE where it leads nowhere. */
export function judgeApplicationAction(
  { id, state }: { readonly id: bigint; readonly state: ApplicationState },
  action: ApplicationAction,
): ApplicationState {
  const next = APPLICATION_TRANSITIONS[action][state];
  if (next !== undefined) return next;
  throw new Failure(
    'wrong-state',
    'WRONG_STATE',
    `Cannot ${action} application ${id} in state '${APPLICATION_STATE_NAMES[state]}'`,
    { application: id, state },
  );
}

/** Returns the failure of an application that is not the last one of the project it was named with. */
export function notTheLast(application: bigint, project: string): Failure {
  return new Failure(
    'wrong-state',
    'WRONG_STATE',
    `${application} is not a pending application for project ${project}.`,
    { application, project },
  );
}
