import type { Tx } from '../../db/tx.js';
import { isCleanText } from '../../kernel/text.js';

/** A trait and when it was added. */
export interface Trait {
  readonly name: string;
  readonly createdAt: Date;
}

/** The traits of a provider, and its generation at the same moment. */
export interface ProviderTraits {
  readonly generation: bigint;
  /** By name. */
  readonly traits: readonly Trait[];
}

const READ = {
  name: 'allocations.read_provider_traits',
  // One statement, so that traits and generation belong to one moment.
  text: `
    select p.generation, t.name, t.created_at as "createdAt"
      from resource_providers p
      left join provider_traits h on h.resource_provider_id = p.id
      left join traits t on t.id = h.trait_id
     where p.uuid = $1
     order by t.name`,
};

/** Returns the traits of a provider, or undefined when there is no such provider. */
export async function readProviderTraits(
  tx: Tx,
  uuid: string,
): Promise<ProviderTraits | undefined> {
  if (!isCleanText(uuid)) return undefined;
  const rows = await tx.query<{ generation: bigint } & (Trait | { name: null })>(READ, [uuid]);
  const [first] = rows;
  if (first === undefined) return undefined;
  return { generation: first.generation, traits: rows.filter((row) => row.name !== null) };
}

const HOLD = {
  name: 'allocations.hold_traits',
  // By id, like everybody who locks several.
  text: `
    select id, name from traits where name = any($1::text[])
     order by id
       for key share`,
};

/**
 * Returns the ids of those of the traits that exist, by name; they cannot be removed before the
 * transaction ends.
 */
export async function holdTraits(
  tx: Tx,
  names: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await tx.query<{ id: bigint; name: string }>(HOLD, [names]);
  return new Map(rows.map(({ id, name }) => [name, id]));
}

const REPLACE = {
  name: 'allocations.replace_provider_traits',
  text: `
    with gone as (
      delete from provider_traits
       where resource_provider_id = $1 and trait_id <> all($2::bigint[])
      returning trait_id),
    added as (
      insert into provider_traits (resource_provider_id, trait_id)
      select $1, t.id from unnest($2::bigint[]) as t (id)
          on conflict do nothing
      returning trait_id)
    select exists (select from gone) or exists (select from added) as "isChanged"`,
};

/** Makes these the traits of a locked provider and returns whether they were not before. */
export async function replaceProviderTraits(
  tx: Tx,
  providerId: bigint,
  traitIds: readonly bigint[],
): Promise<boolean> {
  const [row] = await tx.query<{ isChanged: boolean }>(REPLACE, [providerId, traitIds]);
  return row?.isChanged === true;
}
