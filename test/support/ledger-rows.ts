/** What the tables of the ledger hold, read whole; for audits of ledgers that a test has filled. */
import type { TestDatabase } from './database.js';

/** A database whose tables can be read; where it runs does not matter. */
export type Queryable = Pick<TestDatabase, 'query'>;

/** A commission as it is stored, pending or settled. */
export interface AuditedCommission {
  readonly serial: bigint;
  readonly component: string;
  readonly name: string;
  readonly provisions: readonly AuditedProvision[];
  /** Null while it is pending. */
  readonly reason: string | null;
}

/** One change of one holding; `key` is holder, source and resource, with a space between. */
export interface AuditedProvision {
  readonly key: string;
  readonly quantity: bigint;
}

/** A holding as it is stored. */
export interface Holding {
  readonly id: string;
  readonly key: string;
  readonly limit: bigint;
  readonly interval: Interval;
}

/** The counters of a holding. */
export interface Interval {
  readonly min: bigint;
  readonly max: bigint;
}

/** A commission with what the log says of it. */
export interface Commission extends AuditedCommission {
  readonly position: bigint | undefined;
  /** Its provisions, by the id of their holding. */
  readonly parts: ReadonlyMap<string, Part>;
}

/** A provision with the id of its holding and, once settled, what the log says of it. */
export interface Part {
  readonly holding: string;
  readonly quantity: bigint;
  readonly limit?: bigint;
  readonly logged?: Interval;
}

/** The rows of several queries, by their names. */
export type Snapshot = Readonly<Record<string, readonly unknown[]>>;

/** Reads several queries as one statement, and so at one moment, whatever else goes on. */
export async function readAtOnce(
  database: Queryable,
  queries: Readonly<Record<string, string>>,
): Promise<Snapshot> {
  const columns = Object.entries(queries).map(
    ([name, text]) => `(select coalesce(json_agg(rows), '[]') from (${text}) as rows) as ${name}`,
  );
  const [snapshot] = await database.query<Record<string, unknown[]>>(
    `select ${columns.join(', ')}`,
  );
  return snapshot!;
}

/** What the tables of the ledger are read with. */
export const LEDGER_QUERIES = {
  holdings: `
    select id::text, concat_ws(' ', holder, source, resource) as key, "limit"::text as most,
           usage_min::text as min, usage_max::text as max from holdings`,
  commissions: `
    select s.serial::text, p.name as component, s.name, reason, position::text,
           holding_ids::text[] as ids, quantities::text[], limits::text[],
           usage_mins::text[] as mins, usage_maxs::text[] as maxs
      from settled_commissions s join components p on p.id = s.component_id
    union all
    select c.serial::text, p.name, c.name, null, null, holding_ids::text[], quantities::text[],
           null, null, null
      from commissions c join components p on p.id = c.component_id`,
  requests: 'select request_id as id, serial::text from commission_requests',
};

/** Returns every holding by its id. */
export function holdingsIn({ holdings = [] }: Snapshot): Map<string, Holding> {
  const rows = holdings as readonly Record<string, string>[];
  return new Map(
    rows.map(({ id = '', key = '', most = '', min = '', max = '' }) => [
      id,
      { id, key, limit: BigInt(most), interval: { min: BigInt(min), max: BigInt(max) } },
    ]),
  );
}

interface CommissionRow {
  readonly serial: string;
  readonly component: string;
  readonly name: string;
  readonly reason: string | null;
  readonly position: string | null;
  readonly ids: string[];
  readonly quantities: string[];
  readonly limits: string[] | null;
  readonly mins: string[] | null;
  readonly maxs: string[] | null;
}

/** Returns every commission by its serial, pending or settled. */
export function commissionsIn(
  { commissions: rows = [] }: Snapshot,
  holdings: ReadonlyMap<string, Holding>,
): Map<bigint, Commission> {
  const found = new Map<bigint, Commission>();
  for (const {
    serial: text,
    component,
    name,
    reason,
    position,
    ids,
    ...row
  } of rows as readonly CommissionRow[]) {
    const serial = BigInt(text);
    if (found.has(serial)) throw new Error(`Serial ${serial} is both pending and settled`);
    const parts = new Map(
      ids.map((holding, index) => [
        holding,
        {
          holding,
          quantity: BigInt(row.quantities[index]!),
          ...(row.limits && {
            limit: BigInt(row.limits[index]!),
            logged: { min: BigInt(row.mins![index]!), max: BigInt(row.maxs![index]!) },
          }),
        },
      ]),
    );
    const provisions = [...parts.values()].map(({ holding, quantity }) => ({
      key: holdings.get(holding)?.key ?? `no holding ${holding}`,
      quantity,
    }));
    if (parts.size < ids.length) throw new Error(`Serial ${serial} names a holding twice`);
    found.set(serial, {
      ...{ serial, component, name, reason, provisions, parts },
      position: position === null ? undefined : BigInt(position),
    });
  }
  return found;
}

/** Returns an interval as text. */
export function show({ min, max }: Interval): string {
  return `${min}..${max}`;
}
