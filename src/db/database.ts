import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { databaseUnavailable } from '../kernel/failure.js';
import { Availability } from './availability.js';
import { isAway, isRetryable, translated } from './errors.js';
import { columnTypes } from './int8.js';
import { ClientTx, type Tx } from './tx.js';

/** How often a transaction is begun before it is given up. */
const ATTEMPTS = 8;

/** First pause before another attempt, in milliseconds; it doubles and is jittered. */
const FIRST_PAUSE_MS = 5;

/** How long the outcome of a commit is looked for after its connection broke, in milliseconds. */
const OUTCOME_PATIENCE_MS = 15_000;

/** Connections for pipelined transactions: one batch is written at a time, few wait for locks. */
const PIPELINED_CONNECTIONS = 4;

/**
 * Tells one run of the server from the next. A crash loses what was not on disk yet, the ids of
 * transactions included, which are given out again; it also resets the statistics.
 */
const RUN = 'select stats_reset::text from pg_stat_wal';

/** What a statement fails with that asks for a transaction from the future. */
const IN_THE_FUTURE = '22023';

/** How to reach the database. */
export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Longest time a statement may take, in milliseconds. */
  readonly statementTimeoutMs?: number;
}

/** How a transaction runs. */
export interface TransactOptions {
  /** One snapshot for all statements, and no writes. */
  readonly readOnly?: boolean;
  /**
   * Sends statements without waiting for the answers to those before: begin goes with the first
   * one, commit with the last one. `pieces` does not work then.
   */
  readonly pipelined?: boolean;
  /**
   * Told when a pipelined transaction has sent its commit, which is not answered yet. Again with
   * every attempt, and never when the transaction fails before.
   */
  readonly onSent?: () => void;
}

/** The pool of connections and the only way to open a transaction. */
export class Database {
  readonly availability: Availability;
  readonly #pool: pg.Pool;
  readonly #pipelined: pg.Pool;
  /** The run of the server that a connection belongs to; undefined when it broke too soon. */
  readonly #runs = new WeakMap<pg.PoolClient, Promise<string | undefined>>();

