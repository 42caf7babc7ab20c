/** A batcher over a table of its own, on connections that a test can break at any moment. */
import { Batcher, type Settled, type Submission } from '../../src/db/batcher.js';
import { Database } from '../../src/db/database.js';
import type { Tx } from '../../src/db/tx.js';
import { invalid } from '../../src/kernel/failure.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { type ForgetfulProxy, startForgetfulProxy } from './forgetful-proxy.js';
import { createGate, type Gate } from './gate.js';

/** Writes its note into the table; the note `poison` makes the whole batch fail. */
export interface Operation {
  readonly note: string;
  /** Refused by the rules, without a trace. */
  readonly isRefused?: boolean;
  readonly weight?: number;
}

/** A caller who waits for ever. */
export const PATIENT: Submission = {
  callerKey: 'caller',
  deadline: Infinity,
  isCancelled: () => false,
};

/** Runs inside of a transaction; told the notes of its batch. */
export type Hook = (tx: Tx, notes: readonly string[]) => Promise<unknown>;

/** The table, the way to it, and what the batchers over it did. */
export class BatcherStage {
  /** The notes of every batch that was begun, repeats included. */
  batches: (readonly string[])[] = [];
  /** The sizes of batches as metrics are told them. */
  sizes: number[] = [];
  /** Run in every transaction, before and after its rows are written. */
  atStart: Hook | undefined;
  atEnd: Hook | undefined;
  /** Whether rows are written by the statement that leaves together with the commit. */
  writesLast = false;

  private constructor(
    readonly testDatabase: TestDatabase,
    readonly proxy: ForgetfulProxy,
    readonly database: Database,
  ) {}

  /** Returns a stage; `close` it in `after`. */
  static async open(): Promise<BatcherStage> {
    const testDatabase = await createTestDatabase();
    await testDatabase.query(`create table written (
      note text not null, constraint written_note_check check (note <> 'poison'))`);
    const proxy = await startForgetfulProxy(testDatabase.url);
    return new BatcherStage(testDatabase, proxy, new Database({ url: proxy.url, poolSize: 4 }));
  }

  /** Forgets everything a case did. */
  async clear(): Promise<void> {
    this.batches = [];
    this.sizes = [];
    this.atStart = this.atEnd = undefined;
    this.writesLast = false;
    await this.testDatabase.query('truncate written');
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.proxy.close();
    await this.testDatabase.drop();
  }

  createBatcher(queueLimit = 10_000): Batcher<Operation, string> {
    return new Batcher<Operation, string>({
      database: this.database,
      queueLimit,
      weightOf: ({ weight }) => weight ?? 1,
      onBatch: (size) => this.sizes.push(size),
      write: (tx, operations) => this.#write(tx, operations),
    });
  }

  /** Returns the notes that are committed, in the order of the alphabet. */
  async stored(): Promise<readonly string[]> {
    const rows = await this.testDatabase.query<{ note: string }>(
      'select note from written order by note',
    );
    return rows.map(({ note }) => note);
  }

  /** Holds up the next transaction; what is submitted meanwhile gathers behind it. */
  async holdUp(
    batcher: Batcher<Operation, string>,
  ): Promise<{ gate: Gate; held: Promise<string> }> {
    const gate = createGate();
    this.atStart = () => {
      this.atStart = undefined;
      return gate.passed;
    };
    const held = batcher.submit({ note: 'held' }, { ...PATIENT, callerKey: 'holder' });
    await eventually(() => this.batches.length > 0);
    return { gate, held };
  }

  /** Ends the connection of a transaction, as an operator or a crash would. */
  async killConnectionOf(tx: Tx): Promise<void> {
    const [row] = await tx.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' });
    await this.kill(row?.pid);
  }

  /** Ends a connection by its process id, and returns when it has gone. */
  async kill(pid: number | undefined): Promise<void> {
    await this.testDatabase.query('select pg_terminate_backend($1)', [pid]);
    await eventually(async () => {
      const rows = await this.testDatabase.query(
        'select pid from pg_stat_activity where pid = $1',
        [pid],
      );
      return rows.length === 0;
    });
  }

  async #write(tx: Tx, operations: readonly Operation[]): Promise<readonly Settled<string>[]> {
    const notes = operations.map(({ note }) => note);
    this.batches.push(notes);
    await this.atStart?.(tx, notes);
    const [row] = await tx.query<{ id: string }>({
      text: 'select pg_current_xact_id()::text as id',
    });
    tx.identify(row?.id ?? '');
    const statement = { text: 'insert into written select * from unnest($1::text[])' };
    const kept = operations.filter(({ isRefused }) => isRefused !== true);
    const values = [kept.map(({ note }) => note)];
    if (this.writesLast) tx.last(statement, values);
    else await tx.query(statement, values);
    await this.atEnd?.(tx, notes);
    return operations.map(({ note, isRefused }) =>
      isRefused === true
        ? { ok: false, failure: invalid(`refused ${note}`) }
        : { ok: true, value: `wrote ${note}` },
    );
  }
}
