import { arrayLiteral } from '../../db/int8.js';
import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { Holding } from '../domain/holding.js';

/** A pending commission as it is stored: its provisions as two arrays of equal length. */
export interface StoredCommission {
  readonly serial: bigint;
  readonly componentId: bigint;
  readonly name: string;
  readonly issuedAt: Date;
  readonly holdingIds: readonly bigint[];
  readonly quantities: readonly Quantity[];
}

/** A commission to be written; its serial is drawn by the write. */
export type NewCommission = Omit<StoredCommission, 'serial'> & {
  /** Settled at once: only the log and the counters keep it. */
  readonly isSettled: boolean;
};

/** One row of the provision log. */
export interface LogEntry {
  /** Null when the commission is a new one: `newIndex` tells which. */
  readonly serial: bigint | null;
  /** Position among the new commissions, from 0. */
  readonly newIndex: number | null;
  readonly componentId: bigint;
  readonly name: string;
  readonly issuedAt: Date;
  readonly holdingId: bigint;
  /** The holding after this provision. */
  readonly holding: Holding;
  readonly quantity: Quantity;
  readonly reason: string;
}

/** Everything one batch changes. */
export interface LedgerWrite {
  readonly holdings: ReadonlyMap<bigint, Holding>;
  readonly commissions: readonly NewCommission[];
  readonly settledSerials: readonly bigint[];
  readonly log: readonly LogEntry[];
  readonly at: Date;
}

const LOCK_COMMISSIONS = {
  name: 'quotas.lock_commissions',
  // By serial, so that two resolvers of overlapping lists never wait for each other in a circle;
  // with the component, so that nobody locks what belongs to others.
  text: `
    select c.serial, c.component_id as "componentId", c.name, c.issued_at as "issuedAt",
           c.holding_ids as "holdingIds", c.quantities
      from unnest($1::bigint[], $2::bigint[]) as k (serial, component_id)
      join commissions c on c.serial = k.serial and c.component_id = k.component_id
     order by c.serial
       for update of c`,
};

/** Locks and returns those of the serials that are pending and belong to the named component. */
export async function lockCommissions(
  tx: Tx,
  keys: readonly { readonly serial: bigint; readonly componentId: bigint }[],
): Promise<readonly StoredCommission[]> {
  return tx.query<StoredCommission>(LOCK_COMMISSIONS, [
    arrayLiteral(keys.map(({ serial }) => serial)),
    arrayLiteral(keys.map(({ componentId }) => componentId)),
  ]);
}

const LOCK_HOLDINGS = {
  name: 'quotas.lock_holdings',
  // By id, the one order in which everybody locks holdings.
  text: `
    select id, "limit", usage_min as "usageMin", usage_max as "usageMax"
      from holdings
     where id = any($1::bigint[])
     order by id
       for update`,
};

/** Locks and returns the holdings by id. */
export async function lockHoldings(tx: Tx, ids: Iterable<bigint>): Promise<Map<bigint, Holding>> {
  const rows = await tx.query<Holding & { id: bigint }>(LOCK_HOLDINGS, [arrayLiteral([...ids])]);
  return new Map(
    rows.map(({ id, limit, usageMin, usageMax }) => [id, { limit, usageMin, usageMax }]),
  );
}

const WRITE = {
  name: 'quotas.write_ledger',
  // One statement, so that a batch costs one round trip however much it changes. The provisions of
  // a commission come as array texts, because unnest would flatten an array of arrays.
  text: `
    with drawn as (
      select ord, nextval('commission_serials') as serial from generate_series(1, $1::int) as ord
    ), changed as (
      update holdings h set usage_min = c.usage_min, usage_max = c.usage_max
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as c (id, usage_min, usage_max)
       where h.id = c.id
    ), issued as (
      insert into commissions (serial, component_id, name, issued_at, holding_ids, quantities)
      select d.serial, n.component_id, n.name, $5::timestamptz,
             n.holding_ids::bigint[], n.quantities::bigint[]
        from unnest($6::int[], $7::bigint[], $8::text[], $9::text[], $10::text[])
             as n (ord, component_id, name, holding_ids, quantities)
        join drawn d on d.ord = n.ord
    ), settled as (
      delete from commissions where serial = any($11::bigint[])
    ), logged as (
      insert into provision_log (serial, component_id, name, issued_at, logged_at, holding_id,
                                 "limit", usage_min, usage_max, delta_quantity, reason)
      select coalesce(l.serial, d.serial), l.component_id, l.name, l.issued_at, $5::timestamptz,
             l.holding_id, l."limit", l.usage_min, l.usage_max, l.quantity, l.reason
        from unnest($12::bigint[], $13::int[], $14::bigint[], $15::text[], $16::timestamptz[],
                    $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],
                    $22::text[]) with ordinality
             as l (serial, ord, component_id, name, issued_at, holding_id, "limit", usage_min,
                   usage_max, quantity, reason, position)
        left join drawn d on d.ord = l.ord
       order by l.position
    )
    select array(select serial from drawn order by ord) as serials,
           pg_current_xact_id()::text as "transactionId"`,
};

/**
 * Writes a batch and returns the serials of its new commissions, in their order. Every holding in
 * it must have been locked by this transaction.
 */
export async function writeLedger(tx: Tx, write: LedgerWrite): Promise<readonly bigint[]> {
  const rows = await tx.query<{ serials: bigint[]; transactionId: string }>(WRITE, [
    write.commissions.length,
    ...holdingColumns(write.holdings),
    write.at,
    ...commissionColumns(write.commissions),
    arrayLiteral(write.settledSerials),
    ...logColumns(write.log),
  ]);
  const row = rows[0];
  if (row === undefined) throw new Error('The ledger statement returned nothing');
  tx.identify(row.transactionId);
  return row.serials;
}

function holdingColumns(holdings: LedgerWrite['holdings']): readonly string[] {
  const ids = [...holdings.keys()];
  const values = [...holdings.values()];
  return [
    arrayLiteral(ids),
    arrayLiteral(values.map(({ usageMin }) => usageMin)),
    arrayLiteral(values.map(({ usageMax }) => usageMax)),
  ];
}

function commissionColumns(commissions: LedgerWrite['commissions']): readonly unknown[] {
  const pending = commissions
    .map((commission, index) => ({ ...commission, ord: index + 1 }))
    .filter(({ isSettled }) => !isSettled);
  return [
    arrayLiteral(pending.map(({ ord }) => ord)),
    arrayLiteral(pending.map(({ componentId }) => componentId)),
    pending.map(({ name }) => name),
    pending.map(({ holdingIds }) => arrayLiteral(holdingIds)),
    pending.map(({ quantities }) => arrayLiteral(quantities)),
  ];
}

function logColumns(log: LedgerWrite['log']): readonly unknown[] {
  return [
    log.map(({ serial }) => serial),
    log.map(({ newIndex }) => (newIndex === null ? null : newIndex + 1)),
    arrayLiteral(log.map(({ componentId }) => componentId)),
    log.map(({ name }) => name),
    log.map(({ issuedAt }) => issuedAt),
    arrayLiteral(log.map(({ holdingId }) => holdingId)),
    arrayLiteral(log.map(({ holding }) => holding.limit)),
    arrayLiteral(log.map(({ holding }) => holding.usageMin)),
    arrayLiteral(log.map(({ holding }) => holding.usageMax)),
    arrayLiteral(log.map(({ quantity }) => quantity)),
    log.map(({ reason }) => reason),
  ];
}
