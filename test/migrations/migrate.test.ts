// Goal: the schema goes up and down without leaving anything behind, also when several processes
// migrate at once, and a program never works on a schema it does not know.
// Method: empty databases; schemas are compared as their dumps; processes of their own race.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { migrateDatabase } from '../../src/app.js';
import { migrate, migrationStates, requireCurrentSchema } from '../../src/db/migrate.js';
import { migrations } from '../../src/db/migrations/index.js';
import { dumpSchema } from '../../src/db/schema-dump.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { failureOf } from '../support/failure-of.js';

const NAMES = migrations.map(({ name }) => name);
const ROOT = path.resolve(import.meta.dirname, '../..');

describe('migrations', function () {
  this.timeout(60_000);

  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterEach(() => database.drop());

  async function applied(): Promise<readonly string[]> {
    const states = await migrationStates(database.url);
    return states.filter((state) => state.applied).map(({ name }) => name);
  }

  it('have numbers that go up by one, and a slice', () => {
    for (const [index, name] of NAMES.entries())
      expect(name).to.match(new RegExp(`^${String(index + 1).padStart(4, '0')}_[a-z]+_[a-z_]+$`));
  });

  it('go up from nothing, and a second time do nothing', async () => {
    expect(await applied()).to.deep.equal([]);
    expect(await migrate(database.url, 'up')).to.deep.equal(NAMES);
    const schema = await dumpSchema(database.url);
    expect(await migrate(database.url, 'up')).to.deep.equal([]);
    expect(await applied()).to.deep.equal(NAMES);
    expect(await dumpSchema(database.url)).to.equal(schema);
  });

  it('go down one by one to nothing, and up again from every step to the same schema', async () => {
    const nothing = await dumpSchema(database.url);
    await migrate(database.url, 'up');
    const whole = await dumpSchema(database.url);
    for (let steps = 1; steps <= NAMES.length; steps += 1) {
      const undone: string[] = [];
      for (let step = 0; step < steps; step += 1)
        undone.push(...(await migrate(database.url, 'down')));
      expect(undone).to.deep.equal(NAMES.slice(-steps).reverse());
      expect(await applied()).to.deep.equal(NAMES.slice(0, -steps));
      if (steps === NAMES.length) expect(await dumpSchema(database.url)).to.equal(nothing);
      await migrate(database.url, 'up');
      expect(await dumpSchema(database.url), `after ${steps} steps down`).to.equal(whole);
    }
  });

  it('have nothing to take back when nothing is there', async () => {
    expect(await migrate(database.url, 'down')).to.deep.equal([]);
  });

  it('put what is built in there once, also after going down and up', async () => {
    await migrate(database.url, 'up');
    for (const name of NAMES) expect(await migrate(database.url, 'down'), name).to.have.length(1);
    await migrate(database.url, 'up');
    const rows = await database.query<{ name: string; component: string }>(
      `select r.name, c.name as component from resources r
         join services s on s.name = r.service join components c on c.id = s.component_id`,
    );
    expect(rows).to.deep.equal([{ name: 'astakos.pending_app', component: 'astakos' }]);
  });

  it('are applied once when several processes migrate at once, and all of them succeed', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => migrateInProcess(database.url)));
    expect(outcomes.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
    const rows = await database.query<{ name: string }>(
      'select name from knex_migrations order by id',
    );
    expect(rows.map(({ name }) => name)).to.deep.equal(NAMES);
    await requireCurrentSchema(database.url);
  });

  it('are applied once when one process is asked several times at once', async () => {
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => migrateDatabase(database.url, 'up')));
    expect(outcomes.flat()).to.deep.equal(NAMES);
  });

  it('are not held up by a lock that a process left which was killed', async () => {
    await migrate(database.url, 'up');
    await migrate(database.url, 'down');
    await database.query('update knex_migrations_lock set is_locked = 1');
    expect(await migrate(database.url, 'up')).to.deep.equal(NAMES.slice(-1));
  });

  it('are applied whole or not at all: a step that fails takes those before it along', async () => {
    await database.query('create table commissions (in_the_way int)');
    expect(await failureOf(migrate(database.url, 'up'))).to.include({ code: '42P07' });
    expect(await applied()).to.deep.equal([]);
    const left = await dumpSchema(database.url);
    expect(left.match(/create table \w+/g)).to.deep.equal(['create table commissions']);
    await database.query('drop table commissions');
    expect(await migrate(database.url, 'up')).to.deep.equal(NAMES);
  });

  it('are refused on a schema that is newer than the program, without a change', async () => {
    await migrate(database.url, 'up');
    await database.query(
      `insert into knex_migrations (name, batch, migration_time) values ('9999_future_step', 9, now())`,
    );
    const schema = await dumpSchema(database.url);
    for (const work of [
      () => migrate(database.url, 'up'),
      () => migrate(database.url, 'down'),
      () => requireCurrentSchema(database.url),
    ]) {
      const error = await failureOf(work);
      expect(error).to.be.instanceOf(OperatorError);
      expect(error.message).to.include('9999_future_step').and.include('newer');
    }
    expect(await dumpSchema(database.url)).to.equal(schema);
  });

  it('are missed by name when the schema is older than the program', async () => {
    expect(await failureOf(requireCurrentSchema(database.url))).to.be.instanceOf(OperatorError);
    await migrate(database.url, 'up');
    await requireCurrentSchema(database.url);
    await migrate(database.url, 'down');
    const error = await failureOf(requireCurrentSchema(database.url));
    expect(error).to.be.instanceOf(OperatorError);
    expect(error.message).to.include(NAMES.at(-1)).and.include('apportion migrate up');
  });

  it('say in one line what is wrong with the database', async () => {
    const elsewhere = new URL(database.url);
    elsewhere.pathname = '/nothing_here';
    for (const [url, words] of [
      ['postgres://nobody:x@127.0.0.1:1/nothing', /cannot be reached/],
      [elsewhere.href, /nothing_here/],
    ] as const) {
      const error = await failureOf(migrate(url, 'up'));
      expect(error).to.be.instanceOf(OperatorError);
      expect(error.message)
        .to.match(words)
        .and.match(/^DATABASE_URL: /);
      expect(error.message).to.not.include('\n');
    }
  });
});

function migrateInProcess(databaseUrl: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'migrate', 'up'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => (output += piece.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}
