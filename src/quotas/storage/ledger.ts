import { breaksUnique, RepeatTransaction } from '../../db/errors.js';
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
  readonly expiresAt: Date | null;
  /** By which a repeat of the call is known; null when it cannot be repeated safely. */
  readonly request: { readonly id: string; readonly fingerprint: Buffer } | null;
};

/** A commission that is settled, and its holdings right after each of its provisions. */
export interface NewSettlement {
  /** Serial of a pending commission, or position of a new one among the new ones, from 0. */
  readonly of: { readonly serial: bigint } | { readonly newIndex: number };
  readonly holdings: readonly Holding[];
  readonly reason: string;
}

/** Everything one batch changes. */
export interface LedgerWrite {
  readonly holdings: ReadonlyMap<bigint, Holding>;
  readonly commissions: readonly NewCommission[];
  readonly settlements: readonly NewSettlement[];
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
  // One statement, so that a batch costs one round trip however much it changes. Arrays inside of
  // arrays come as texts, because unnest would flatten them.
  text: `
    with drawn as (
      select ord, nextval('commission_serials') as serial from generate_series(1, $1::int) as ord
    ), changed as (
      update holdings h set usage_min = c.usage_min, usage_max = c.usage_max
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as c (id, usage_min, usage_max)
       where h.id = c.id
    ), fresh as (
      select d.ord, d.serial, n.component_id, n.name, n.is_settled,
             n.holding_ids::bigint[] as holding_ids, n.quantities::bigint[] as quantities,
             n.expires_at, n.request_id, n.fingerprint
        from unnest($6::bigint[], $7::text[], $8::boolean[], $9::text[], $10::text[],
                    $11::timestamptz[], $12::text[], $13::bytea[]) with ordinality
             as n (component_id, name, is_settled, holding_ids, quantities, expires_at, request_id,
                   fingerprint, ord)
        join drawn d on d.ord = n.ord
    ), issued as (
      insert into commissions (serial, component_id, name, issued_at, expires_at, holding_ids, quantities)
      select serial, component_id, name, $5::timestamptz, expires_at, holding_ids, quantities
        from fresh where not is_settled
    ), requested as (
      -- In the order of the key: of two batches with the same ids one waits for the other, never in
      -- a circle.
      insert into commission_requests (component_id, request_id, fingerprint, serial, created_at)
      select component_id, request_id, fingerprint, serial, $5::timestamptz
        from fresh where request_id is not null order by component_id, request_id
    ), gone as (
      delete from commissions where serial = any($14::bigint[]) returning *
    ), settled as (
      insert into settled_commissions (serial, component_id, name, issued_at, settled_at, reason,
                                       holding_ids, quantities, limits, usage_mins, usage_maxs)
      select coalesce(g.serial, f.serial), coalesce(g.component_id, f.component_id),
             coalesce(g.name, f.name), coalesce(g.issued_at, $5::timestamptz), $5::timestamptz,
             s.reason, coalesce(g.holding_ids, f.holding_ids), coalesce(g.quantities, f.quantities),
             s.limits::bigint[], s.usage_mins::bigint[], s.usage_maxs::bigint[]
        from unnest($14::bigint[], $15::int[], $16::text[], $17::text[], $18::text[], $19::text[])
             with ordinality as s (serial, ord, reason, limits, usage_mins, usage_maxs, position)
        left join gone g on g.serial = s.serial
        left join fresh f on f.ord = s.ord
       order by s.position
    )
    select array(select serial from drawn order by ord) as serials,
           pg_current_xact_id()::text as "transactionId"`,
};

/**
 * Writes a batch and returns the serials of its new commissions, in their order. Every holding and
 * every pending commission in it must have been locked by this transaction.
 *
 * Has the transaction repeated when another one was faster with a request id of this batch; it
 * will find that one's serial then.
 */
export async function writeLedger(tx: Tx, write: LedgerWrite): Promise<readonly bigint[]> {
  try {
    const rows = await tx.query<{ serials: bigint[]; transactionId: string }>(WRITE, [
      write.commissions.length,
      ...holdingColumns(write.holdings),
      write.at,
      ...commissionColumns(write.commissions),
      ...settlementColumns(write.settlements),
    ]);
    const row = rows[0];
    if (row === undefined) throw new Error('The ledger statement returned nothing');
    tx.identify(row.transactionId);
    return row.serials;
  } catch (cause) {
    if (!breaksUnique(cause, 'commission_requests_pkey')) throw cause;
    throw new RepeatTransaction('a request id was taken meanwhile', { cause });
  }
}

function holdingColumns(holdings: LedgerWrite['holdings']): readonly string[] {
  const values = [...holdings.values()];
  return [
    arrayLiteral([...holdings.keys()]),
    arrayLiteral(values.map(({ usageMin }) => usageMin)),
    arrayLiteral(values.map(({ usageMax }) => usageMax)),
  ];
}

function commissionColumns(commissions: LedgerWrite['commissions']): readonly unknown[] {
  return [
    arrayLiteral(commissions.map(({ componentId }) => componentId)),
    commissions.map(({ name }) => name),
    commissions.map(({ isSettled }) => isSettled),
    commissions.map(({ holdingIds }) => arrayLiteral(holdingIds)),
    commissions.map(({ quantities }) => arrayLiteral(quantities)),
    commissions.map(({ expiresAt }) => expiresAt),
    commissions.map(({ request }) => request?.id ?? null),
    commissions.map(({ request }) => request?.fingerprint ?? null),
  ];
}

function settlementColumns(settlements: LedgerWrite['settlements']): readonly unknown[] {
  return [
    settlements.map(({ of }) => ('serial' in of ? of.serial : null)),
    settlements.map(({ of }) => ('newIndex' in of ? of.newIndex + 1 : null)),
    settlements.map(({ reason }) => reason),
    settlements.map(({ holdings }) => arrayLiteral(holdings.map(({ limit }) => limit))),
    settlements.map(({ holdings }) => arrayLiteral(holdings.map(({ usageMin }) => usageMin))),
    settlements.map(({ holdings }) => arrayLiteral(holdings.map(({ usageMax }) => usageMax))),
  ];
}
