import type { Tx } from '../../db/tx.js';
import type { NewEvent, Position, RecordedEvent } from '../domain/event.js';

/** Which events to return. */
export interface EventFilter {
  /** What the type begins with; empty selects every type. */
  readonly typePrefix: string;
  /** Empty selects every subject. */
  readonly subject: string;
}

/** An event with its place in the order. */
export type PlacedEvent = RecordedEvent & Position;

/** How far events can be read now. */
export interface Horizon {
  /** Place of the last event that can be read; null when there is none. */
  readonly last: Position | null;
  /** The first id that no transaction of this database server has had yet. */
  readonly nextXact: bigint;
}

/** Stores events and returns their ids, in order. */
export async function insertEvents(
  tx: Tx,
  events: readonly NewEvent[],
  at: Date,
): Promise<bigint[]> {
  const rows = await tx.query<{ id: bigint }>(
    {
      name: 'events-insert',
      text: `insert into events (at, type, subject, recipients, facts)
             select $2::timestamptz, e.type, e.subject, e.recipients, e.facts
               from rows from (jsonb_to_recordset($1::jsonb)
                      as (type text, subject text, recipients text[], facts jsonb))
                    with ordinality as e (type, subject, recipients, facts, place)
              order by e.place
             returning id`,
    },
    [JSON.stringify(events), at],
  );
  return rows.map(({ id }) => id);
}

/**
 * Returns how far events can be read.
 *
 * Ids are drawn before the commit, so a higher one may be seen while a lower one is not yet there. What
 * transactions older than the oldest running one have recorded is complete, in whatever order they were
 * committed.
 */
export async function readHorizon(tx: Tx): Promise<Horizon> {
  const [row] = await tx.query<{ next: string; xact: string | null; id: bigint | null }>({
    name: 'events-horizon',
    text: `select pg_snapshot_xmax(s.now)::text as next, e.xact::text as xact, e.id
             from (select pg_current_snapshot() as now) as s
             left join lateral (select xact, id from events
                                 where xact < pg_snapshot_xmin(s.now)
                                 order by xact desc, id desc limit 1) as e on true`,
  });
  if (row === undefined) throw new Error('There is always a snapshot');
  const { next, xact, id } = row;
  const last = xact === null || id === null ? null : { xact: BigInt(xact), id };
  return { last, nextXact: BigInt(next) };
}

/** Returns the first events behind `after`, not beyond `until`, in order. */
export async function eventsBetween(
  tx: Tx,
  after: Position,
  until: Position,
  { typePrefix, subject }: EventFilter,
  limit: number,
): Promise<PlacedEvent[]> {
  const values: unknown[] = [String(after.xact), after.id, String(until.xact), until.id, limit];
  let conditions = '';
  // One text per set of filters: what is not asked for must not cost an index.
  if (typePrefix !== '') {
    // Types have no character behind the tilde.
    conditions += ` and type >= $${values.push(typePrefix)}`;
    conditions += ` and type < $${values.push(`${typePrefix}~`)}`;
  }
  if (subject !== '') conditions += ` and subject = $${values.push(subject)}`;
  const rows = await tx.query<Omit<PlacedEvent, 'xact'> & { readonly place: string }>(
    {
      // The text of an id has another name than the id: it must not be what is ordered by.
      text: `select xact::text as place, id, at, type, subject, recipients, facts
               from events
              where (xact, id) > ($1::text::xid8, $2::bigint)
                and (xact, id) <= ($3::text::xid8, $4::bigint)${conditions}
              order by xact, id limit $5`,
    },
    values,
  );
  return rows.map(({ place, ...row }) => ({ ...row, xact: BigInt(place) }));
}

/** Deletes events from before the moment, at most `limit`, and returns how many they were. */
export async function deleteEventsBefore(tx: Tx, before: Date, limit: number): Promise<number> {
  const [row] = await tx.query<{ count: bigint }>(
    {
      name: 'events-delete',
      text: `with deleted as (
               delete from events where ctid = any(array(
                 select ctid from events where at < $1 order by at limit $2)) returning 1
             )
             select count(*) from deleted`,
    },
    [before, limit],
  );
  return Number(row?.count ?? 0n);
}

/**
 * Moves events of transactions that this database server has not begun yet to the front, at most
 * `limit`, and returns how many they were. They came with a dump from a server that had counted further;
 * nobody could read them until this one has counted as far.
 */
export async function adoptRestoredEvents(tx: Tx, limit: number): Promise<number> {
  const [row] = await tx.query<{ count: bigint }>(
    {
      name: 'events-adopt',
      text: `with adopted as (
               update events set xact = '0' where ctid = any(array(
                 select ctid from events
                  where xact >= pg_snapshot_xmax(pg_current_snapshot()) order by xact limit $1))
               returning 1
             )
             select count(*) from adopted`,
    },
    [limit],
  );
  return Number(row?.count ?? 0n);
}
