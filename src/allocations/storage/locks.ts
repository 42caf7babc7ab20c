import type { Tx } from '../../db/tx.js';

/** Key of the advisory lock that stands for the shape of all provider trees. */
const TREES = 4_719_820_301;

/**
 * Promises that no provider moves until the transaction ends, so that the root that was read for a
 * new child stays its root. Taken before any provider's row.
 */
export async function holdTrees(tx: Tx): Promise<void> {
  await tx.query(
    { name: 'allocations.hold_trees', text: 'select pg_advisory_xact_lock_shared($1)' },
    [TREES],
  );
}

/**
 * Promises that nobody else moves a provider or adds a child until the transaction ends: two moves
 * at once could make a loop that neither sees. Taken before any provider's row.
 */
export async function lockTrees(tx: Tx): Promise<void> {
  await tx.query({ name: 'allocations.lock_trees', text: 'select pg_advisory_xact_lock($1)' }, [
    TREES,
  ]);
}
