import { breaksUnique, RepeatTransaction } from '../../db/errors.js';
import { arrayLiteral, literalsLiteral } from '../../db/int8.js';
import { joinParts, type Part } from '../../db/joined-parts.js';
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

/** A commission to be written. */
export type NewCommission = StoredCommission & {
  /** Settled at once: only the log and the counters keep it. */
  readonly isSettled: boolean;
  readonly expiresAt: Date | null;
  /** By which a repeat of the call is known; null when it cannot be repeated safely. */
  readonly request: { readonly id: string; readonly fingerprint: Buffer } | null;
};

/** A commission that is settled, and its holdings right after each of its provisions. */
export interface NewSettlement {
  readonly commission: StoredCommission;
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
  // One statement, because a lone commission pays for each. By id, the one order in which everybody
  // locks holdings.
  text: `
    select null::bigint as id, null::bigint as "limit", null::bigint as "usageMin",
           null::bigint as "usageMax", pg_current_xact_id()::text as "transactionId",
           array(select nextval('commission_serials') from generate_series(1, $1::int)) as serials
    union all
    select id, "limit", usage_min, usage_max, null, null
      from (select id, "limit", usage_min, usage_max
              from holdings
             where id = any($2::bigint[])
             order by id
               for update) as locked`,
};

/** What a batch works on. */
export interface OpenLedger {
  /** Ascending; those that are not used leave gaps. */
  readonly serials: readonly bigint[];
  readonly holdings: Map<bigint, Holding>;
}

type LockedRow =
  | { readonly id: null; readonly transactionId: string; readonly serials: readonly bigint[] }
  | (Holding & { readonly id: bigint });

/**
 * Locks and returns the holdings by id, with serials for so many new commissions, and makes the
 * outcome of the transaction known even if the connection breaks.
 */
export async function lockHoldings(
  tx: Tx,
  ids: Iterable<bigint>,
  serialCount: number,
): Promise<OpenLedger> {
  const rows = await tx.query<LockedRow>(LOCK_HOLDINGS, [serialCount, arrayLiteral([...ids])]);
  const holdings = new Map<bigint, Holding>();
  let serials: readonly bigint[] = [];
  for (const row of rows) {
    if (row.id === null) {
      tx.identify(row.transactionId);
      serials = row.serials;
    } else {
      const { id, limit, usageMin, usageMax } = row;
      holdings.set(id, { limit, usageMin, usageMax });
    }
  }
  return { serials, holdings };
}

const CHANGED: Part = {
  name: 'changed',
  text: `
    update holdings h set usage_min = c.usage_min, usage_max = c.usage_max
      from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as c (id, usage_min, usage_max)
     where h.id = c.id`,
};

// Arrays inside of arrays come as texts, because unnest would flatten them.
const ISSUED: Part = {
  name: 'issued',
  text: `
    insert into commissions (serial, component_id, name, issued_at, holding_ids, quantities, expires_at)
    select n.serial, n.component_id, n.name, $1::timestamptz, n.holding_ids::bigint[],
           n.quantities::bigint[], n.expires_at
      from unnest($2::timestamptz[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
           as n (expires_at, serial, component_id, name, holding_ids, quantities)`,
};

// In the order of the key: of two batches with the same ids one waits for the other, never in a
// circle.
const REQUESTED: Part = {
  name: 'requested',
  text: `
    insert into commission_requests (serial, component_id, request_id, fingerprint, created_at)
    select r.*, $1::timestamptz
      from unnest($2::bigint[], $3::bigint[], $4::text[], $5::bytea[])
           as r (serial, component_id, request_id, fingerprint)
     order by r.component_id, r.request_id`,
};

const GONE: Part = {
  name: 'gone',
  text: 'delete from commissions where serial = any($1::bigint[])',
};

