import type { Tx } from '../../db/tx.js';
import { isCleanText } from '../../kernel/text.js';
import type { ResourceProvider } from '../domain/resource-provider.js';

/** What of a provider's own row most writes need. */
export type LockedProvider = Pick<ResourceProvider, 'id' | 'uuid' | 'name' | 'generation'>;

/** The columns of a ResourceProvider, and where they come from. */
export const PROVIDER_COLUMNS = `p.id, p.uuid, p.name, p.generation, parent.uuid as "parentUuid",
  root.uuid as "rootUuid", p.updated_at as "updatedAt"`;
export const PROVIDERS = `resource_providers p
  join resource_providers root on root.id = p.root_provider_id
  left join resource_providers parent on parent.id = p.parent_provider_id`;

const FIND = {
  name: 'allocations.find_provider',
  text: `select ${PROVIDER_COLUMNS} from ${PROVIDERS} where p.uuid = $1`,
};

/** Returns the provider whose stored uuid is this very text, or undefined when there is none. */
export async function findProvider(tx: Tx, uuid: string): Promise<ResourceProvider | undefined> {
  // What a path holds may be anything; Postgres refuses to look for some of it.
  if (!isCleanText(uuid)) return undefined;
  const [found] = await tx.query<ResourceProvider>(FIND, [uuid]);
  return found;
}

const LOCK = {
  name: 'allocations.lock_provider',
  // Without its parent and root: joined rows would be those from before the wait.
  text: `
    select id, uuid, name, generation from resource_providers where uuid = $1
       for no key update`,
};

/**
 * Returns the provider locked against every other write until the transaction ends, or undefined
 * when there is none. A transaction that needs several takes lockProviders.
 */
export async function lockProvider(tx: Tx, uuid: string): Promise<LockedProvider | undefined> {
  if (!isCleanText(uuid)) return undefined;
  const [found] = await tx.query<LockedProvider>(LOCK, [uuid]);
  return found;
}

const LOCK_MANY = {
  name: 'allocations.lock_providers',
  // By id, the one order in which everybody locks providers.
  text: `
    select id, uuid, name, generation from resource_providers where id = any($1::bigint[])
     order by id
       for no key update`,
};

/** Returns those of the providers that exist, locked as by lockProvider, by id. */
export async function lockProviders(
  tx: Tx,
  ids: readonly bigint[],
): Promise<readonly LockedProvider[]> {
  return tx.query<LockedProvider>(LOCK_MANY, [ids]);
}

const ADVANCE = {
  name: 'allocations.advance_provider',
  text: `
    update resource_providers set generation = generation + 1, updated_at = now() where id = $1
    returning generation`,
};

/** Moves the generation of a locked provider by one and returns it. */
export async function advanceProvider(tx: Tx, id: bigint): Promise<bigint> {
  const [row] = await tx.query<{ generation: bigint }>(ADVANCE, [id]);
  if (row === undefined) throw new Error('A locked provider is gone');
  return row.generation;
}
