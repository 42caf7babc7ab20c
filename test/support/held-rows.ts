/** Rows that a test keeps locked, so that calls which need them stay in flight until it lets go. */
import pg from 'pg';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';

/** Rows under lock. */
export interface HeldRows {
  /** Returns once this many transactions wait for the rows. */
  awaited(by: number): Promise<void>;
  /** Lets go of the rows; safe to call twice. */
  release(): Promise<void>;
}

/** Locks the holdings of a holder. */
export async function holdHoldings(database: TestDatabase, holder: string): Promise<HeldRows> {
  const client = new pg.Client({ connectionString: database.url });
  // A test may take the database away under it.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin');
  await client.query('select from holdings where holder = $1 for update', [holder]);
  let released: Promise<void> | undefined;
  return {
    async awaited(by) {
      await eventually(async () => {
        const [row] = await database.query<{ n: string }>(
          `select count(*) as n from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return Number(row?.n) >= by;
      });
    },
    release: () => (released ??= client.end().catch(() => undefined)),
  };
}
