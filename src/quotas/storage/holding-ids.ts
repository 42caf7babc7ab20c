import { LRUCache } from 'lru-cache';
import type { Tx } from '../../db/tx.js';
import { holdingKey, type Provision } from '../domain/commission.js';

/** Enough for 1,000 projects of 100 members with 5 resources; about 100 MiB when full. */
const REMEMBERED = 500_000;

const FIND = {
  name: 'quotas.find_holding_ids',
  // Two branches, because an index serves equality and "is null", but not "is not distinct from".
  text: `
    select k.ord, h.id
      from unnest($1::text[], $2::text[], $3::text[]) with ordinality as k (holder, source, resource, ord)
      join holdings h on h.holder = k.holder and h.source = k.source and h.resource = k.resource
     where k.source is not null
    union all
    select k.ord, h.id
      from unnest($1::text[], $2::text[], $3::text[]) with ordinality as k (holder, source, resource, ord)
      join holdings h on h.holder = k.holder and h.source is null and h.resource = k.resource
     where k.source is null`,
};

type Key = Omit<Provision, 'quantity'>;

/**
 * Finds the ids of holdings. What was found once is remembered: a holding is never deleted and
 * never changes its name, so no other process can make a remembered id wrong.
 */
export class HoldingIds {
  readonly #known = new LRUCache<string, bigint>({ max: REMEMBERED });

  /** Returns the ids by holding key; keys without a holding are missing from the map. */
  async find(tx: Tx, keys: readonly Key[]): Promise<ReadonlyMap<string, bigint>> {
    const found = new Map<string, bigint>();
    const missing = new Map<string, Key>();
    for (const key of keys) {
      const text = holdingKey(key);
      // Without noting the use: the order of eviction hardly matters, and the note costs more than
      // the look-up.
      const id = this.#known.peek(text);
      if (id === undefined) missing.set(text, key);
      else found.set(text, id);
    }
    if (missing.size > 0) await this.#load(tx, missing, found);
    return found;
  }

  async #load(tx: Tx, missing: ReadonlyMap<string, Key>, found: Map<string, bigint>) {
    const keys = [...missing];
    const rows = await tx.query<{ ord: bigint; id: bigint }>(FIND, [
      keys.map(([, key]) => key.holder),
      keys.map(([, key]) => key.source),
      keys.map(([, key]) => key.resource),
    ]);
    for (const { ord, id } of rows) {
      const text = keys[Number(ord) - 1]?.[0];
      if (text === undefined) throw new Error('A holding answers to a key nobody asked for');
      found.set(text, id);
      this.#known.set(text, id);
    }
  }
}
