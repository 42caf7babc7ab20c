import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { Commission } from '../domain/commission.js';

const LIST = {
  name: 'quotas.list_commissions',
  text: `
    select serial from commissions
     where component_id = $1 and serial > $2
     order by serial
     limit $3`,
};

/**
 * Returns serials of a component's pending commissions, ascending.
 *
 * @param limit - null returns all of them.
 */
export async function listCommissions(
  tx: Tx,
  componentId: bigint,
  after: bigint,
  limit: number | null,
): Promise<readonly bigint[]> {
  const rows = await tx.query<{ serial: bigint }>(LIST, [componentId, after, limit]);
  return rows.map(({ serial }) => serial);
}

const FIND = {
  name: 'quotas.find_commission',
  text: `
    select c.name, c.issued_at as "issuedAt", h.holder, h.source, h.resource, p.quantity
      from commissions c
      left join unnest(c.holding_ids, c.quantities) with ordinality as p (holding_id, quantity, ord) on true
      left join holdings h on h.id = p.holding_id
     where c.serial = $1 and c.component_id = $2
     order by p.ord`,
};

interface Row {
  readonly name: string;
  readonly issuedAt: Date;
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
    // A commission without provisions comes as one row of nulls.
    provisions: rows.flatMap(({ holder, source, resource, quantity }) =>
      holder === null ? [] : [{ holder, source, resource, quantity }],
    ),
  };
}
