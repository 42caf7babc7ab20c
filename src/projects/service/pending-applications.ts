import type { Tx } from '../../db/tx.js';
import { Failure } from '../../kernel/failure.js';
import type { QuotasForProjects } from '../limits.js';

/** The hidden resource that counts a user's pending applications (projects specification, 10). */
const PENDING = 'astakos.pending_app';

/** The component that charges it. */
const CLIENT = 'astakos';

/** What counting pending applications needs. */
export interface PendingDeps {
  readonly quotas: Pick<QuotasForProjects, 'charge'>;
  /** Returns the key of the component of this name; identity knows. */
  componentIdOf(tx: Tx, name: string): Promise<bigint | undefined>;
}

/** By how much a user has more applications pending, or fewer. */
export interface PendingChange {
  /** Uuid of the applicant. */
  readonly user: string;
  readonly by: bigint;
}

/**
 * Counts pending applications, on both counters of each user's system project. Locks holdings, so
 * that it comes behind every lock of this slice.
 *
 * Fails with NO_CAPACITY, in the documented words, when somebody has as many as he may.
 *
 * @param force - admins are counted, and never refused.
 */
export async function countPending(
  tx: Tx,
  deps: PendingDeps,
  changes: readonly PendingChange[],
  force: boolean,
): Promise<void> {
  const componentId = await deps.componentIdOf(tx, CLIENT);
  if (componentId === undefined) throw new Error(`The component ${CLIENT} has gone`);
  const provisions = changes.flatMap(({ user, by }) => [
    { holder: `user:${user}`, source: `project:${user}`, resource: PENDING, quantity: by },
    { holder: `project:${user}`, source: null, resource: PENDING, quantity: by },
  ]);
  const name = 'pending project applications';
  try {
    await deps.quotas.charge(tx, { componentId, changes: provisions, force, name });
  } catch (error) {
    throw error instanceof Failure ? tooMany(error) : error;
  }
}

/** Whoever has no counter was granted nothing. */
function tooMany(failure: Failure): Failure {
  const { reason, facts } = failure;
  if (reason !== 'NO_CAPACITY' && reason !== 'NO_HOLDING') return failure;
  const limit = facts['limit'] ?? 0n;
  return new Failure(
    'over-limit',
    'NO_CAPACITY',
    `You have reached the maximum number of pending project applications: ${limit}.`,
    { ...facts, limit },
  );
}
