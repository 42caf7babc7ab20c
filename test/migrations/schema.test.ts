/**
 * The schema: what the migrations make is what `src/db/schema.sql` shows for review, they go down
 * and up again, and any number of processes may migrate at once.
 */
import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { migrateDatabase } from '../../src/app.js';
import { migrate, migrationStates, requireCurrentSchema } from '../../src/db/migrate.js';
import { migrations } from '../../src/db/migrations/index.js';
import { schemaText } from '../../src/db/schema-text.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const REVIEWED = new URL('../../src/db/schema.sql', import.meta.url);

describe('the schema', function () {
  this.timeout(60_000);

  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
  });

  afterEach(() => database.drop());

  it('is what schema.sql shows (UPDATE_SCHEMA=1 writes the file anew)', async () => {
    await migrate(database.url, 'up');
    const text = await schemaText(database.url);
    if (process.env['UPDATE_SCHEMA'] === '1') await writeFile(REVIEWED, text);
    expect(text).to.equal(await readFile(REVIEWED, 'utf8'));
  });

  it('goes down to nothing, step by step, and up again to the same', async () => {
    await migrate(database.url, 'up');
    const before = await schemaText(database.url);
    for (const { name } of [...migrations].reverse()) {
      expect(await migrate(database.url, 'down')).to.deep.equal([name]);
    }
    expect(await schemaText(database.url)).to.equal('\n');
    await migrate(database.url, 'up');
    expect(await schemaText(database.url)).to.equal(before);
  });

  it('is made once when four processes migrate at the same time', async () => {
    const done = await Promise.all(
      Array.from({ length: 4 }, () => migrateDatabase(database.url, 'up')),
    );
    expect(done.flat()).to.have.members(migrations.map(({ name }) => name));
    await requireCurrentSchema(database.url);
  });

  it('goes on where a process that was killed while migrating left a lock', async () => {
    await migrate(database.url, 'up');
    await database.query('update knex_migrations_lock set is_locked = 1');
    expect(await migrate(database.url, 'down')).to.have.length(1);
  });

  it('is refused when a newer program has made it', async () => {
    await migrate(database.url, 'up');
    await database.query(
      `insert into knex_migrations (name, batch, migration_time) values ('9999_future', 9, now())`,
    );
    for (const attempt of [
      () => migrate(database.url, 'up'),
      () => requireCurrentSchema(database.url),
    ]) {
      const error: unknown = await attempt().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(OperatorError);
      expect((error as Error).message)
        .to.include('9999_future')
        .and.not.include('\n');
    }
  });

  it('is refused by a server when a migration is missing, which status shows', async () => {
    await migrate(database.url, 'up');
    await migrate(database.url, 'down');
    const states = await migrationStates(database.url);
    expect(states.at(-1)?.applied).to.equal(false);
    expect(states.at(0)?.applied).to.equal(true);
    const error: unknown = await requireCurrentSchema(database.url).catch((e: unknown) => e);
    expect((error as Error).message).to.include('apportion migrate up');
  });
});
