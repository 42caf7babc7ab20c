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
}

/** A transaction on one connection. */
export class ClientTx implements Tx {
  transactionId: string | undefined;

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
}
