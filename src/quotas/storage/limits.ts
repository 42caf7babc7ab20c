import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import { holdingKey } from '../domain/commission.js';

/** The limit a holding shall have. */
export interface HoldingLimit {
  readonly holder: string;
  readonly source: string | null;
  readonly resource: string;
  readonly limit: Quantity;
}

const LOCK = {
  name: 'quotas.lock_limits',
  // Locks by id, like every other writer, before the upsert below would lock in its own order.
  text: `
    select count(*) from (
      select h.id from holdings h
       where h.id = any(array(
               select h2.id from unnest($1::text[], $2::text[], $3::text[]) as k (holder, source, resource)
                 join holdings h2 on h2.holder = k.holder and h2.source = k.source and h2.resource = k.resource
                where k.source is not null
               union all
               select h2.id from unnest($1::text[], $2::text[], $3::text[]) as k (holder, source, resource)
                 join holdings h2 on h2.holder = k.holder and h2.source is null and h2.resource = k.resource
                where k.source is null))
       order by h.id for update) as locked`,
};

const SET = {
  name: 'quotas.set_limits',
  // Usage is not named: it stays what it is, and starts at 0.
  text: `
    insert into holdings (holder, source, resource, "limit")
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
        as k (holder, source, resource, "limit")
     order by holder, source nulls first, resource
    on conflict (holder, source, resource)
      do update set "limit" = excluded."limit" where holdings."limit" <> excluded."limit"`,
};

/**
 * Gives holdings their limits (quota specification, 9.3): missing ones are created with usage 0, of
 * existing ones only the limit changes, all others are left alone. Of a repeated key the last value
 * counts. Limits are not compared with usage; a holding may end over its limit.
 */
export async function setLimits(tx: Tx, limits: readonly HoldingLimit[]): Promise<void> {
  const last = new Map<string, HoldingLimit>();
  for (const limit of limits) {
    last.set(holdingKey(limit), limit);
  }
  if (last.size === 0) return;
  const values = [...last.values()];
  const keys = [
    values.map(({ holder }) => holder),
    values.map(({ source }) => source),
    values.map(({ resource }) => resource),
  ];
  await tx.query(LOCK, keys);
  await tx.query(SET, [...keys, values.map(({ limit }) => limit)]);
}
