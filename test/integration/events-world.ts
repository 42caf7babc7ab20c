/** A stack with an outbox of its own, for tests of events. */
import type { Tx } from '../../src/db/tx.js';
import type { NewEvent } from '../../src/events/index.js';
import type {
  ListEventsRequest,
  ListEventsResponse,
} from '../../src/gen/apportion/events/v1/events_service.js';
import { eventually } from '../support/eventually.js';
import { connectGrpc, type GrpcClient } from '../support/grpc-client.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

/** The caller that may read events. */
export const NIMBUS = { token: 'nimbus-token' };

/** Days after which events are forgotten. */
export const KEPT_DAYS = 30;

/** A server, and how to record and list events. */
export interface EventsWorld {
  readonly stack: Stack;
  readonly client: GrpcClient;
  /** Stops the clock at a moment; undefined lets it go on. */
  setTime(now: Date | undefined): void;
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Records events in one transaction, and waits until they can be read. */
  record(...events: readonly NewEvent[]): Promise<void>;
  /**
   * Waits until every event can be read: background work of the server has transactions, too, which
   * hold readers up for a moment.
   */
  settle(): Promise<void>;
  list(request?: Partial<ListEventsRequest>): Promise<ListEventsResponse>;
  /** Lists page by page, and returns the subjects. */
  listAll(request: Partial<ListEventsRequest>): Promise<readonly string[]>;
  /** Forgets every event. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server; `close` it in `after`. */
export async function startEventsWorld(): Promise<EventsWorld> {
  let stopped: Date | undefined;
  const stack = await startWorld({
    envoy: false,
    clock: { now: () => stopped ?? new Date() },
    settings: { EVENT_DAYS: String(KEPT_DAYS) },
  });
  const { database, events: outbox } = stack.operations;
  const client = connectGrpc(stack.addresses[0] ?? '');
  const list = (request: Partial<ListEventsRequest> = {}) =>
    client.events.listEvents(request, NIMBUS);
  const settle = () =>
    eventually(async () => {
      const [row] = await stack.database.query<{ isReadable: boolean }>(
        `select coalesce(max(xact::text::numeric), 0)
                  < pg_snapshot_xmin(pg_current_snapshot())::text::numeric as "isReadable"
           from events`,
      );
      if (row?.isReadable !== true) throw new Error('A transaction holds readers up');
    });
  return {
    stack,
    client,
    setTime: (now) => {
      stopped = now;
    },
    transact: (work) => database.transact(work),
    async record(...events) {
      await database.transact((tx) => outbox.record(tx, events));
      await settle();
    },
    settle,
    list,
    async listAll(request) {
      const found: string[] = [];
      let { resumeToken = '' } = request;
      for (;;) {
        const page = await list({ ...request, resumeToken });
        found.push(...subjectsOf(page));
        ({ resumeToken } = page);
        if (!page.more) return found;
      }
    },
    async reset() {
      stopped = undefined;
      await stack.database.query('delete from events');
    },
    async close() {
      client.close();
      await stack.stop();
    },
  };
}

/** Returns an event about something. */
export function event(subject: string, type = 'test.thing.done'): NewEvent {
  return { type, subject, recipients: [], facts: {} };
}

/** Returns what the events of a page are about, in order. */
export function subjectsOf({ events }: Pick<ListEventsResponse, 'events'>): readonly string[] {
  return events.map(({ subject }) => subject);
}
