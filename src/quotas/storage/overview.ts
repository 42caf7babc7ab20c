import { arrayLiteral } from '../../db/int8.js';
import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { CommissionSummary, Provision } from '../domain/commission.js';
import type { Holding } from '../domain/holding.js';

/** How many rows are in memory at a time. */
const PIECE = 2_000;

/** A holding with its name. */
export type NamedHolding = Holding & Omit<Provision, 'quantity'>;

/** Which holdings to list; what is undefined lets everything pass. */
export interface HoldingFilter {
  /** Only those of this holder. */
  readonly holder: string | undefined;
  /** Only this one's, as a holder, and those charged against it. */
  readonly pool: string | undefined;
  readonly resource: string | undefined;
  /** Only those whose pessimistic usage is beyond their limit. */
  readonly isOverLimit: boolean;
  /** At most this many. */
  readonly limit: number | undefined;
}

/** Yields holdings by holder, source and resource. */
export function listHoldings(
  tx: Tx,
  { holder, pool, resource, isOverLimit, limit }: HoldingFilter,
): AsyncIterable<readonly NamedHolding[]> {
  const values: unknown[] = [];
  const place = (value: unknown) => `$${values.push(value)}`;
  const conditions = ['true'];
  if (holder !== undefined) conditions.push(`h.holder = ${place(holder)}`);
  if (pool !== undefined) {
    const named = place(pool);
    conditions.push(`(h.holder = ${named} or h.source = ${named})`);
  }
  if (resource !== undefined) conditions.push(`h.resource = ${place(resource)}`);
  if (isOverLimit) conditions.push('h.usage_max > h."limit"');
  const text = `
    select h.holder, h.source, h.resource, h."limit", h.usage_min as "usageMin",
           h.usage_max as "usageMax"
      from holdings h
     where ${conditions.join(' and ')}
     order by h.holder, h.source, h.resource
     limit ${place(limit)}`;
  return tx.pieces<NamedHolding>({ text }, values, PIECE);
}

/** A pending commission of whatever component. */
export interface PendingCommission extends CommissionSummary {
  readonly componentId: bigint;
  readonly provisionCount: number;
}

/** Returns the ids of the components that have pending commissions. */
export async function issuersOfPending(tx: Tx): Promise<readonly bigint[]> {
  const rows = await tx.query<{ id: bigint }>({
    text: 'select distinct component_id as id from commissions',
  });
  return rows.map(({ id }) => id);
}

/**
 * Yields pending commissions by serial.
 *
 * @param filter - `issuedUntil` undefined means whenever they were issued.
 */
export function listPending(
  tx: Tx,
  filter: { readonly componentIds: readonly bigint[]; readonly issuedUntil: Date | undefined },
): AsyncIterable<readonly PendingCommission[]> {
  const text = `
    select c.serial, c.component_id as "componentId", c.name, c.issued_at as "issuedAt",
           c.expires_at as "expiresAt", cardinality(c.holding_ids) as "provisionCount"
      from commissions c
     where c.component_id = any($1::bigint[])
       and c.issued_at <= coalesce($2::timestamptz, 'infinity')
     order by c.serial`;
  return tx.pieces<PendingCommission>(
    { text },
    [arrayLiteral(filter.componentIds), filter.issuedUntil],
    PIECE,
  );
}

/** A commission, pending or settled. */
export interface AnyCommission extends CommissionSummary {
  readonly componentId: bigint;
  /** Null while it is pending; `reason` as it stands in the log. */
  readonly settled: { readonly at: Date; readonly reason: string } | null;
  readonly provisions: readonly AnyProvision[];
}

/** A provision, with the counters of its holding right after it was settled. */
export type AnyProvision = Provision & { readonly after: Holding | null };

interface CommissionRow extends CommissionSummary {
  readonly componentId: bigint;
  readonly settledAt: Date | null;
  readonly reason: string;
  readonly holder: string | null;
  readonly source: string | null;
  readonly resource: string;
  readonly quantity: Quantity;
  readonly limit: Quantity;
  readonly usageMin: Quantity;
  readonly usageMax: Quantity;
}

const FIND_PENDING = `
  select c.serial, c.component_id as "componentId", c.name, c.issued_at as "issuedAt",
         c.expires_at as "expiresAt", null as "settledAt", h.holder, h.source, h.resource, p.quantity
    from commissions c
    left join unnest(c.holding_ids, c.quantities) with ordinality
           as p (holding_id, quantity, ord) on true
    left join holdings h on h.id = p.holding_id
   where c.serial = $1
   order by p.ord`;

const FIND_SETTLED = `
  select c.serial, c.component_id as "componentId", c.name, c.issued_at as "issuedAt",
         null as "expiresAt", c.settled_at as "settledAt", c.reason, h.holder, h.source, h.resource,
         p.quantity, p."limit", p.usage_min as "usageMin", p.usage_max as "usageMax"
    from settled_commissions c
    left join unnest(c.holding_ids, c.quantities, c.limits, c.usage_mins, c.usage_maxs) with ordinality
           as p (holding_id, quantity, "limit", usage_min, usage_max, ord) on true
    left join holdings h on h.id = p.holding_id
   where c.serial = $1
   order by p.ord`;

/** Returns the commission of a serial, pending or settled, or undefined when there never was one. */
export async function findAnyCommission(
  tx: Tx,
  serial: bigint,
): Promise<AnyCommission | undefined> {
  const pending = await tx.query<CommissionRow>({ text: FIND_PENDING }, [serial]);
  const rows =
    pending.length > 0 ? pending : await tx.query<CommissionRow>({ text: FIND_SETTLED }, [serial]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const { componentId, name, issuedAt, expiresAt, settledAt, reason } = first;
  return {
    ...{ serial, componentId, name, issuedAt, expiresAt },
    settled: settledAt === null ? null : { at: settledAt, reason },
    // A commission without provisions comes as one row of nulls.
    provisions: rows.flatMap(({ holder, source, resource, quantity, ...row }) => {
      if (holder === null) return [];
      const { limit, usageMin, usageMax } = row;
      const after = settledAt === null ? null : { limit, usageMin, usageMax };
      return [{ holder, source, resource, quantity, after }];
    }),
  };
}

/** Whose commission a serial is. */
export interface CommissionOwner {
  readonly serial: bigint;
  readonly componentId: bigint;
  /** As it stands in the log; null while it is pending. */
  readonly reason: string | null;
}

/** Returns whose commissions those of the serials are that ever were any. */
export async function ownersOfCommissions(
  tx: Tx,
  serials: readonly bigint[],
): Promise<readonly CommissionOwner[]> {
  return tx.query<CommissionOwner>(
    {
      text: `
        select serial, component_id as "componentId", null as reason
          from commissions where serial = any($1::bigint[])
         union all
        select serial, component_id, reason
          from settled_commissions where serial = any($1::bigint[])`,
    },
    [arrayLiteral(serials)],
  );
}
