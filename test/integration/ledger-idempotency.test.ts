// Goal: calls that change the ledger can be repeated: the same call is done once, however often, from
// wherever it comes. Method: IssueCommission with request ids, at a server in this process and at one in
// another process; rows held under lock make calls meet; the clock is the test's own.
import { expect } from 'chai';
import type { IssueCommissionRequest } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { holdHoldings } from '../support/held-rows.js';
import { createPerson, ofProject, ofUser, pairOf, type Person } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { intervalOf, loggedOf } from '../support/stored-ledger.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const DAY_MS = 86_400_000;

describe('commissions with a request id', () => {
  let stack: Stack;
  /** One client per server: the first in this process, the second in its own. */
  let clients: readonly [GrpcClient, GrpcClient];
  let user: Person;
  let now: Date;
  let count = 0;

  before(async function () {
    this.timeout(60_000);
    now = new Date();
    stack = await startWorld({ envoy: false, processes: 1, clock: { now: () => now } });
    const [one = '', other = ''] = stack.addresses;
    clients = [connectGrpc(one), connectGrpc(other)];
  });

  after(async () => {
    for (const client of clients) client.close();
    await stack.stop();
  });

  beforeEach(async () => {
    now = new Date();
    user = await createPerson(stack);
  });

  const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);
  const ram = (quantity: bigint) => ofUser(user, 'nimbus.ram', quantity);
  const freshId = () => `request ${(count += 1)}`;

  function issue(
    request: Partial<IssueCommissionRequest>,
    { server = 0, caller = NIMBUS }: { server?: 0 | 1; caller?: typeof NIMBUS } = {},
  ) {
    return clients[server].commissions.issueCommission(request, caller);
  }

  /** Runs calls that all wait for the user's holdings, and lets them go once `by` connections do. */
  async function whileHeld<T>(by: number, begin: () => Promise<T>[]): Promise<T[]> {
    const held = await holdHoldings(stack.database, `user:${user.uuid}`);
    try {
      const calls = begin();
      await held.awaited(by);
      await held.release();
      return await Promise.all(calls);
    } finally {
      await held.release();
    }
  }

  async function commissionsNamed(name: string): Promise<number> {
    const [row] = await stack.database.query<{ n: number }>(
      `select ((select count(*) from commissions where name = $1)
             + (select count(*) from settled_commissions where name = $1))::int as n`,
      [name],
    );
    return row?.n ?? 0;
  }

  describe('IssueCommission with a request id', () => {
    it('returns the serial of the first success, and reserves once', async () => {
      const requestId = freshId();
      const first = await issue({ provisions: [vm(3n)], requestId });
      const second = await issue({ provisions: [vm(3n)], requestId });
      const elsewhere = await issue({ provisions: [vm(3n)], requestId }, { server: 1 });
      expect([second.serial, elsewhere.serial]).to.deep.equal([first.serial, first.serial]);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 3n]);
    });

    it('knows the same content by what it does, not by how it is written', async () => {
      const requestId = freshId();
      const { serial } = await issue({ provisions: [vm(3n), ram(2n)], requestId });
      const reordered = await issue({ provisions: [ram(2n), vm(3n)], requestId });
      const apart = await issue({ provisions: [vm(1n), ram(2n), vm(2n)], requestId });
      expect([reordered.serial, apart.serial]).to.deep.equal([serial, serial]);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 3n]);
    });

    it('still returns it when the commission was settled meanwhile, either way', async () => {
      for (const how of ['accept', 'reject'] as const) {
        const requestId = freshId();
        const { serial } = await issue({ provisions: [vm(1n)], requestId });
        await clients[0].commissions.resolveCommissions({ [how]: [serial] }, NIMBUS);
        expect(await issue({ provisions: [vm(1n)], requestId })).to.include({ serial });
      }
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([1n, 1n]);
    });

    it('charges once when it settles at once', async () => {
      const request = { provisions: [vm(4n)], autoAccept: true, requestId: freshId() };
      const first = await issue(request);
      expect(await issue(request)).to.include({ serial: first.serial });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([4n, 4n]);
      expect(await loggedOf(stack, first.serial)).to.have.length(1);
    });

    it('is known even without provisions', async () => {
      const request = { provisions: [], name: 'nothing', requestId: freshId() };
      const { serial } = await issue(request);
      expect(await issue(request, { server: 1 })).to.include({ serial });
    });

    it('returns the serial though the same call would not fit any more', async () => {
      const request = { provisions: [vm(60n)], requestId: freshId() };
      const { serial } = await issue(request);
      await issue({ provisions: [vm(40n)] });
      expect(await issue(request)).to.include({ serial });
    });

    it('refuses the same id with other content, whatever differs, and tells both', async () => {
      const requestId = freshId();
      const request = { provisions: [vm(1n), ram(1n)], name: 'one', requestId };
      const { serial } = await issue(request);
      const others: Partial<IssueCommissionRequest>[] = [
        { provisions: [vm(1n)] },
        { provisions: [vm(2n), ram(1n)] },
        { provisions: [vm(1n), ram(1n), ofProject(user.uuid, 'nimbus.vm', 1n)] },
        { provisions: [vm(1n), ofProject(user.uuid, 'nimbus.ram', 1n)] },
        { name: 'two' },
        { force: true },
        { autoAccept: true },
        { expiresIn: { seconds: 9n, nanos: 0 } },
      ];
      for (const other of others) {
        const failure = await grpcFailure(issue({ ...request, ...other }));
        expect(failure).to.deep.include({
          code: 'ALREADY_EXISTS',
          reason: 'REQUEST_ID_REUSED',
          facts: { request_id: requestId, serial: String(serial) },
        });
      }
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
    });

    it('is judged anew after a refusal, which is not remembered', async () => {
      const requestId = freshId();
      const full = await issue({ provisions: [vm(100n)] });
      const failure = await grpcFailure(issue({ provisions: [vm(1n)], requestId }));
      expect(failure).to.include({ reason: 'NO_CAPACITY' });
      await clients[0].commissions.resolveCommissions({ reject: [full.serial] }, NIMBUS);
      const { serial } = await issue({ provisions: [vm(1n)], requestId });
      expect(serial > full.serial).to.equal(true);
      expect(await issue({ provisions: [vm(1n)], requestId })).to.include({ serial });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
    });

    it('may have other content after a refusal', async () => {
      const requestId = freshId();
      await grpcFailure(issue({ provisions: [vm(101n)], requestId }));
      await issue({ provisions: [vm(1n)], requestId });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
    });

    it('belongs to one component', async () => {
      const request = { provisions: [vm(1n)], requestId: freshId() };
      const ours = await issue(request);
      const theirs = await issue(request, { caller: ORBIT });
      expect(theirs.serial).not.to.equal(ours.serial);
      expect(await issue(request, { caller: ORBIT })).to.include({ serial: theirs.serial });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 2n]);
    });

    it('is ignored by a dry run', async () => {
      const requestId = freshId();
      const request = { provisions: [vm(70n)], requestId };
      expect(await issue({ ...request, dryRun: true })).to.include({ serial: 0n });
      const { serial } = await issue(request);
      expect(await grpcFailure(issue({ ...request, dryRun: true }))).to.include({
        reason: 'NO_CAPACITY',
      });
      expect(await issue({ provisions: [vm(1n)], dryRun: true, requestId })).to.include({
        serial: 0n,
      });
      expect(await issue(request)).to.include({ serial });
    });

    it('counts as none when it is empty', async () => {
      const request = { provisions: [vm(1n)], requestId: '' };
      const { serial } = await issue(request);
      expect((await issue(request)).serial).not.to.equal(serial);
    });

    it('has at most 255 characters, and every one that can be stored', async () => {
      for (const requestId of ['x'.repeat(255), 'ναμε 😀 "a"\\ \u0001\n\t', ' ']) {
        const request = { provisions: [vm(1n)], requestId: `${requestId}${user.uuid}`.slice(-255) };
        const { serial } = await issue(request);
        expect(await issue(request)).to.include({ serial });
      }
      for (const requestId of ['x'.repeat(256), 'a\0b']) {
        const failure = await grpcFailure(issue({ provisions: [vm(1n)], requestId }));
        expect(failure).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
        expect(failure.message).to.include('request id');
      }
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 3n]);
    });
  });

  describe('repeats that come together', () => {
    it('within one batch are one commission', async () => {
      const name = freshId();
      const request = { provisions: [vm(60n)], name, requestId: name };
      // The first call is a batch of its own; what comes while it waits for the rows is the next.
      const held = await holdHoldings(stack.database, `user:${user.uuid}`);
      const first = issue({ provisions: [vm(1n)] });
      await held.awaited(1);
      const repeats = [1, 2, 3].map(() => issue(request));
      // Answered on the same connection, so behind the others.
      await clients[0].resources.listResources({});
      await held.release();
      const [, ...answers] = await Promise.all([first, ...repeats]);
      expect(new Set(answers.map(({ serial }) => serial)).size).to.equal(1);
      expect(await commissionsNamed(name)).to.equal(1);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 61n]);
    });

    it('from two processes are one commission, though two would not fit', async () => {
      const name = freshId();
      const request = { provisions: [vm(60n)], name, requestId: name };
      const answers = await whileHeld(2, () => [
        issue(request, { server: 0 }),
        issue(request, { server: 1 }),
      ]);
      expect(answers[0]!.serial).to.equal(answers[1]!.serial);
      expect(await commissionsNamed(name)).to.equal(1);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 60n]);
    });

    it('from two processes that share no holding are one commission, and the other one is told', async () => {
      const other = await createPerson(stack);
      const requestId = freshId();
      const calls = await Promise.allSettled([
        issue({ provisions: [vm(1n)], requestId }, { server: 0 }),
        issue({ provisions: [ofUser(other, 'nimbus.vm', 1n)], requestId }, { server: 1 }),
      ]);
      expect(calls.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
      const lost = calls.findIndex(({ status }) => status === 'rejected');
      expect((calls[lost] as PromiseRejectedResult).reason).to.include({ code: 6 });
      const charged = await Promise.all(
        [user, other].map((holder) => intervalOf(stack, ofUser(holder, 'nimbus.vm', 0n))),
      );
      expect(charged[lost]).to.deep.equal([0n, 0n]);
      expect(charged[1 - lost]).to.deep.equal([0n, 1n]);
    });

    it('in numbers and without anything to wait for are one commission', async () => {
      const name = freshId();
      const request = { provisions: pairOf(user, 'nimbus.vm', 7n), name, requestId: name };
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => issue(request, { server: index % 2 ? 1 : 0 })),
      );
      expect(new Set(answers.map(({ serial }) => serial)).size).to.equal(1);
      expect(await commissionsNamed(name)).to.equal(1);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 7n]);
    });

    it('of calls without provisions are one commission, too', async () => {
      const name = freshId();
      const request = { provisions: [], name, requestId: name };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => issue(request, { server: index % 2 ? 1 : 0 })),
      );
      expect(new Set(answers.map(({ serial }) => serial)).size).to.equal(1);
      expect(await commissionsNamed(name)).to.equal(1);
    });
  });

  describe('after REQUEST_ID_DAYS', () => {
    const forget = async () => {
      const sweep = stack.operations.quotas.sweeps.find(
        ({ name }) => name === 'quotas.forget_requests',
      );
      await sweep!.run();
    };
    const later = (milliseconds: number) => {
      now = new Date(now.getTime() + milliseconds);
    };

    it('request ids are forgotten, not before', async () => {
      const request = { provisions: [vm(1n)], requestId: freshId() };
      const { serial } = await issue(request);
      later(7 * DAY_MS);
      await forget();
      expect(await issue(request)).to.include({ serial });
      later(1);
      await forget();
      expect((await issue(request)).serial).not.to.equal(serial);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 2n]);
    });

    it('as many as there are are forgotten in one run', async () => {
      await stack.database.query(
        `insert into commission_requests (component_id, request_id, fingerprint, serial, created_at)
         select c.id, 'old ' || n, decode(repeat('00', 32), 'hex'), 1, now() - interval '8 days'
           from components c, generate_series(1, 1234) as n where c.name = 'nimbus'`,
      );
      const requestId = freshId();
      await issue({ requestId });
      await forget();
      const rows = await stack.database.query<{ request_id: string }>(
        `select request_id from commission_requests where request_id like 'old %' or request_id = $1`,
        [requestId],
      );
      expect(rows).to.deep.equal([{ request_id: requestId }]);
    });

    it('settlements are told no longer, and stay in the log', async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      const accept = () => clients[0].commissions.resolveCommissions({ accept: [serial] }, NIMBUS);
      await accept();
      later(7 * DAY_MS - 1);
      expect((await accept()).accepted).to.deep.equal([serial]);
      later(1);
      const { accepted, failed } = await accept();
      expect(accepted).to.deep.equal([]);
      expect(failed.map(({ reason }) => reason)).to.deep.equal(['COMMISSION_NOT_FOUND']);
      expect(await loggedOf(stack, serial)).to.have.length(1);
    });
  });
});
