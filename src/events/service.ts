import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import { invalid } from '../kernel/failure.js';
import { type Parsed, unwrap } from '../kernel/parsed.js';
import {
  type EventLine,
  isBefore,
  type NewEvent,
  type Position,
  type RecordedEvent,
} from './domain/event.js';
import {
  type EventFilter,
  eventsBetween,
  insertEvents,
  type PlacedEvent,
  readHorizon,
} from './storage/outbox.js';

/**
 * Room that the events of one page may take, in bytes of their JSON; what protobuf makes of it stays
 * below the 4 MiB that clients take by default.
 */
const MOST_BYTES = 3_000_000;

/** Which events to list. */
export interface ListEventsCommand extends EventFilter {
  readonly size: number;
  readonly after: Position;
}

/** Events in order, and where to go on. */
export interface EventPage {
  readonly events: readonly RecordedEvent[];
  readonly next: Position;
  /** Whether there is more to be read already. */
  readonly hasMore: boolean;
}

/** What the outbox works with. */
export interface OutboxDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Told of every event once it is committed. */
  readonly onEvent?: (event: EventLine) => void;
}

/** Records events as part of the caller's transaction; see {@link EventRecorder}. */
export async function recordEvents(
  tx: Tx,
  { clock, onEvent }: OutboxDeps,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const ids = await insertEvents(tx, events, clock.now());
  if (onEvent === undefined) return;
  tx.afterCommit(() => {
    events.forEach(({ type, subject, recipients }, index) => {
      onEvent({ id: ids[index] ?? 0n, type, subject, recipients });
    });
  });
}

/**
 * Lists events behind a position. Reads without a transaction: what is before the horizon changes no
 * more.
 *
 * Fails with INVALID_REQUEST for a position that this database server has not reached.
 */
export async function listEvents(
  database: Database,
  parsed: Parsed<ListEventsCommand>,
): Promise<EventPage> {
  const { size, after, ...filter } = unwrap(parsed);
  return database.read(async (tx) => {
    const { last, nextXact } = await readHorizon(tx);
    if (after.xact >= nextXact) throw invalid('resume_token comes from another database');
    if (last === null || !isBefore(after, last)) return { events: [], next: after, hasMore: false };
    const found = await eventsBetween(tx, after, last, filter, size);
    const events = found.slice(0, countWithin(found, MOST_BYTES));
    const isWhole = events.length === found.length && found.length < size;
    // Behind the last event, not the horizon: after a crash ids that left no trace are given out again.
    const next = isWhole ? last : (events.at(-1) ?? last);
    return { events, next, hasMore: isBefore(next, last) };
  });
}

/** Returns how many of the first events fit; one always does. */
function countWithin(events: readonly PlacedEvent[], mostBytes: number): number {
  let bytes = 0;
  const tooMany = events.findIndex(({ type, subject, recipients, facts }) => {
    bytes += Buffer.byteLength(JSON.stringify([type, subject, recipients, facts]));
    return bytes > mostBytes;
  });
  return tooMany < 0 ? events.length : Math.max(1, tooMany);
}
