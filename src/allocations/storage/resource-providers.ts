import { breaksUnique } from '../../db/errors.js';
import type { Tx } from '../../db/tx.js';
import { isCleanText } from '../../kernel/text.js';

/** A provider to be stored. */
export interface NewProvider {
  readonly uuid: string;
  readonly name: string;
  /** Null for a root. */
  readonly parent: ProviderPlace | null;
}

/** Where a provider stands: by ids. */
export interface ProviderPlace {
  readonly id: bigint;
  readonly rootId: bigint;
}

const HOLD = {
  name: 'allocations.hold_provider',
  text: `
    select id, root_provider_id as "rootId" from resource_providers where uuid = $1
       for key share`,
};

/**
 * Returns where a provider stands, or undefined when there is none; it cannot be deleted before the
 * transaction ends.
 */
export async function holdProvider(tx: Tx, uuid: string): Promise<ProviderPlace | undefined> {
  if (!isCleanText(uuid)) return undefined;
  const [found] = await tx.query<ProviderPlace>(HOLD, [uuid]);
  return found;
}

const INSERT = {
  name: 'allocations.insert_provider',
  text: `
    with n as (select nextval('resource_provider_ids') as id)
    insert into resource_providers (id, uuid, name, parent_provider_id, root_provider_id)
    select n.id, $1, $2, $3::bigint, coalesce($4::bigint, n.id) from n
        on conflict do nothing
    returning id`,
};

/** Stores a provider and returns whether it did; false when its uuid or name is taken. */
export async function insertProvider(
  tx: Tx,
  { uuid, name, parent }: NewProvider,
): Promise<boolean> {
  const values = [uuid, name, parent?.id ?? null, parent?.rootId ?? null];
  return (await tx.query(INSERT, values)).length > 0;
}

/** Returns which of the two a provider has already. */
export async function takenBy(
  tx: Tx,
  { uuid, name }: Pick<NewProvider, 'uuid' | 'name'>,
): Promise<{ readonly uuid: boolean; readonly name: boolean }> {
  const text = `
    select exists (select from resource_providers where uuid = $1) as uuid,
           exists (select from resource_providers where name = $2) as name`;
  const [taken] = await tx.query<{ uuid: boolean; name: boolean }>({ text }, [uuid, name]);
  return taken ?? { uuid: false, name: false };
}

const RENAME = {
  name: 'allocations.rename_provider',
  text: 'update resource_providers set name = $2, updated_at = now() where id = $1',
};

/**
 * Renames a locked provider.
 *
 * @param taken - made when another provider has the name.
 */
export async function renameProvider(
  tx: Tx,
  id: bigint,
  name: string,
  taken: () => Error,
): Promise<void> {
  try {
    await tx.query(RENAME, [id, name]);
  } catch (error) {
    if (breaksUnique(error, 'resource_providers_name_key')) throw taken();
    throw error;
  }
}

const WITHIN = {
  name: 'allocations.providers_within',
  text: `
    with recursive within as (
      select $1::bigint as id
      union all
      select p.id from within w join resource_providers p on p.parent_provider_id = w.id
    )
    select id from within`,
};

/** Returns the ids of a provider and of all that stand below it. */
export async function providersWithin(tx: Tx, id: bigint): Promise<readonly bigint[]> {
  const rows = await tx.query<{ id: bigint }>(WITHIN, [id]);
  return rows.map((row) => row.id);
}

const MOVE = {
  name: 'allocations.move_provider',
  // Parent and root in one statement: they are checked against each other row by row.
  text: `
    update resource_providers
       set parent_provider_id = case when id = $1 then $2::bigint else parent_provider_id end,
           root_provider_id = $3, updated_at = now()
     where id = any($4::bigint[])`,
};

/**
 * Puts a provider below another one, or makes it a root, and gives all below it their new root.
 *
 * @param within - ids of the provider and of all below it; they are locked.
 */
export async function moveProvider(
  tx: Tx,
  id: bigint,
  parent: ProviderPlace | null,
  within: readonly bigint[],
): Promise<void> {
  await tx.query(MOVE, [id, parent?.id ?? null, parent?.rootId ?? id, within]);
}

const LOCK_TO_DELETE = {
  name: 'allocations.lock_provider_to_delete',
  // Stronger than for other writes: waits for those who are adding a child.
  text: 'select id from resource_providers where uuid = $1 for update',
};

/** Returns the id of a provider that is about to be deleted, or undefined when there is none. */
export async function lockProviderToDelete(tx: Tx, uuid: string): Promise<bigint | undefined> {
  if (!isCleanText(uuid)) return undefined;
  const [found] = await tx.query<{ id: bigint }>(LOCK_TO_DELETE, [uuid]);
  return found?.id;
}

const USES = {
  name: 'allocations.provider_uses',
  text: `
    select exists (select from resource_providers where parent_provider_id = $1) as "hasChildren",
           exists (select from inventories where resource_provider_id = $1 and used > 0)
             as "hasAllocations"`,
};

/** Returns what keeps a locked provider from being deleted. */
export async function usesOfProvider(
  tx: Tx,
  id: bigint,
): Promise<{ readonly hasChildren: boolean; readonly hasAllocations: boolean }> {
  const [uses] = await tx.query<{ hasChildren: boolean; hasAllocations: boolean }>(USES, [id]);
  return uses ?? { hasChildren: false, hasAllocations: false };
}

const DELETE = {
  name: 'allocations.delete_provider',
  // One statement: foreign keys are checked at its end.
  text: `
    with gone_inventories as (delete from inventories where resource_provider_id = $1),
         gone_traits as (delete from provider_traits where resource_provider_id = $1),
         gone_aggregates as (delete from provider_aggregates where resource_provider_id = $1)
    delete from resource_providers where id = $1`,
};

/** Deletes a locked provider, without children and allocations, and all that it has. */
export async function deleteProvider(tx: Tx, id: bigint): Promise<void> {
  await tx.query(DELETE, [id]);
}
