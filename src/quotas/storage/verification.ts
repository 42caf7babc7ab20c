import { arrayLiteral } from '../../db/int8.js';
import type { Tx } from '../../db/tx.js';
import type { Holding } from '../domain/holding.js';

/** How many rows are in memory at a time. */
const PIECE = 5_000;

/** Names one holding. */
export interface HoldingName {
  readonly holder: string;
  readonly source: string | null;
  readonly resource: string;
}

/** A holding as it is stored. */
export interface StoredHolding extends HoldingName, Holding {
  readonly id: bigint;
  /** Another one after every write to the row. */
  readonly version: string;
}

/** What the counters of a holding add up to; beyond 64 bits, too, when what is added is wrong. */
export interface Interval {
  readonly usageMin: bigint;
  readonly usageMax: bigint;
}

/** A holding whose counters are not what they add up to. */
export interface Miscounted extends StoredHolding {
  readonly counted: Interval;
}

interface CountRow extends StoredHolding {
  readonly countedMin: string;
  readonly countedMax: string;
}

const COLUMNS = `h.id, h.holder, h.source, h.resource, h."limit", h.usage_min as "usageMin",
  h.usage_max as "usageMax", h.xmin::text as version`;

const KEYS = 'unnest($1::text[], $2::text[], $3::text[])';

/**
 * What the log and the pending commissions say of counters: accepted quantities move both, pending
 * imports the upper and pending releases the lower one. Sums are numeric, they never overflow.
 *
 * @param only - leaves out what does not concern the holdings of `$1`.
 */
function countText(only: { logged: string; pending: string; holding: string }): string {
  return `
    with provisions as (
      select p.holding_id, p.quantity as low, p.quantity as high
        from settled_commissions s
       cross join unnest(s.holding_ids, s.quantities) as p (holding_id, quantity)
       where s.reason like 'ACCEPT:%' ${only.logged}
       union all
      select p.holding_id, least(p.quantity, 0), greatest(p.quantity, 0)
        from commissions c
       cross join unnest(c.holding_ids, c.quantities) as p (holding_id, quantity)
       where true ${only.pending}
    ), counted as (
      select holding_id, sum(low) as usage_min, sum(high) as usage_max
        from provisions group by holding_id
    )
    select ${COLUMNS}, coalesce(c.usage_min, 0)::text as "countedMin",
           coalesce(c.usage_max, 0)::text as "countedMax"
      from holdings h
      left join counted c on c.holding_id = h.id
     where (h.usage_min <> coalesce(c.usage_min, 0) or h.usage_max <> coalesce(c.usage_max, 0))
       ${only.holding}
     order by h.id`;
}

const COUNT_ALL = countText({ logged: '', pending: '', holding: '' });

const COUNT_SOME = countText({
  logged: 'and s.holding_ids && $1::bigint[]',
  pending: 'and c.holding_ids && $1::bigint[]',
  holding: 'and h.id = any($1::bigint[])',
});

/** Lets the statements of this transaction take as long as they need: they read everything. */
export async function allowLongStatements(tx: Tx): Promise<void> {
  await tx.query({ text: `select set_config('statement_timeout', '0', true)` });
}

/** Yields every holding whose counters are not what log and pending commissions add up to. */
export async function* miscountedHoldings(tx: Tx): AsyncIterable<readonly Miscounted[]> {
  for await (const rows of tx.pieces<CountRow>({ text: COUNT_ALL }, [], PIECE))
    yield rows.map(miscounted);
}

/** Returns which of the holdings have counters that are not what they add up to. */
export async function miscountedAmong(
  tx: Tx,
  ids: readonly bigint[],
): Promise<readonly Miscounted[]> {
  const rows = await tx.query<CountRow>({ text: COUNT_SOME }, [arrayLiteral(ids)]);
  return rows.map(miscounted);
}

/** Yields every holding by id. Reads on by key, so that other statements may run in between. */
export async function* everyHolding(tx: Tx): AsyncIterable<readonly StoredHolding[]> {
  let after = 0n;
  for (;;) {
    const rows = await tx.query<StoredHolding>(
      {
        name: 'quotas.every_holding',
        text: `select ${COLUMNS} from holdings h where h.id > $1 order by h.id limit $2`,
      },
      [after, PIECE],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < PIECE) return;
    after = last.id;
  }
}

const MISSING = {
  name: 'quotas.names_without_holding',
  // Two branches, because an index serves equality and "is null", but not "is not distinct from".
  text: `
    select k.ord
      from ${KEYS} with ordinality as k (holder, source, resource, ord)
     where k.source is not null and not exists (
             select from holdings h
              where h.holder = k.holder and h.source = k.source and h.resource = k.resource)
     union all
    select k.ord
      from ${KEYS} with ordinality as k (holder, source, resource, ord)
     where k.source is null and not exists (
             select from holdings h
              where h.holder = k.holder and h.source is null and h.resource = k.resource)`,
};

/** Returns those of the names that no holding has, in any order. */
export async function withoutHolding<Name extends HoldingName>(
  tx: Tx,
  names: readonly Name[],
): Promise<readonly Name[]> {
  const rows = await tx.query<{ ord: bigint }>(MISSING, columnsOf(names));
  return rows.flatMap(({ ord }) => names[Number(ord) - 1] ?? []);
}

const LOCK = {
  name: 'quotas.lock_named_holdings',
  // By id, the one order in which everybody locks holdings.
  text: `
    select h.id from holdings h
     where h.id = any(array(
             select h2.id from ${KEYS} as k (holder, source, resource)
               join holdings h2 on h2.holder = k.holder and h2.source = k.source
                               and h2.resource = k.resource
              where k.source is not null
              union all
             select h2.id from ${KEYS} as k (holder, source, resource)
               join holdings h2 on h2.holder = k.holder and h2.source is null
                               and h2.resource = k.resource
              where k.source is null))
     order by h.id for update`,
};

/** Locks those of the named holdings that exist, and returns them as they are now. */
export async function lockNamedHoldings(
  tx: Tx,
  names: readonly HoldingName[],
): Promise<readonly StoredHolding[]> {
  const locked = await tx.query<{ id: bigint }>(LOCK, columnsOf(names));
  // A statement of its own: the one that waits for a lock begins before others let go of it.
  return tx.query<StoredHolding>(
    {
      name: 'quotas.read_locked_holdings',
      text: `select ${COLUMNS} from holdings h where h.id = any($1::bigint[]) order by h.id`,
    },
    [arrayLiteral(locked.map(({ id }) => id))],
  );
}

/** Gives locked holdings the counters they add up to. */
export async function writeCounters(
  tx: Tx,
  holdings: readonly { readonly id: bigint; readonly counted: Interval }[],
): Promise<void> {
  await tx.query(
    {
      name: 'quotas.write_counters',
      text: `
        update holdings h set usage_min = c.usage_min, usage_max = c.usage_max
          from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as c (id, usage_min, usage_max)
         where h.id = c.id`,
    },
    [
      arrayLiteral(holdings.map(({ id }) => id)),
      arrayLiteral(holdings.map(({ counted }) => counted.usageMin)),
      arrayLiteral(holdings.map(({ counted }) => counted.usageMax)),
    ],
  );
}

function columnsOf(names: readonly HoldingName[]): readonly unknown[] {
  return [
    names.map(({ holder }) => holder),
    names.map(({ source }) => source),
    names.map(({ resource }) => resource),
  ];
}

function miscounted({ countedMin, countedMax, ...holding }: CountRow): Miscounted {
  const counted = { usageMin: BigInt(countedMin), usageMax: BigInt(countedMax) };
  return { ...holding, counted };
}
