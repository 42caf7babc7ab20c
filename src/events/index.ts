import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import type { ComponentPrincipal } from '../kernel/principal.js';
import type { Sweep } from '../kernel/sweep.js';
import type { BoundService, Caller } from '../rpc/route.js';
import type { EventLine, NewEvent } from './domain/event.js';
import { createRoutes } from './routes.js';
import { recordEvents } from './service.js';
import { createSweeps } from './sweeps.js';

export type { EventLine, NewEvent } from './domain/event.js';

/** Where slices say what happened; handed to them by `app.ts`. */
export interface EventRecorder {
  /**
   * Records events as part of the caller's transaction: they exist exactly if it is committed. One
   * statement, however many there are; none when there are none.
   */
  record(tx: Tx, events: readonly NewEvent[]): Promise<void>;
}

/** The outbox as the rest of the house sees it. */
export interface Events extends EventRecorder {
  readonly services: readonly BoundService[];
  /** What has to be done again and again, by one process at a time. */
  readonly sweeps: readonly Sweep[];
}

/** What the outbox needs. */
export interface EventsDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Who may read events. */
  readonly component: Caller<ComponentPrincipal>;
  /** How long events are kept, in milliseconds. */
  readonly keepMs: number;
  /** Told of every event once it is committed, by the process that recorded it; for the log. */
  readonly onEvent?: (event: EventLine) => void;
}

/** Returns the outbox. */
export function createEvents(deps: EventsDeps): Events {
  const { database, clock, keepMs } = deps;
  return {
    services: createRoutes(deps.component, database),
    sweeps: createSweeps({ database, clock, keepMs }),
    record: (tx, events) => recordEvents(tx, deps, events),
  };
}
