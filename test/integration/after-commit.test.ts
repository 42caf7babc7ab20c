// Goal: what is to happen after a commit happens once, when the transaction is committed, and not at
// all when it is not. Method: transactions of each kind, repeated and failing ones among them.
import { expect } from 'chai';
import { once } from 'node:events';
import { Database, type TransactOptions } from '../../src/db/database.js';
import type { Tx } from '../../src/db/tx.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('Tx.afterCommit', () => {
  let test: TestDatabase;
  let database: Database;
  let happened: string[];

  before(async () => {
    test = await createTestDatabase();
    await test.query('create table things (name text primary key deferrable initially deferred)');
    await test.query(`insert into things values ('taken')`);
    database = new Database({ url: test.url, poolSize: 2 });
  });
  beforeEach(() => {
    happened = [];
  });
  after(async () => {
    await database.close();
    await test.drop();
  });

  const insert = (tx: Tx, name: string) =>
    tx.query({ text: 'insert into things (name) values ($1)' }, [name]);
  const isThere = async (name: string) =>
    (await test.query('select from things where name = $1', [name])).length === 1;

  for (const options of [{}, { pipelined: true }] as TransactOptions[]) {
    const kind = options.pipelined === true ? 'a pipelined transaction' : 'a transaction';

    it(`comes in order, behind the commit of ${kind}`, async () => {
      const name = `done ${kind}`;
      await database.transact(async (tx) => {
        tx.afterCommit(() => happened.push('first'));
        await insert(tx, name);
        tx.afterCommit(() => happened.push('second'));
        expect(happened).to.deep.equal([]);
      }, options);
      expect(happened).to.deep.equal(['first', 'second']);
      expect(await isThere(name)).to.equal(true);
    });

    it(`does not come when ${kind} is rolled back, or fails to commit`, async () => {
      const failing = async (work: (tx: Tx) => Promise<unknown>) => {
        const thrown: unknown = await database
          .transact(work, options)
          .catch((error: unknown) => error);
        expect(thrown).to.be.an('error');
      };
      await failing(async (tx) => {
        tx.afterCommit(() => happened.push('rolled back'));
        await insert(tx, 'lost');
        throw new Error('on purpose');
      });
      await failing(async (tx) => {
        tx.afterCommit(() => happened.push('not committed'));
        // Found out by the commit only.
        await insert(tx, 'taken');
      });
      expect(happened).to.deep.equal([]);
    });
  }

  it('comes once, for the attempt that was committed', async () => {
    let attempts = 0;
    await database.transact(async (tx) => {
      attempts += 1;
      const attempt = attempts;
      tx.afterCommit(() => happened.push(`attempt ${attempt}`));
      if (attempts < 3) await tx.query({ text: "do $$ begin raise sqlstate '40P01'; end $$" });
    });
    expect(happened).to.deep.equal(['attempt 3']);
  });

  it('comes behind statements that run each on its own', async () => {
    await database.read(async (tx) => {
      tx.afterCommit(() => happened.push('read'));
      await tx.query({ text: 'select 1' });
    });
    expect(happened).to.deep.equal(['read']);
  });

  it('cannot undo the commit: what goes wrong is a warning, and the rest goes on', async () => {
    const warned = once(process, 'warning') as Promise<[Error]>;
    const result = await database.transact(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('went wrong behind the commit');
      });
      tx.afterCommit(() => happened.push('the rest'));
      await insert(tx, 'kept');
      return 'answer';
    });
    expect([result, happened, await isThere('kept')]).to.deep.equal(['answer', ['the rest'], true]);
    const [warning] = await warned;
    expect(warning.message).to.equal('went wrong behind the commit');
  });
});
