import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { Commission, CommissionSummary } from '../domain/commission.js';

/** How many rows are in memory at a time. */
const PIECE = 2_000;

/** Which pending commissions to list; undefined bounds let everything pass. */
export interface CommissionFilter {
  readonly componentId: bigint;
  /** Lists behind this serial only. */
  readonly after: bigint | undefined;
  /** At most this many; undefined lists all. */
  readonly limit: number | undefined;
  readonly issuedUntil: Date | undefined;
  readonly issuedSince: Date | undefined;
}

/** Yields a component's pending commissions in the order of their serials. */
export function listCommissions(
  tx: Tx,
  filter: CommissionFilter,
): AsyncIterable<readonly CommissionSummary[]> {
  const text = `
    select serial, name, issued_at as "issuedAt", expires_at as "expiresAt"
      from commissions
     where component_id = $1 and serial > $2
       and issued_at <= coalesce($3::timestamptz, 'infinity')
       and issued_at >= coalesce($4::timestamptz, '-infinity')
     order by serial
     limit $5`;
  const { componentId, after, limit, issuedUntil, issuedSince } = filter;
  const values = [componentId, after ?? 0n, issuedUntil, issuedSince, limit];
  return tx.pieces<CommissionSummary>({ text }, values, PIECE);
}

const EXPIRED = {
  name: 'quotas.expired_commissions',
  text: `
    select serial, component_id as "componentId" from commissions
     where expires_at <= $1::timestamptz
     order by expires_at
     limit $2`,
};

/** Returns commissions whose time has run out, the longest overdue first. */
export async function expiredCommissions(
  tx: Tx,
  at: Date,
  most: number,
): Promise<readonly { readonly serial: bigint; readonly componentId: bigint }[]> {
  return tx.query(EXPIRED, [at, most]);
}

const FIND = {
  name: 'quotas.find_commission',
  text: `
    select c.name, c.issued_at as "issuedAt", c.expires_at as "expiresAt", h.holder, h.source, h.resource, p.quantity
      from commissions c
      left join unnest(c.holding_ids, c.quantities) with ordinality as p (holding_id, quantity, ord) on true
      left join holdings h on h.id = p.holding_id
     where c.serial = $1 and c.component_id = $2
     order by p.ord`,
};

interface Row {
  readonly name: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date | null;
  readonly holder: string | null;
  readonly source: string | null;
  readonly resource: string;
  readonly quantity: Quantity;
}

/** Returns a component's pending commission, or undefined when it has none of this serial. */
export async function findCommission(
  tx: Tx,
  componentId: bigint,
  serial: bigint,
): Promise<Commission | undefined> {
  const rows = await tx.query<Row>(FIND, [serial, componentId]);
  const first = rows[0];
  if (first === undefined) return undefined;
  return {
    serial,
    name: first.name,
    issuedAt: first.issuedAt,
    expiresAt: first.expiresAt,
    // A commission without provisions comes as one row of nulls.
    provisions: rows.flatMap(({ holder, source, resource, quantity }) =>
      holder === null ? [] : [{ holder, source, resource, quantity }],
    ),
  };
}
