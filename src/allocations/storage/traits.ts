import type { Tx } from '../../db/tx.js';

/** A trait and when it was added. */
export interface Trait {
  readonly name: string;
  readonly createdAt: Date;
}

/** Which traits to list; what is undefined filters nothing. */
export interface TraitFilter {
  readonly names: readonly string[] | undefined;
  readonly prefix: string | undefined;
  /** Whether a provider has it. */
  readonly associated: boolean | undefined;
}

const LIST = {
  name: 'allocations.list_traits',
  text: `
    select t.name, t.created_at as "createdAt"
      from traits t
     where t.name > $1
       and ($2::text[] is null or t.name = any($2))
       and ($3::text is null or starts_with(t.name, $3))
       and ($4::boolean is null
            or exists (select from provider_traits p where p.trait_id = t.id) = $4)
     order by t.name
     limit $5`,
};

/**
 * Returns traits by name.
 *
 * @param limit - null returns all of them.
 */
export async function listTraits(
  tx: Tx,
  { names, prefix, associated }: TraitFilter,
  after: string,
  limit: number | null,
): Promise<readonly Trait[]> {
  return tx.query<Trait>(LIST, [after, names ?? null, prefix ?? null, associated ?? null, limit]);
}

const FIND = {
  name: 'allocations.find_trait',
  text: 'select name, created_at as "createdAt" from traits where name = $1',
};

/** Returns the trait, or undefined when there is none of that name. */
export async function findTrait(tx: Tx, name: string): Promise<Trait | undefined> {
  const [found] = await tx.query<Trait>(FIND, [name]);
  return found;
}

/** Adds a trait unless it is there; returns it when it was not there before. */
export async function addTrait(tx: Tx, name: string): Promise<Trait | undefined> {
  const text = `
    insert into traits (name) values ($1)
        on conflict (name) do nothing
    returning name, created_at as "createdAt"`;
  const [added] = await tx.query<Trait>({ text }, [name]);
  return added;
}

/** Returns the id of a trait, which no provider can be given before the transaction ends. */
export async function lockTrait(tx: Tx, name: string): Promise<bigint | undefined> {
  const text = 'select id from traits where name = $1 for update';
  const [found] = await tx.query<{ id: bigint }>({ text }, [name]);
  return found?.id;
}

/** Whether a provider has the trait. */
export async function isTraitUsed(tx: Tx, id: bigint): Promise<boolean> {
  const text = 'select from provider_traits where trait_id = $1 limit 1';
  return (await tx.query({ text }, [id])).length > 0;
}

/** Removes a trait that is locked and not used. */
export async function deleteTrait(tx: Tx, id: bigint): Promise<void> {
  await tx.query({ text: 'delete from traits where id = $1' }, [id]);
}
