import type { Tx } from '../../db/tx.js';

/** Keys of the advisory locks of this slice; each stands for something that has no row. */
const CATALOGUE = 4_719_820_201;
const NAMES = 4_719_820_202;

/**
 * Promises that no resource is being registered until the transaction ends.
 *
 * Without it a project initialized, or a member accepted, beside a registration would miss the new
 * resource: neither transaction sees the other's rows. First of this slice's locks.
 */
export async function holdCatalogue(tx: Tx): Promise<void> {
  await tx.query(
    { name: 'projects-hold-catalogue', text: 'select pg_advisory_xact_lock_shared($1)' },
    [CATALOGUE],
  );
}

/** Promises that nobody else changes projects until the transaction ends; see holdCatalogue. */
export async function lockCatalogue(tx: Tx): Promise<void> {
  await tx.query({ name: 'projects-lock-catalogue', text: 'select pg_advisory_xact_lock($1)' }, [
    CATALOGUE,
  ]);
}

/**
 * Promises that no other transaction creates a project or reserves a name, so that an id or name
 * found free stays free and the holder of a taken one can be told. Taken before any project row;
 * the unique constraints stand behind it.
 */
export async function lockNames(tx: Tx): Promise<void> {
  await tx.query({ name: 'projects-lock-names', text: 'select pg_advisory_xact_lock($1)' }, [
    NAMES,
  ]);
}
