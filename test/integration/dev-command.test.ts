// Goal: `apportion dev` (`make run`) comes up with everything, says what is wrong in one line, and
// leaves nothing running, whatever happens to it. Method: the built command as a subprocess in a
// fresh home with free ports; signals and kills as operators and bad luck send them.
import { exec } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { isAlive } from '../../src/db/embedded/process-table.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { DevHome, type DevRun } from '../support/dev-command.js';
import { eventually } from '../support/eventually.js';

const shell = promisify(exec);

describe('apportion dev', function () {
  this.timeout(180_000);

  let home: DevHome;

  beforeEach(async () => {
    home = await DevHome.create();
  });

  afterEach(async () => {
    await home.remove();
  });

  async function pids(): Promise<readonly number[]> {
    return (await home.processes()).map(({ pid }) => pid);
  }

  async function expectAllGone(recorded: readonly number[]): Promise<void> {
    for (const pid of recorded) {
      await eventually(async () => !(await isAlive(pid)), { timeout: 30_000 });
    }
  }

  /** What a run prints that ends before it is ready: one line of its own, and exit code 1. */
  async function refusal(run: DevRun): Promise<string> {
    expect(await run.ended(), run.stdout).to.equal(1);
    expect(run.stdout).not.to.include('apportion ready');
    expect(run.complaints, run.stderr).to.have.lengthOf(1);
    expect(await home.processes(), 'nothing is left').to.deep.equal([]);
    return run.complaints[0]!;
  }

  describe('with an embedded Postgres', () => {
    it('serves REST and figures, stops on SIGTERM without a trace, and keeps its data', async () => {
      const first = await home.run();
      await first.ready();
      expect((await fetch(`${first.url}/healthz`)).status).to.equal(200);
      expect(first.stdout).to.include('X-Auth-Token: alice-token').and.include('grpcurl');
      for (const command of printedCurls(first)) {
        const { stdout } = await shell(command.replace('curl ', 'curl --silent --fail '));
        expect(stdout, command).to.match(/^[[{]/);
      }
      const serial = await issueCommission(first);

      const processes = await home.processes();
      expect(processes.map(({ role }) => role).sort()).to.deep.equal([
        'envoy',
        'postgres',
        'worker',
      ]);
      expect(await first.stop(), first.stderr).to.equal(0);
      expect(first.complaints).to.deep.equal([]);
      await expectAllGone(processes.map(({ pid }) => pid));
      expect(await home.processes()).to.deep.equal([]);
      expect(await readdir(home.directory)).not.to.include('database-url');

      const second = await home.run();
      await second.ready();
      const found = await fetch(`${second.url}/account/v1.0/commissions/${serial}`, {
        headers: { 'x-auth-token': 'nimbus-token' },
      });
      expect(found.status).to.equal(200);
      expect(await second.stop(), second.stderr).to.equal(0);
    });

    it('stops in order on a Ctrl-C, which reaches the whole group', async () => {
      const run = await home.run();
      await run.ready();
      const recorded = await pids();
      run.signal('SIGINT', 'group');
      expect(await run.ended()).to.equal(0);
      expect(run.complaints).to.deep.equal([]);
      await expectAllGone(recorded);
    });

    it('stops everything even when its home was removed meanwhile', async () => {
      const run = await home.run();
      await run.ready();
      const recorded = await pids();
      await rm(home.directory, { recursive: true });
      run.signal('SIGTERM');
      await run.ended();
      await expectAllGone(recorded);
    });

    it('leaves nothing when it is stopped in the middle of its start', async () => {
      const run = await home.run();
      await eventually(async () => (await home.processes()).length > 0, {
        timeout: 60_000,
        interval: 5,
      });
      const recorded = await pids();
      run.signal('SIGTERM');
      expect(await run.ended()).to.equal(0);
      expect(run.stdout).not.to.include('apportion ready');
      await expectAllGone(recorded);
      expect(await home.processes()).to.deep.equal([]);
    });

    it('takes over from a run that was killed, with what it left', async () => {
      const first = await home.run();
      await first.ready();
      const left = await pids();
      const workers = (await home.processes()).filter(({ role }) => role === 'worker');
      await first.kill();
      // Workers notice by themselves that nobody runs them any more.
      await expectAllGone(workers.map(({ pid }) => pid));
      const second = await home.run();
      await second.ready();
      await expectAllGone(left);
      expect((await fetch(`${second.url}/healthz`)).status).to.equal(200);
      expect(await second.stop(), second.stderr).to.equal(0);
    });
  });

  describe('with DATABASE_URL', () => {
    let database: TestDatabase;

    beforeEach(async () => {
      database = await createTestDatabase({ empty: true });
    });

    afterEach(async () => {
      await home.remove();
      await database.drop();
    });

    it('starts no Postgres of its own', async () => {
      const run = await home.run({ DATABASE_URL: database.url });
      await run.ready();
      expect((await home.processes()).map(({ role }) => role).sort()).to.deep.equal([
        'envoy',
        'worker',
      ]);
      expect(await readdir(home.directory)).not.to.include('postgres');
      expect(await run.stop(), run.stderr).to.equal(0);
    });

    it('labels the figures of every worker', async () => {
      const run = await home.run({ DATABASE_URL: database.url, WORKERS: '2' });
      await run.ready();
      const text = await figures();
      expect(text).to.include('apportion_worker_up{worker="1"} 1\n');
      expect(text).to.include('apportion_worker_up{worker="2"} 1\n');
      expect(text.match(/^# TYPE process_cpu_seconds_total /gm)).to.have.lengthOf(1);
      expect(await run.stop(), run.stderr).to.equal(0);
    });

    it('loses no request when a worker is killed, and starts it again', async () => {
      const run = await home.run({ DATABASE_URL: database.url, WORKERS: '2' });
      await run.ready();
      await eventually(async () => /worker="2"\} 1/.test(await figures()));
      const before = (await home.processes()).filter(({ role }) => role === 'worker');
      process.kill(before[0]!.pid, 'SIGKILL');
      for (let call = 0; call < 100; call += 1) {
        expect((await fetch(`${run.url}/healthz`)).status, `call ${call}`).to.equal(200);
      }
      const after = await eventually(async () => {
        const workers = (await home.processes()).filter(({ role }) => role === 'worker');
        return workers.length === 2 ? workers : false;
      });
      expect(after.map(({ pid }) => pid)).not.to.include(before[0]!.pid);
      expect(after.map(({ pid }) => pid)).to.include(before[1]!.pid);
      await eventually(async () => {
        const text = await figures();
        return /up\{worker="1"\} 1/.test(text) && /up\{worker="2"\} 1/.test(text);
      });
      expect(run.stderr).to.match(/worker \d ended: starting it again/);
      expect(await run.stop(), run.stderr).to.equal(0);
    });

    it('ends when Envoy does, with one line and nothing left', async () => {
      const run = await home.run({ DATABASE_URL: database.url });
      await run.ready();
      const processes = await home.processes();
      process.kill(processes.find(({ role }) => role === 'envoy')!.pid, 'SIGKILL');
      expect(await run.ended()).to.equal(1);
      expect(run.complaints).to.have.lengthOf(1);
      expect(run.complaints[0]).to.include('Envoy ended');
      await expectAllGone(processes.map(({ pid }) => pid));
    });

    it('loses no request in flight while it stops', async () => {
      const run = await home.run({ DATABASE_URL: database.url });
      await run.ready();
      let answered = 0;
      const callers = Array.from({ length: 16 }, async () => {
        for (;;) {
          const answer = await fetch(`${run.url}/healthz?counted`).catch((error: unknown) => error);
          if (answer instanceof Error) return (answer.cause as Error).message;
          expect((answer as Response).status).to.equal(200);
          answered += 1;
        }
      });
      await eventually(() => answered > 100);
      expect(await run.stop(), run.stderr).to.equal(0);
      // Nobody listens any more, or the request came too late on a connection that was kept alive.
      for (const ending of await Promise.all(callers)) {
        expect(ending).to.match(/ECONN|other side closed/);
      }
      // What had come in was answered: Envoy's own list knows every request it has read.
      const log = await readFile(path.join(home.directory, 'edge', 'access.log'), 'utf8');
      const taken = log.split('\n').filter((line) => line.includes('/healthz?counted'));
      expect(taken).to.have.lengthOf(answered);
      for (const line of taken) expect(JSON.parse(line)).to.include({ s: 200 });
    });

    it('gives up on a request that does not end, after DRAIN_SECONDS', async () => {
      const run = await home.run({ DATABASE_URL: database.url, DRAIN_SECONDS: '1' });
      await run.ready();
      const caller = await endlessRequest(run);
      expect(await run.stop(), run.stderr).to.equal(0);
      expect(run.stderr).to.include('DRAIN_SECONDS');
      caller.destroy();
    });

    it('stops at once on a second signal', async () => {
      const run = await home.run({ DATABASE_URL: database.url, DRAIN_SECONDS: '3600' });
      await run.ready();
      const recorded = await pids();
      const caller = await endlessRequest(run);
      run.signal('SIGINT');
      await eventually(() => run.stderr.includes('stopping'));
      run.signal('SIGINT');
      expect(await run.ended(10_000)).to.equal(1);
      await expectAllGone(recorded);
      caller.destroy();
    });

    it('refuses a second run on the same home, which does not disturb the first', async () => {
      const first = await home.run({ DATABASE_URL: database.url });
      await first.ready();
      const second = await home.run({ DATABASE_URL: database.url });
      expect(await second.ended()).to.equal(1);
      expect(second.complaints, second.stderr).to.have.lengthOf(1);
      expect(second.complaints[0]).to.include(`process ${first.pid}`).and.include(home.directory);
      expect((await fetch(`${first.url}/healthz`)).status).to.equal(200);
      expect(await first.stop(), first.stderr).to.equal(0);
    });

    it('hands the test mode of the Image API on to its servers, and says so', async () => {
      const run = await home.run({ DATABASE_URL: database.url, IMAGES_AUTH: 'fake' });
      await run.ready();
      expect(run.stderr).to.include('IMAGES_AUTH=fake: whoever reaches the port may be anybody');
      const [command] = printedCurls(run).filter((line) => line.endsWith('/v2/images'));
      expect(command).to.include('X-Auth-Token: alice:');
      const { stdout } = await shell((command ?? '').replace('curl ', 'curl --silent --fail '));
      expect(JSON.parse(stdout)).to.deep.include({ images: [] });
      expect(await run.stop(), run.stderr).to.equal(0);
    });

    it('applies a state file of the operator instead of the demo', async () => {
      const file = path.join(home.directory, 'state.yaml');
      await writeFile(
        file,
        'components:\n  - {name: solo, token: solo-token, token_expires_at: null, services: []}\n',
      );
      const run = await home.run({ DATABASE_URL: database.url, STATE: file });
      await run.ready();
      expect(run.stdout).not.to.include('alice-token');
      const known = (token: string): Promise<Response> =>
        fetch(`${run.url}/account/v1.0/commissions`, { headers: { 'x-auth-token': token } });
      expect((await known('solo-token')).status).to.equal(200);
      expect((await known('nimbus-token')).status).to.equal(401);
      expect(await run.stop(), run.stderr).to.equal(0);
    });

    it('names file, path and reason of a broken state file', async () => {
      const file = path.join(home.directory, 'state.yaml');
      await writeFile(file, 'users:\n  - {uuid: x, username: y, colour: green}\n');
      const line = await refusal(await home.run({ DATABASE_URL: database.url, STATE: file }));
      expect(line).to.include(file).and.include('users[0]');
    });

    it('names a state file that does not exist', async () => {
      const file = path.join(home.directory, 'missing.yaml');
      const line = await refusal(await home.run({ DATABASE_URL: database.url, STATE: file }));
      expect(line).to.include(file);
    });

    it('names an Envoy that does not run', async () => {
      const envoy = path.join(home.directory, 'no-envoy');
      const line = await refusal(await home.run({ DATABASE_URL: database.url, ENVOY: envoy }));
      expect(line).to.match(/^.*ENVOY: .*no-envoy does not run/);
    });
  });

  for (const variable of ['HTTP_PORT', 'GRPC_PORT', 'METRICS_PORT', 'ENVOY_ADMIN_PORT'] as const) {
    it(`names ${variable} when its port is in use, before anything starts`, async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      const { port } = taken.address() as AddressInfo;
      try {
        const line = await refusal(await home.run({ [variable]: String(port) }));
        expect(line).to.include(`${variable}: port ${port} is in use`);
        expect(await readdir(home.directory)).not.to.include('postgres');
      } finally {
        taken.close();
      }
    });
  }

  it('names two variables that are given the same port', async () => {
    const line = await refusal(await home.run({ GRPC_PORT: home.ports.HTTP_PORT }));
    expect(line).to.include('GRPC_PORT').and.include('HTTP_PORT');
  });

  it('refuses the test mode of the Image API where other machines could call', async () => {
    const line = await refusal(await home.run({ IMAGES_AUTH: 'fake', LISTEN_ADDRESS: '0.0.0.0' }));
    expect(line).to.include('IMAGES_AUTH: fake is refused while LISTEN_ADDRESS is 0.0.0.0');
  });

  it('says in one line that the database cannot be reached, without its password', async () => {
    const url = `postgres://apportion:very-secret@127.0.0.1:1/apportion`;
    const line = await refusal(await home.run({ DATABASE_URL: url }));
    expect(line).to.include('DATABASE_URL').and.not.include('very-secret');
  });

  async function figures(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${home.ports.METRICS_PORT}/metrics`);
    expect(answer.status).to.equal(200);
    return answer.text();
  }
});

/** Makes a request whose body never comes, and returns once Envoy has it. */
async function endlessRequest(run: DevRun): Promise<Socket> {
  const socket = connect(Number(run.home.ports.HTTP_PORT), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('POST /account/v1.0/commissions HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n');
  const stats = `http://127.0.0.1:${run.home.ports.ENVOY_ADMIN_PORT}/stats?filter=rest.downstream_rq_active`;
  await eventually(async () => /active: [1-9]/.test(await (await fetch(stats)).text()));
  return socket;
}

/** The printed `curl` commands, continued lines joined. */
function printedCurls(run: DevRun): readonly string[] {
  const text = run.stdout.replace(/\\\n\s*/g, '');
  return text.split('\n').filter((line) => line.startsWith('  curl '));
}

/** Returns the serial of a pending commission of the demo's nimbus component. */
async function issueCommission(run: DevRun): Promise<number> {
  const project = 'project:9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa';
  const answer = await fetch(`${run.url}/account/v1.0/commissions`, {
    method: 'POST',
    headers: { 'x-auth-token': 'nimbus-token', 'content-type': 'application/json' },
    body: JSON.stringify({
      provisions: [{ holder: project, source: null, resource: 'nimbus.vm', quantity: 1 }],
    }),
  });
  const body = await answer.text();
  expect(answer.status, body).to.equal(201);
  return (JSON.parse(body) as { serial: number }).serial;
}
