// Goal: the embedded Postgres starts wherever it is put, keeps its data, clears up after a kill and
// says in one line what is wrong. Method: real servers in fresh folders; leftovers are made by a
// Node process that starts one and is killed. Folders from mkdtemp have mode 0700, so as root the
// cases below them are the ones where data must move.
import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { packagedBinaries } from '../../src/db/embedded/binaries.js';
import { choosePlace } from '../../src/db/embedded/place.js';
import { isAlive } from '../../src/db/embedded/process-table.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { eventually } from '../support/eventually.js';

const QUICK = { fsync: 'off' };
const isRoot = process.getuid?.() === 0;

describe('startEmbeddedPostgres', function () {
  this.timeout(60_000);

  let outer: string;
  let started: EmbeddedPostgres[];

  beforeEach(async () => {
    outer = await realpath(await mkdtemp(path.join(tmpdir(), 'apportion-embedded-')));
    started = [];
  });

  afterEach(async () => {
    for (const postgres of started) {
      await postgres.stop('immediate');
      await rm(postgres.directory, { recursive: true, force: true });
    }
    await rm(outer, { recursive: true, force: true });
  });

  async function start(directory: string, log?: (line: string) => void): Promise<EmbeddedPostgres> {
    const postgres = await startEmbeddedPostgres({ directory, settings: QUICK, log });
    started.push(postgres);
    return postgres;
  }

  it('serves a database of the given name, in UTF8 and with bytewise order', async () => {
    const postgres = await startEmbeddedPostgres({
      directory: outer,
      database: 'ledger "quoted"',
      settings: QUICK,
    });
    started.push(postgres);
    const [row] = await ask(
      postgres.url,
      'select current_database() as name, datcollate as order, pg_encoding_to_char(encoding) as text' +
        ' from pg_database where datname = current_database()',
    );
    expect(row).to.deep.equal({ name: 'ledger "quoted"', order: 'C', text: 'UTF8' });
  });

  it('listens on loopback only, without a socket file, and wants a password', async () => {
    const postgres = await start(outer);
    const rows = await ask(
      postgres.url,
      "select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories') order by 1",
    );
    expect(rows.map((row) => row.setting)).to.deep.equal(['127.0.0.1', '']);
    const stranger = new URL(postgres.url);
    stranger.password = 'guess';
    const failure = await ask(stranger.href, 'select 1').catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error).with.property('code', '28P01');
    const password = await stat(path.join(postgres.directory, 'password'));
    expect(password.mode & 0o077).to.equal(0);
  });

  it('keeps its data over a clean stop and over a forced one', async () => {
    const directory = path.join(outer, 'postgres');
    const first = await start(directory);
    await ask(first.url, 'create table kept (n int)');
    await first.stop();
    const second = await start(directory);
    await ask(second.url, 'insert into kept values (1)');
    await second.stop('immediate');
    const third = await start(directory);
    expect(await ask(third.url, 'select n from kept')).to.deep.equal([{ n: 1 }]);
  });

  it('moves the data of root out of a folder nobody else may enter, and says so', async function () {
    if (!isRoot) this.skip();
    const lines: string[] = [];
    const postgres = await start(path.join(outer, 'closed', 'postgres'), (line) =>
      lines.push(line),
    );
    expect(postgres.directory).to.match(/^\/var\/lib\/apportion-[0-9a-f]{16}$/);
    expect(lines.filter((line) => line.includes(postgres.directory))).to.have.lengthOf(1);
    expect((await stat(outer)).mode & 0o077, 'the folder stays closed').to.equal(0);
  });

  it('stops for good, twice without harm', async () => {
    const postgres = await start(outer);
    await postgres.stop();
    await postgres.stop();
    expect(await isAlive(postgres.pid)).to.equal(false);
  });

  it('ends the server that a killed start left behind, and takes its data over', async () => {
    const directory = path.join(outer, 'postgres');
    const left = await leftBehind(directory);
    await ask(left.url, 'create table kept ()');
    const lines: string[] = [];
    const postgres = await start(directory, (line) => lines.push(line));
    expect(lines.join('\n')).to.include(`process ${left.pid}`);
    expect(await isAlive(left.pid)).to.equal(false);
    expect(await ask(postgres.url, 'select from kept')).to.deep.equal([]);
  });

  it('starts after the server process itself was killed', async () => {
    const directory = path.join(outer, 'postgres');
    const left = await leftBehind(directory);
    process.kill(left.pid, 'SIGKILL');
    await start(directory);
  });

  it('leaves a stranger alone whose id stands in an old lock file', async () => {
    const directory = path.join(outer, 'postgres');
    const first = await start(directory);
    await first.stop();
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      const lock = path.join(first.directory, 'data', 'postmaster.pid');
      await writeFile(lock, `${stranger.pid}\n${path.join(first.directory, 'data')}\n`);
      await start(directory);
      expect(await isAlive(stranger.pid!)).to.equal(true);
    } finally {
      stranger.kill();
    }
  });

  it('refuses a folder that a living process uses', async () => {
    await start(outer);
    await refused(start(outer), `is in use by process ${process.pid}`);
  });

  it('refuses a folder with strange content', async () => {
    await mkdir(path.join(outer, 'data'));
    await writeFile(path.join(outer, 'data', 'notes.txt'), 'mine');
    await refused(start(outer), 'holds no database');
  });

  it('refuses the data of another version', async () => {
    await mkdir(path.join(outer, 'data'));
    await writeFile(path.join(outer, 'data', 'PG_VERSION'), '9\n');
    await refused(start(outer), 'was written by Postgres 9');
  });

  it('refuses data whose password is lost', async () => {
    const first = await start(outer);
    await first.stop();
    await rm(path.join(first.directory, 'password'));
    await refused(start(outer), 'password is missing');
  });

  it('says why Postgres did not start on damaged data', async () => {
    const first = await start(outer);
    await first.stop();
    await rm(path.join(first.directory, 'data', 'global', 'pg_control'));
    await refused(start(outer), 'Postgres did not start');
  });
});

