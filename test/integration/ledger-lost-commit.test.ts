// Goal: a write is answered as committed only if it is, also when the answer to the commit was lost in a
// crash, and one that was given up does nothing later. Method: transactions by way of a proxy that keeps
// the commit from the server, or falls silent, while Postgres is killed and others take the lost ids.
import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { Database } from '../../src/db/database.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { processesIn } from '../../src/db/embedded/process-table.js';
import type { Tx } from '../../src/db/tx.js';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.js';
import { eventually } from '../support/eventually.js';
import { failureOf } from '../support/failure-of.js';
import { createGate } from '../support/gate.js';

describe('a write that is not answered', function () {
  this.timeout(60_000);

  let directory: string;
  let postgres: EmbeddedPostgres;
  let proxy: CuttableProxy;
  let database: Database;
  /** Not by way of the proxy. */
  let direct: pg.Pool;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'apportion-lost-'));
    postgres = await startEmbeddedPostgres({ directory });
    proxy = await startCuttableProxy(postgres.url);
    direct = poolOf(postgres.url);
    await direct.query('create table written (note text not null)');
  });

  after(async () => {
    await direct.end();
    await proxy.close();
    await postgres.stop('immediate');
    for (const folder of [postgres.directory, directory])
      await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await direct.query('truncate written');
    database = new Database({ url: proxy.url, poolSize: 4 });
  });

  afterEach(async () => {
    proxy.resume();
    await database.close();
  });

  for (const pipelined of [false, true])
    describe(pipelined ? 'in a pipeline' : 'statement by statement', () => {
      const write = (note: string, then?: (tx: Tx) => Promise<unknown>) =>
        database.transact(
          async (tx) => {
            const [row] = await tx.query<{ id: string }>({
              text: 'select pg_current_xact_id()::text as id',
            });
            tx.identify(row?.id ?? '');
            ids.push(BigInt(row?.id ?? 0));
            tx.last({ text: 'insert into written values ($1)' }, [note]);
            await then?.(tx);
          },
          { pipelined },
        );
      let ids: bigint[];

      beforeEach(() => {
        ids = [];
      });

      /** Begins a write whose commit is kept from the server, and crashes it. */
      async function loseInCrash(note: string): Promise<{ outcome: Promise<unknown> }> {
        const kept = proxy.withhold('commit');
        const outcome = write(note).then(
          () => 'committed',
          (error: unknown) => error,
        );
        await eventually(() => kept.isWithheld);
        proxy.silence();
        await crash();
        return { outcome };
      }

      it('is not taken for the one that got its id after a crash', async () => {
        const { outcome } = await loseInCrash('lost');
        await eventually(async () => {
          const { rows } = await direct.query<{ id: string }>(
            `with w as (insert into written values ('another') returning 1)
             select pg_current_xact_id()::text as id from w`,
          );
          return BigInt(rows[0]!.id) >= ids[0]!;
        });
        proxy.resume();
        expect(await outcome).to.include({ reason: 'DATABASE_UNAVAILABLE' });
        expect(await notes()).not.to.include('lost');
      });

      it('is done again when the crash left nothing of it', async () => {
        const { outcome } = await loseInCrash('lost');
        proxy.resume();
        expect(await outcome).to.equal('committed');
        expect(ids.length).to.equal(2);
        expect(await notes()).to.deep.equal(['lost']);
      });

      it('is done later by nobody once it was given up', async () => {
        database.availability.start();
        const gate = createGate();
        const reached = createGate();
        const outcome = failureOf(
          write('given up', () => {
            reached.open();
            return gate.passed;
          }),
        );
        await reached.passed;
        proxy.silence();
        expect(await outcome).to.include({ reason: 'DATABASE_UNAVAILABLE' });
        proxy.resume();
        await eventually(() => database.availability.isAvailable);
        gate.open();
        await idle();
        // What comes behind it on the same way is done; it would have been, too.
        await write('after it');
        expect(await notes()).to.deep.equal(['after it']);
        expect(ids.length).to.equal(2);
      });

      it('is not begun again once it was given up', async () => {
        database.availability.start();
        const reached = createGate();
        const outcome = failureOf(
          write('given up', async (tx) => {
            reached.open();
            await tx.query({ text: 'select pg_sleep(60)' });
          }),
        );
        await reached.passed;
        proxy.silence();
        expect(await outcome).to.include({ reason: 'DATABASE_UNAVAILABLE' });
        proxy.resume();
        await eventually(() => database.availability.isAvailable);
        await write('after it');
        expect(await notes()).to.deep.equal(['after it']);
        expect(ids.length).to.equal(2);
      });
    });

  async function notes(): Promise<readonly string[]> {
    const { rows } = await direct.query<{ note: string }>('select note from written');
    return rows.map(({ note }) => note);
  }

  /** Returns when nobody has a transaction open. */
  async function idle(): Promise<void> {
    await eventually(async () => {
      const { rows } = await direct.query(
        `select from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid()
            and datname = current_database()`,
      );
      return rows.length === 0;
    });
  }

  async function crash(): Promise<void> {
    const { pid, port } = postgres;
    const others = await processesIn(path.join(postgres.directory, 'data'));
    for (const each of [pid, ...others.filter((other) => other !== pid)]) {
      try {
        process.kill(each, 'SIGKILL');
      } catch (error) {
        // Gone with its parent.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    await postgres.ended;
    await postgres.stop('immediate');
    await direct.end();
    postgres = await startEmbeddedPostgres({ directory, port });
    direct = poolOf(postgres.url);
  }
});

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
