import type { Database } from '../db/database.js';
import type { Clock } from '../kernel/clock.js';
import type { Sweep } from '../kernel/sweep.js';
import { adoptRestoredEvents, deleteEventsBefore } from './storage/outbox.js';

/** How many events are deleted, or moved, in one transaction. */
const PORTION = 1_000;

/** What the sweeps of the outbox need. */
export interface SweepsDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** How long events are kept, in milliseconds. */
  readonly keepMs: number;
}

/** Returns the sweeps of the outbox. */
export function createSweeps({ database, clock, keepMs }: SweepsDeps): readonly Sweep[] {
  return [
    {
      name: 'events.forget',
      everySeconds: 600,
      async run() {
        await inPortions(() => database.transact((tx) => adoptRestoredEvents(tx, PORTION)));
        const before = new Date(clock.now().getTime() - keepMs);
        await inPortions(() => database.transact((tx) => deleteEventsBefore(tx, before, PORTION)));
      },
    },
  ];
}

async function inPortions(portion: () => Promise<number>): Promise<void> {
  while ((await portion()) === PORTION);
}