describe('choosePlace', () => {
  it('copies programs that root alone can reach, readable for all and complete', async function () {
    if (!isRoot) this.skip();
    this.timeout(60_000);
    const outer = await mkdtemp(path.join(tmpdir(), 'apportion-closed-'));
    let copy: string | undefined;
    try {
      const packaged = await packagedBinaries();
      const folder = path.join(outer, 'clone', 'native');
      await mkdir(path.dirname(folder), { mode: 0o700 });
      await cp(packaged.folder, folder, { recursive: true, verbatimSymlinks: true });
      await chmod(path.join(folder, 'share'), 0o700);
      const closed = {
        folder,
        initdb: path.join(folder, 'bin', 'initdb'),
        postgres: path.join(folder, 'bin', 'postgres'),
        version: `0-test-${process.pid}`,
      };
      const lines: string[] = [];
      const place = await choosePlace(outer, (line) => lines.push(line), closed);
      copy = place.binaries.folder;
      expect(copy).to.match(/^\/var\/lib\/apportion-postgres-0-test-/);
      expect(lines.filter((line) => line.includes(place.binaries.folder))).to.have.lengthOf(1);
      expect((await stat(path.join(copy, 'share'))).mode & 0o777).to.equal(0o755);
      const again = await choosePlace(outer, () => undefined, closed);
      expect(again.binaries.folder).to.equal(copy);

      await chmod(copy, 0o777);
      await refused(
        choosePlace(outer, () => undefined, closed),
        "is not root's alone",
      );
    } finally {
      await rm(outer, { recursive: true, force: true });
      if (copy !== undefined) await rm(copy, { recursive: true, force: true });
    }
  });
});

async function refused(attempt: Promise<unknown>, words: string): Promise<void> {
  const failure = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).to.be.instanceOf(OperatorError);
  const { message } = failure as OperatorError;
  expect(message).to.include(words);
  expect(message, 'one line').not.to.include('\n');
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Starts a server from a process of its own and kills that process. */
async function leftBehind(directory: string): Promise<{ url: string; pid: number }> {
  const module = pathToFileURL(path.resolve('src/db/embedded.ts')).href;
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    const { url, pid } = await startEmbeddedPostgres(${JSON.stringify({ directory, settings: QUICK })});
    console.log(JSON.stringify({ url, pid }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually(() => output.includes('\n'), { timeout: 30_000 });
  child.kill('SIGKILL');
  await eventually(() => child.signalCode === 'SIGKILL');
  return JSON.parse(output) as { url: string; pid: number };
}
