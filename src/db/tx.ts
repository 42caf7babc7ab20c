import type { Knex } from 'knex';
import knex from 'knex';
import type { PoolClient } from 'pg';
import Cursor from 'pg-cursor';

/** SQL text; a name makes Postgres keep its plan on the connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** A query as Knex builds it; nothing runs until it is handed to a transaction. */
export type Built = Knex.QueryBuilder | Knex.Raw;

/** Builds ordinary queries; it has no connection of its own. */
export const sql: Knex = knex({ client: 'pg' });

/** An open transaction, or the single statement that is one. */
export interface Tx {
  /** Runs SQL with bound values and returns its rows. */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs a query built with Knex and returns its rows. */
  run<Row>(built: Built): Promise<Row[]>;
  /** Runs SQL and yields its rows in pieces, so that a long answer never is in memory whole. */
  pieces<Row>(statement: Statement, values: readonly unknown[], size: number): AsyncIterable<Row[]>;
  /**
   * Tells the id of this transaction (`pg_current_xact_id()`), so that its outcome can be looked up
   * should the connection break during commit.
   */
  identify(transactionId: string): void;
  /**
   * Leaves the last statement of the transaction to whoever opened it: it is sent together with the
   * commit once the work returns, which saves a round trip. Its rows are not read.
   *
   * @param explain - turns an error of the statement into what the transaction fails with.
   */
  last(statement: Statement, values: readonly unknown[], explain?: Explain): void;
  /**
   * Has `effect` run once the transaction is committed, in the order in which effects were given;
   * never when it is rolled back. For what a repeated attempt must not do twice, such as a line in the
   * log. A process that dies right after the commit does not get to it.
   */
  afterCommit(effect: () => void): void;
}

/** Turns an error of a statement into what it means. */
export type Explain = (error: unknown) => unknown;

/** The statement with which a transaction ends. */
export interface LastStatement {
  readonly statement: Statement;
  readonly values: readonly unknown[];
  readonly explain: Explain;
}

/** A transaction on one connection. */
export class ClientTx implements Tx {
  transactionId: string | undefined;
  lastStatement: LastStatement | undefined;
  readonly #effects: (() => void)[] = [];

  constructor(private readonly client: PoolClient) {}

  async query<Row>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.client.query({ ...statement, values: values as unknown[] });
    return result.rows as Row[];
  }

  async run<Row>(built: Built): Promise<Row[]> {
    const native = built.toSQL().toNative();
    const result = await this.client.query(native.sql, native.bindings as unknown[]);
    return result.rows as Row[];
  }

  async *pieces<Row>(
    statement: Statement,
    values: readonly unknown[],
    size: number,
  ): AsyncIterable<Row[]> {
    const cursor = this.client.query(new Cursor<Row>(statement.text, values as unknown[]));
    try {
      for (;;) {
        const rows = await cursor.read(size);
        if (rows.length === 0) return;
        yield rows;
      }
    } finally {
      await cursor.close();
    }
  }

  identify(transactionId: string): void {
    this.transactionId = transactionId;
  }

  last(
    statement: Statement,
    values: readonly unknown[],
    explain: Explain = (error) => error,
  ): void {
    this.lastStatement = { statement, values, explain };
  }

  afterCommit(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Runs what waits for the commit. What goes wrong there is told, but undoes nothing any more. */
  runEffects(): void {
    for (const effect of this.#effects.splice(0)) {
      try {
        effect();
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}
