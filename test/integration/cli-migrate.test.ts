// Goal: `apportion migrate` moves the schema and says so; every command says in one line which
// database it lacks. Method: the command in processes of its own, on an empty real database.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { freePort } from '../../src/db/embedded/free-port.js';
import { migrationStates } from '../../src/db/migrate.js';
import { apportion } from '../support/command.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('apportion migrate', function () {
  this.timeout(60_000);

  let database: TestDatabase;
  let home: string;

  before(async () => {
    database = await createTestDatabase({ empty: true });
    home = await mkdtemp(path.join(tmpdir(), 'apportion-home-'));
  });
  after(async () => {
    await database.drop();
    await rm(home, { recursive: true });
  });

  const run = (...args: string[]) =>
    apportion(args, { settings: { DATABASE_URL: database.url, APPORTION_HOME: home } });

  it('brings the schema up, lists it, and takes the newest migration back', async () => {
    const names = (await migrationStates(database.url)).map(({ name }) => name);
    expect((await run('token', 'list')).stderr).to.equal(
      `apportion: The database lacks migration ${names[0]}: run 'apportion migrate up'\n`,
    );
    const up = await run('migrate');
    expect(up.stdout, up.stderr).to.equal(names.map((name) => `applied ${name}\n`).join(''));
    expect((await run('migrate', 'up')).stdout).to.equal('nothing to do\n');
    expect((await run('migrate', 'down')).stdout).to.equal(`took back ${names.at(-1)}\n`);
    const states = await run('migrate', 'status', '--json');
    expect(JSON.parse(states.stdout)).to.deep.equal(
      names.map((name, index) => ({ name, applied: index < names.length - 1 })),
    );
    expect((await run('migrate', 'status')).stdout).to.match(
      new RegExp(`^MIGRATION +APPLIED\n${names[0]} +yes\n[^]*${names.at(-1)} +no\n$`),
    );
  });

  const lacking = (settings: Record<string, string>) => apportion(['migrate'], { settings });

  it('says that there is no database', async () => {
    expect(await lacking({ APPORTION_HOME: home })).to.deep.equal({
      code: 1,
      stdout: '',
      stderr:
        `apportion: DATABASE_URL is not set and no embedded database runs in ${home}: ` +
        'start `make run` or set it\n',
    });
  });

  it('uses the embedded database while it runs, and not what a killed run left', async () => {
    const file = path.join(home, 'database-url');
    await writeFile(file, `${database.url}\n`);
    expect((await lacking({ APPORTION_HOME: home })).code).to.equal(0);
    await writeFile(file, `postgres://apportion@127.0.0.1:${await freePort()}/apportion`);
    expect((await lacking({ APPORTION_HOME: home })).stderr).to.contain(
      'no embedded database runs',
    );
  });

  it('says that the database cannot be reached', async () => {
    const { code, stderr } = await lacking({
      DATABASE_URL: `postgres://apportion@127.0.0.1:${await freePort()}/apportion`,
    });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^apportion: DATABASE_URL: the database cannot be reached \(.*\)\n$/);
  });

  it('explains itself', async () => {
    for (const args of [[], ['dev'], ['serve'], ['migrate'], ['apply'], ['token', 'create']]) {
      const { code, stdout } = await apportion([...args, '--help']);
      expect(code, args.join(' ')).to.equal(0);
      expect(stdout).to.match(/^Usage: apportion/);
      if (args.length > 0) expect(stdout).to.contain('Examples:');
    }
    expect(await apportion(['frobnicate'])).to.include({ code: 1, stdout: '' });
  });
});
