import type { Tx } from '../db/tx.js';
import { synchronise } from './limits.js';
import type { Cause } from './domain/cause.js';
import { USER_DEACTIVATION } from './domain/suspension.js';
import { membershipEvent } from './membership-events.js';
import { actionEvent } from './project-events.js';
import type { MembershipChangeDeps } from './service/membership-changes.js';
import { holdCatalogue, lockNames } from './storage/locks.js';
import {
  lockProjectsOfUsers,
  resumeAfterDeactivation,
  suspendForDeactivation,
} from './storage/suspensions.js';

/** An account that was deactivated, or is active again. */
export interface UserActivity {
  readonly uuid: string;
  readonly active: boolean;
}

/**
 * Suspends what hangs on accounts that were deactivated: system projects, active projects they own
 * and effective memberships. Resumes it for accounts that are active again, except what somebody
 * else has suspended, terminated or ended since (quota specification, 9.3).
 *
 * Identity has written the accounts in the same transaction: whoever lets one of them into a project
 * holds its row, and so either is done already, or waits and finds it deactivated.
 */
export async function followActivity(
  tx: Tx,
  { clock, quotas, events }: MembershipChangeDeps,
  users: readonly UserActivity[],
): Promise<void> {
  if (users.length === 0) return;
  await holdCatalogue(tx);
  // Nothing is named here, but a state file goes on to projects, and names come before their rows.
  await lockNames(tx);
  await lockProjectsOfUsers(tx, uuidsOf(users));
  const now = clock.now();
  const deactivated = users.filter(({ active }) => !active);
  const reactivated = users.filter(({ active }) => active);
  const suspended = await suspendForDeactivation(tx, uuidsOf(deactivated), now);
  const resumed = await resumeAfterDeactivation(tx, uuidsOf(reactivated), now);
  await synchronise(tx, quotas, {
    projects: [...suspended.projects, ...resumed.projects].map(({ id }) => id),
    memberships: [...suspended.memberships, ...resumed.memberships].map(({ id }) => id),
  });
  await events.record(tx, [
    ...suspended.projects.map((one) => actionEvent(one, 'suspend', FOLLOWING)),
    ...resumed.projects.map((one) => actionEvent(one, 'unsuspend', FOLLOWING)),
    ...suspended.memberships.map((one) => membershipEvent('suspended', one, one.user)),
    ...resumed.memberships.map((one) => membershipEvent('unsuspended', one, one.user)),
  ]);
}

/** Nobody does it, but the account. */
const FOLLOWING: Cause = { actor: null, reason: USER_DEACTIVATION };

function uuidsOf(users: readonly UserActivity[]): readonly string[] {
  return users.map(({ uuid }) => uuid);
}
