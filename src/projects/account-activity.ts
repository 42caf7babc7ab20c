import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import { type QuotasForProjects, synchronise } from './limits.js';
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
 * Identity has written the accounts in the same transaction, so that no new membership or ownership
 * of theirs can come into being meanwhile: its foreign key waits.
 */
export async function followActivity(
  tx: Tx,
  { clock, quotas }: { readonly clock: Clock; readonly quotas: QuotasForProjects },
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
    projects: [...suspended.projects, ...resumed.projects],
    memberships: [...suspended.memberships, ...resumed.memberships],
  });
}

function uuidsOf(users: readonly UserActivity[]): readonly string[] {
  return users.map(({ uuid }) => uuid);
}