const SETTLED: Part = {
  name: 'settled',
  text: `
    insert into settled_commissions (serial, component_id, name, issued_at, settled_at, reason,
                                     holding_ids, quantities, limits, usage_mins, usage_maxs)
    select s.serial, s.component_id, s.name, s.issued_at, $1::timestamptz, s.reason,
           s.holding_ids::bigint[], s.quantities::bigint[], s.limits::bigint[],
           s.usage_mins::bigint[], s.usage_maxs::bigint[]
      from unnest($2::timestamptz[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                  $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
           with ordinality as s (issued_at, serial, component_id, name, holding_ids, quantities,
                                 reason, limits, usage_mins, usage_maxs, position)
     order by s.position`,
};

/**
 * Writes a batch as the last statement of its transaction. Every holding and every pending
 * commission in it must have been locked by this transaction.
 *
 * Has the transaction repeated when another one was faster with a request id of this batch; it
 * will find that one's serial then.
 */
export function writeLedger(tx: Tx, write: LedgerWrite): void {
  const { statement, values } = statementOf(write);
  tx.last(statement, values, (error) =>
    breaksUnique(error, 'commission_requests_pkey')
      ? new RepeatTransaction('a request id was taken meanwhile', { cause: error })
      : error,
  );
}

/** Writes a batch without request ids at once, in a transaction that goes on; see writeLedger. */
export async function writeLedgerNow(tx: Tx, write: LedgerWrite): Promise<void> {
  const { statement, values } = statementOf(write);
  await tx.query(statement, values);
}

function statementOf(write: LedgerWrite) {
  const { holdings, commissions, settlements, at } = write;
  const pending = commissions.filter(({ isSettled }) => !isSettled);
  const requested = commissions.filter(({ request }) => request !== null);
  const settled = settlements.map(({ commission }) => commission);
  return joinParts('quotas.write', [
    [CHANGED, holdingColumns(holdings), holdings.size],
    [
      ISSUED,
      [at, pending.map(({ expiresAt }) => expiresAt), ...commissionColumns(pending)],
      pending.length,
    ],
    [REQUESTED, [at, ...requestColumns(requested)], requested.length],
    [GONE, [arrayLiteral(settled.map(({ serial }) => serial))], settled.length],
    [
      SETTLED,
      [
        at,
        settled.map(({ issuedAt }) => issuedAt),
        ...commissionColumns(settled),
        ...settlementColumns(settlements),
      ],
      settled.length,
    ],
  ]);
}

function holdingColumns(holdings: LedgerWrite['holdings']): readonly string[] {
  const values = [...holdings.values()];
  return [
    arrayLiteral([...holdings.keys()]),
    arrayLiteral(values.map(({ usageMin }) => usageMin)),
    arrayLiteral(values.map(({ usageMax }) => usageMax)),
  ];
}

function commissionColumns(commissions: readonly StoredCommission[]): readonly unknown[] {
  return [
    arrayLiteral(commissions.map(({ serial }) => serial)),
    arrayLiteral(commissions.map(({ componentId }) => componentId)),
    commissions.map(({ name }) => name),
    literalsLiteral(commissions.map(({ holdingIds }) => arrayLiteral(holdingIds))),
    literalsLiteral(commissions.map(({ quantities }) => arrayLiteral(quantities))),
  ];
}

function requestColumns(commissions: readonly NewCommission[]): readonly unknown[] {
  return [
    arrayLiteral(commissions.map(({ serial }) => serial)),
    arrayLiteral(commissions.map(({ componentId }) => componentId)),
    commissions.map(({ request }) => request?.id),
    commissions.map(({ request }) => request?.fingerprint),
  ];
}

function settlementColumns(settlements: LedgerWrite['settlements']): readonly unknown[] {
  return [
    settlements.map(({ reason }) => reason),
    ...[
      (holding: Holding) => holding.limit,
      (holding: Holding) => holding.usageMin,
      (holding: Holding) => holding.usageMax,
    ].map((column) =>
      literalsLiteral(settlements.map(({ holdings }) => arrayLiteral(holdings.map(column)))),
    ),
  ];
}
