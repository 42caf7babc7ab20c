// Goal: callers notice as little as possible of servers that come and go, and nothing is done twice.
// Method: servers before one Envoy are stopped, drained and killed, while calls are in flight that
// wait for rows which the test has locked.
import { expect } from 'chai';
import { connectGrpc, grpcFailure } from '../../support/grpc-client.js';
import { eventually } from '../../support/eventually.js';
import { type HeldRows, holdHoldings } from '../../support/held-rows.js';
import { LedgerClient, userProvision } from '../../support/ledger.js';
import type { RestAnswer } from '../../support/rest-client.js';
import type { Stack, StackOptions } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const USER = '5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21';

describe('servers behind the edge', function () {
  this.timeout(60_000);

  let stack: Stack;
  let ledger: LedgerClient;
  let held: HeldRows | undefined;

  async function start(options: StackOptions): Promise<void> {
    stack = await startWorld(options);
    ledger = new LedgerClient(stack.rest, 'nimbus-token');
    await stack.apply(`users: [{uuid: ${USER}, username: alice, email: alice@x}]`);
  }

  afterEach(async () => {
    await held?.release();
    held = undefined;
    await stack.stop();
  });

  const one = () => ledger.send([userProvision(USER, USER, 'nimbus.vm', 1)]);

  async function pending(): Promise<number> {
    const rows = await stack.database.query('select from commissions');
    return rows.length;
  }

  function statuses(answers: readonly RestAnswer[]): readonly number[] {
    return [...new Set(answers.map(({ status }) => status))].sort();
  }

  describe('when there is none', () => {
    beforeEach(async () => {
      await start({ servers: 1 });
      await stack.apps[0]!.drain();
    });

    it('callers get 503 in the shape of the API, without a word about our insides', async () => {
      for (const target of ['/account/v1.0/quotas', '/identity/v2.0/tokens', '/account/nothing']) {
        const answer = await stack.rest.get(target);
        expect(answer.status, target).to.equal(503);
        expect(answer.headers).to.include({
          'content-type': 'application/json; charset=UTF-8',
          vary: 'X-Auth-Token',
          'content-length': String(answer.bytes.length),
        });
        expect(answer.headers['cache-control']).to.include('no-store');
        expect(JSON.parse(answer.text)).to.deep.equal({
          serviceUnavailable: { code: 503, message: 'The service is not available.', details: '' },
        });
      }
      const shapes: Record<string, RegExp> = {
        '/placement/allocations/x': /^\{"errors":\[\{.*"status":503.*\}\]\}\s*$/,
        '/v2/images': /^<html>[^]*<title>503 Service Unavailable<\/title>/,
        '/api/x/': /^\{"detail":"[^"]+"\}\s*$/,
        '/healthz': /"code":503/,
        '/nowhere': /"code":503/,
      };
      for (const [target, shape] of Object.entries(shapes)) {
        const answer = await stack.rest.get(target);
        expect(answer.status, target).to.equal(503);
        expect(answer.text, target).to.match(shape);
        expect(answer.text, target).not.to.match(/upstream|healthy|transcoder|connect/i);
      }
    });

    it('gRPC callers get UNAVAILABLE, which says that trying again may help', async () => {
      const grpc = connectGrpc(stack.edge);
      try {
        const failure = await grpcFailure(grpc.resources.listResources({}));
        expect(failure.code).to.equal('UNAVAILABLE');
        expect(failure.message).not.to.include('{');
      } finally {
        grpc.close();
      }
    });
  });

  describe('when one of two is killed', () => {
    beforeEach(() => start({ servers: 1, processes: 1 }));

    it('no later call fails', async () => {
      expect(statuses(await Promise.all(Array.from({ length: 20 }, one)))).to.deep.equal([201]);
      await stack.processes[0]!.stop();
      const answers: RestAnswer[] = [];
      for (let round = 0; round < 40; round += 1) answers.push(await one());
      answers.push(...(await Promise.all(Array.from({ length: 20 }, one))));
      expect(statuses(answers)).to.deep.equal([201]);
      expect(await pending()).to.equal(80);
    });

    it('what it was doing is not done by the other one, and its callers are told', async () => {
      held = await holdHoldings(stack.database, `user:${USER}`);
      const calls = Array.from({ length: 10 }, one);
      // Each server has one batch in hand.
      await held.awaited(2);
      stack.processes[0]!.signal('SIGKILL');
      const first = await Promise.race(calls);
      expect(first.status).to.equal(503);
      expect(JSON.parse(first.text)).to.have.all.keys('serviceUnavailable');
      await held.release();
      const answers = await Promise.all(calls);
      expect(statuses(answers)).to.deep.equal([201, 503]);
      expect(await pending()).to.equal(answers.filter(({ status }) => status === 201).length);
    });
  });

  describe('when one of two is drained', () => {
    beforeEach(() => start({ servers: 2 }));

    it('no call fails, neither those in flight nor those that follow', async () => {
      held = await holdHoldings(stack.database, `user:${USER}`);
      const inFlight = Array.from({ length: 10 }, one);
      await held.awaited(2);
      const drained = stack.apps[0]!.drain();
      const resources = () => stack.rest.get('/account/v1.0/resources');
      const meanwhile: RestAnswer[] = [];
      for (let round = 0; round < 40; round += 1) meanwhile.push(await resources());
      expect(statuses(meanwhile)).to.deep.equal([200]);
      await held.release();
      await drained;
      expect(statuses(await Promise.all(inFlight))).to.deep.equal([201]);
      const later: RestAnswer[] = [];
      for (let round = 0; round < 40; round += 1) later.push(await one());
      expect(statuses(later)).to.deep.equal([201]);
      expect(await pending()).to.equal(50);
    });
  });

  describe('when Envoy is drained', () => {
    beforeEach(() => start({ servers: 1 }));

    it('calls in flight are answered, and the port takes no new ones', async () => {
      held = await holdHoldings(stack.database, `user:${USER}`);
      const inFlight = Array.from({ length: 10 }, one);
      await held.awaited(1);
      const drained = stack.envoy.drain();
      await eventually(async () => {
        const refused = await stack.rest.get('/healthz').catch((error: unknown) => error);
        return (refused as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      });
      await held.release();
      expect(statuses(await Promise.all(inFlight))).to.deep.equal([201]);
      expect(await drained).to.equal(true);
      expect(await pending()).to.equal(10);
    });
  });
});
