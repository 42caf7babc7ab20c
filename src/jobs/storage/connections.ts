import pg from 'pg';
import { columnTypes } from '../../db/int8.js';
import { ClientTx, type Tx } from '../../db/tx.js';

/** A heartbeat that takes longer is none. In milliseconds. */
const PATIENCE_MS = 3_000;

/**
 * Returns the pool that one run of graphile-worker works with: a connection per job it runs at
 * once, for taking and settling jobs, and one that listens.
 */
export function createQueuePool(databaseUrl: string, concurrency: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: concurrency + 2,
    connectionTimeoutMillis: PATIENCE_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: 60_000,
    application_name: 'apportion jobs',
    keepAlive: true,
  });
  // Without listeners a connection that breaks, idle or in use, would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Short transactions for heartbeats, on connections of their own: neither a pool that is busy nor a
 * connection that hangs may make a living process look dead.
 */
export class HeartbeatConnections {
  readonly #pool: pg.Pool;

  constructor(databaseUrl: string) {
    this.#pool = new pg.Pool({
      connectionString: databaseUrl,
      max: 2,
      connectionTimeoutMillis: PATIENCE_MS,
      idleTimeoutMillis: 60_000,
      statement_timeout: PATIENCE_MS,
      // The server's time-out does not help against one that has stopped answering.
      query_timeout: PATIENCE_MS,
      application_name: 'apportion job heartbeats',
      types: columnTypes,
    });
    this.#pool.on('error', () => undefined);
  }

  /** Runs one statement on its own; after an error its connection is not used again. */
  async read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let hasFailed = true;
    const ignore = () => undefined;
    client.on('error', ignore);
    try {
      const result = await work(new ClientTx(client));
      hasFailed = false;
      return result;
    } finally {
      client.off('error', ignore);
      client.release(hasFailed);
    }
  }

  /** Runs `work` in a transaction; closing the connection is how a failed one is rolled back. */
  async transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.read(async (tx) => {
      await tx.query({ text: 'begin' });
      const result = await work(tx);
      await tx.query({ text: 'commit' });
      return result;
    });
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    await this.#pool.end();
  }
}
