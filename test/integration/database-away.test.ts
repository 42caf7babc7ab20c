// Goal: while the database is away callers are told so within two seconds, over both faces, and when
// it is back everything goes on by itself. Method: a whole stack on a Postgres of its own, which is
// stopped, started again, and frozen together with all of its processes.
import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { processesIn } from '../../src/db/embedded/process-table.js';
import { migrate } from '../../src/db/migrate.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { healthAt } from '../support/grpc-health.js';
import { type HeldRows, holdHoldings } from '../support/held-rows.js';
import { LedgerClient, userProvision } from '../support/ledger.js';
import type { RestAnswer } from '../support/rest-client.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const USER = '5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21';

/** What is promised, in milliseconds. */
const SOON = 2_000;

describe('a database that is away', function () {
  this.timeout(120_000);

  let directory: string;
  let postgres: EmbeddedPostgres;
  let stack: Stack;
  let ledger: LedgerClient;
  let grpc: GrpcClient;
  let held: HeldRows | undefined;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'apportion-away-'));
    postgres = await startEmbeddedPostgres({ directory, settings: { fsync: 'off' } });
    await migrate(postgres.url, 'up');
    stack = await startWorld({ database: databaseAt(postgres.url) });
    await stack.apply(
      `users: [{uuid: ${USER}, username: alice, email: alice@x, tokens: [{value: alice-token}]}]`,
    );
    ledger = new LedgerClient(stack.rest, 'nimbus-token');
    grpc = connectGrpc(stack.edge);
  });

  after(async () => {
    grpc.close();
    await stack.stop();
    await postgres.stop('immediate');
    await rm(postgres.directory, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  });

  afterEach(async () => {
    await held?.release();
    held = undefined;
  });

  async function startAgain(): Promise<void> {
    const { port } = postgres;
    postgres = await startEmbeddedPostgres({ directory, port, settings: { fsync: 'off' } });
  }

  /** Sends a signal to the server and everybody who works for it. */
  async function signalAll(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const pids = await processesIn(path.join(postgres.directory, 'data'));
    expect(pids).to.include(postgres.pid);
    // The parent first: it must not start new ones meanwhile.
    for (const pid of [postgres.pid, ...pids]) process.kill(pid, signal);
  }

  const issue = () => ledger.send([userProvision(USER, USER, 'nimbus.vm', 1)]);

  async function pending(): Promise<number> {
    return (await stack.database.query('select from commissions')).length;
  }

  async function soon<T>(work: Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work;
    expect(performance.now() - began).to.be.below(SOON);
    return result;
  }

  function expectFault(answer: RestAnswer): void {
    expect(answer.status, answer.text).to.equal(503);
    expect(answer.headers).to.include({
      'content-type': 'application/json; charset=UTF-8',
      vary: 'X-Auth-Token',
      'retry-after': '1',
      'content-length': String(answer.bytes.length),
    });
    const { serviceUnavailable } = JSON.parse(answer.text) as Record<string, unknown>;
    expect(serviceUnavailable).to.deep.equal({
      code: 503,
      message: 'The database cannot be reached',
      details: '',
    });
  }

  /** Every way of asking, all of them at once: whatever needs the database fails, and soon. */
  async function expectAway(): Promise<void> {
    const answers = await soon(
      Promise.all([
        issue(),
        stack.rest.get('/account/v1.0/resources'),
        stack.rest.get('/account/v1.0/quotas', { token: 'alice-token' }),
        stack.rest.get('/account/v1.0/quotas', { token: 'nobody' }),
        stack.rest.get('/account/v1.0/service_quotas', { token: 'nimbus-token' }),
        ledger.resolve([1n], []),
        stack.rest.post('/identity/v2.0/tokens'),
      ]),
    );
    for (const answer of answers) expectFault(answer);
    const failures = await soon(
      Promise.all([
        grpcFailure(grpc.resources.listResources({})),
        grpcFailure(grpc.commissions.listCommissions({}, { token: 'nimbus-token' })),
        grpcFailure(grpc.quotas.listQuotas({}, { token: 'nobody' })),
      ]),
    );
    for (const failure of failures)
      expect(failure).to.include({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
  }

  async function expectUnhealthy(): Promise<void> {
    await eventually(
      async () =>
        (await healthAt(stack.addresses[0]!)) === 'NOT_SERVING' &&
        (await stack.rest.get('/healthz')).status === 503,
      { timeout: SOON },
    );
  }

  async function expectRecovery(): Promise<void> {
    await eventually(async () => (await stack.rest.get('/healthz')).status === 200);
    expect(await healthAt(stack.addresses[0]!)).to.equal('SERVING');
    const serial = await ledger.issue([userProvision(USER, USER, 'nimbus.vm', 1)]);
    await ledger.settle(serial, 'reject');
    const { resources } = await grpc.resources.listResources({});
    expect(resources.map(({ name }) => name)).to.include('nimbus.vm');
    const quotas = await stack.rest.get('/account/v1.0/quotas', { token: 'alice-token' });
    expect(quotas.status).to.equal(200);
  }

  it('is told within two seconds when it was stopped, and forgotten when it is back', async () => {
    await expectRecovery();
    await postgres.stop('fast');
    await expectAway();
    await expectUnhealthy();
    await expectAway();
    await startAgain();
    await expectRecovery();
  });

  it('is told within two seconds when it hangs, and forgotten when it answers again', async () => {
    await expectRecovery();
    await signalAll('SIGSTOP');
    try {
      await expectAway();
      await expectUnhealthy();
      await expectAway();
    } finally {
      await signalAll('SIGCONT');
    }
    await expectRecovery();
  });

  it('lets go of the calls in flight, which have changed nothing, when it is stopped', async () => {
    // While it hung, some may have been issued whose callers were told that nobody knows.
    const before = await pending();
    held = await holdHoldings(stack.database, `user:${USER}`);
    const calls = Array.from({ length: 5 }, issue);
    await held.awaited(1);
    const answers = soon(Promise.all(calls));
    await Promise.all([answers, postgres.stop('immediate')]);
    for (const answer of await answers) expectFault(answer);
    await startAgain();
    await expectRecovery();
    expect(await pending()).to.equal(before);
  });

  it('lets go of the calls in flight when it hangs', async () => {
    held = await holdHoldings(stack.database, `user:${USER}`);
    const calls = Array.from({ length: 5 }, issue);
    await held.awaited(1);
    await signalAll('SIGSTOP');
    try {
      for (const answer of await soon(Promise.all(calls))) expectFault(answer);
    } finally {
      await signalAll('SIGCONT');
    }
    await held.release();
    await expectRecovery();
  });

  it('comes and goes any number of times', async () => {
    for (let round = 0; round < 3; round += 1) {
      await postgres.stop('immediate');
      await expectAway();
      await startAgain();
      await expectRecovery();
    }
  });
});

/** A connection for every question, because none would survive what is done to the server. */
function databaseAt(url: string): TestDatabase {
  return {
    url,
    async query(text, values) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query(text, values)).rows as never;
      } finally {
        await client.end();
      }
    },
    drop: () => Promise.resolve(),
  };
}
