import type { Tx } from '../../db/tx.js';

/** Key of the lock, among the advisory locks of the database. */
const LOCK = 4_719_820_122;

/**
 * Waits until no other state file is being applied, and keeps others waiting until the transaction
 * ends: sections look first and write afterwards, and two of them at once would collide.
 */
export async function holdApplyLock(tx: Tx): Promise<void> {
  await tx.query({ text: 'select pg_advisory_xact_lock($1)' }, [LOCK]);
}