  constructor(options: DatabaseOptions) {
    this.availability = new Availability(options.url);
    this.#pool = createPool(options, { max: options.poolSize });
    this.#pipelined = createPool(options, {
      max: PIPELINED_CONNECTIONS,
      pipeline: true,
      // The few statements of batches are planned once, not for every size of batch anew.
      options: '-c plan_cache_mode=force_generic_plan',
      // Whoever is silent that long with rows locked has stopped: let others go on.
      idle_in_transaction_session_timeout: 10_000,
    });
    for (const pool of [this.#pool, this.#pipelined])
      pool.on('connect', (client) => this.#runs.set(client, runOf(client)));
  }

  /** Connections by what they are doing, for the metrics. */
  get connections(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    const pools = [this.#pool, this.#pipelined];
    const sum = (count: (pool: pg.Pool) => number) =>
      pools.reduce((total, pool) => total + count(pool), 0);
    return {
      total: sum((pool) => pool.totalCount),
      idle: sum((pool) => pool.idleCount),
      waiting: sum((pool) => pool.waitingCount),
    };
  }

  /**
   * Runs `work` in a transaction and returns what it returns, after the commit.
   *
   * Serialization failures and deadlocks are repeated, and writes whose connection was lost before
   * the commit; a bounded number of times and jittered, so `work` must not have effects outside the
   * transaction. A Failure thrown by `work` rolls back and is passed on. Fails with
   * DATABASE_UNAVAILABLE while the database is away; a write may then have been committed or not.
   */
  async transact<T>(work: (tx: Tx) => Promise<T>, options: TransactOptions = {}): Promise<T> {
    return this.availability.guard((abandoned) => this.#attempts(work, options, abandoned));
  }

  /** Runs `work` on one snapshot, without a lock; what it returns belongs to one moment. */
  async snapshot<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.transact(work, { readOnly: true });
  }

  /** Runs statements each on its own, without a transaction around them. */
  async read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.availability.guard(async (abandoned) => {
      try {
        return await this.#on(this.#pool, abandoned, async (tx) => {
          const result = await work(tx);
          tx.runEffects();
          return result;
        });
      } catch (error) {
        throw translated(error);
      }
    });
  }

  /** Closes every connection; nothing may be asked afterwards. */
  async close(): Promise<void> {
    await this.availability.stop();
    await Promise.all([this.#pool.end(), this.#pipelined.end()]);
  }

  async #attempts<T>(
    work: (tx: Tx) => Promise<T>,
    options: TransactOptions,
    abandoned: AbortSignal,
  ): Promise<T> {
    let pause = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const pool = options.pipelined === true ? this.#pipelined : this.#pool;
        return await this.#on(pool, abandoned, (tx, client) =>
          this.#once(tx, client, work, options, abandoned),
        );
      } catch (error) {
        const again = error instanceof NotCommitted || isRetryable(error);
        if (!again || attempt >= ATTEMPTS) throw translated(causeOf(error));
      }
      await sleep(pause * (0.5 + Math.random()));
      pause *= 2;
    }
  }

  async #once<T>(
    tx: ClientTx,
    client: pg.PoolClient,
    work: (tx: Tx) => Promise<T>,
    options: TransactOptions,
    abandoned: AbortSignal,
  ): Promise<T> {
    let result: T;
    try {
      const begin = client.query(
        options.readOnly === true ? 'begin isolation level repeatable read read only' : 'begin',
      );
      // In a pipeline nobody waits for it yet; its error is that of the first statement, too.
      begin.catch(() => undefined);
      if (options.pipelined !== true) await begin;
      result = await work(tx);
      await begin;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      // Before the commit nothing is kept, so another connection may begin anew. Reads may have
      // handed out rows already, which would come a second time.
      const mayBeginAnew = isAway(error) && options.readOnly !== true;
      throw mayBeginAnew ? new NotCommitted('the connection was lost', { cause: error }) : error;
    }
    await this.#commit(tx, client, options, abandoned);
    tx.runEffects();
    return result;
  }

  /** Returns when the transaction is committed for sure; throws when it is not. */
  async #commit(
    tx: ClientTx,
    client: pg.PoolClient,
    options: TransactOptions,
    abandoned: AbortSignal,
  ): Promise<void> {
    const last = tx.lastStatement;
    const writing =
      last === undefined
        ? Promise.resolve()
        : client.query({ ...last.statement, values: [...last.values] });
    // In a pipeline the commit leaves before the answer; behind a failure it rolls back.
    const committing = options.pipelined === true ? client.query('commit') : undefined;
    if (committing !== undefined) options.onSent?.();
    const [written] = await Promise.allSettled([writing, committing]);
    if (written.status === 'rejected' && !isAway(written.reason)) {
      if (committing === undefined) await client.query('rollback').catch(() => undefined);
      throw last?.explain(written.reason);
    }
    try {
      await writing;
      const { command } = await (committing ?? client.query('commit'));
      // What Postgres answers when a statement had failed and `work` did not mind.
      if (command === 'ROLLBACK') throw new Error('A statement of the transaction had failed');
    } catch (error) {
      if (!isAway(error)) throw error;
      const lost = { transactionId: tx.transactionId, run: await this.#runs.get(client) };
      await this.#settleLostCommit(lost, error, abandoned);
    }
  }

  /**
   * Returns when the transaction turns out to be committed; throws NotCommitted when it is not, so
   * that it is repeated, and DATABASE_UNAVAILABLE when nobody can tell.
   */
  async #settleLostCommit(lost: Lost, cause: unknown, abandoned: AbortSignal): Promise<void> {
    const { transactionId } = lost;
    if (transactionId === undefined) throw databaseUnavailable(cause);
    const giveUpAt = Date.now() + OUTCOME_PATIENCE_MS;
    while (Date.now() < giveUpAt && !abandoned.aborted) {
      const found = await this.#statusOf(transactionId, abandoned);
      const isSameRun = lost.run === undefined ? undefined : found?.run === lost.run;
      switch (found?.status) {
        case 'committed':
          // After a crash it may be another one's id, and another one's commit.
          if (isSameRun !== true) throw databaseUnavailable(cause);
          return;
        case 'in progress':
          if (isSameRun === false) throw new NotCommitted('the commit was lost', { cause });
          break;
        case 'aborted':
          throw new NotCommitted('the commit was lost', { cause });
        case undefined:
      }
      await sleep(100);
    }
    throw databaseUnavailable(cause);
  }

  /** Returns undefined while the database is away, or when it does not know any more. */
  async #statusOf(id: string, abandoned: AbortSignal): Promise<Outcome | undefined> {
    try {
      return await this.#on(this.#pool, abandoned, async (tx) => {
        const text = `select pg_xact_status($1::text::xid8) as status, (${RUN}) as run`;
        const [row] = await tx.query<Outcome | { status: null }>({ text }, [id]);
        return row?.status === null ? undefined : row;
      });
    } catch (error) {
      if (isAway(error)) return undefined;
      // Only a crash makes the server forget an id that it gave out.
      if ((error as { code?: unknown }).code === IN_THE_FUTURE)
        return { status: 'aborted', run: '' };
      throw error;
    }
  }

  async #on<T>(
    pool: pg.Pool,
    abandoned: AbortSignal,
    work: (tx: ClientTx, client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw translated(error);
    }
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    // A connection that hangs would go on, and commit, whenever it wakes up; and `end` would wait.
    const cut = () => client.connection.stream.destroy();
    abandoned.addEventListener('abort', cut, { once: true });
    try {
      if (abandoned.aborted) throw databaseUnavailable();
      return await work(new ClientTx(client), client);
    } catch (error) {
      const cause = causeOf(error);
      if (isAway(cause)) broken ??= cause as Error;
      throw error;
    } finally {
      abandoned.removeEventListener('abort', cut);
      client.off('error', onError);
      client.release(broken);
    }
  }
}

/** A transaction whose commit was sent and not answered. */
interface Lost {
  readonly transactionId: string | undefined;
  readonly run: string | undefined;
}

/** What the server says of a transaction, and which run of it does. */
interface Outcome {
  readonly status: 'committed' | 'aborted' | 'in progress';
  readonly run: string;
}

/** The transaction left no trace: it may be repeated. */
class NotCommitted extends Error {}

function causeOf(error: unknown): unknown {
  return error instanceof NotCommitted ? error.cause : error;
}

function runOf(client: pg.PoolClient): Promise<string | undefined> {
  return client.query<{ stats_reset: string }>(RUN).then(
    ({ rows }) => rows[0]?.stats_reset,
    () => undefined,
  );
}

function createPool(options: DatabaseOptions, more: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    connectionTimeoutMillis: 1_500,
    idleTimeoutMillis: 60_000,
    application_name: 'apportion',
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    idle_in_transaction_session_timeout: 60_000,
    types: columnTypes,
    ...more,
  });
  // Without a listener a connection that breaks while idle would end the process.
  pool.on('error', () => undefined);
  return pool;
}
