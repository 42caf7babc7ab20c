// Goal: calls that change the ledger can be repeated: the same call is done once, however often, from
// wherever and over whichever face it comes. Method: IssueCommission with request ids and settlements, at a
// server in this process, at one in another process and over REST; rows held under lock make calls meet.
import { expect } from 'chai';
import type { IssueCommissionRequest } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { Settlement_Outcome } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import type { JsonObject } from '../../src/rpc/json.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { holdHoldings } from '../support/held-rows.js';
import { LedgerClient } from '../support/ledger.js';
import { createPerson, ofProject, ofUser, pairOf, type Person } from '../support/people.js';
import { exchange } from '../support/raw-http.js';
import type { RestAnswer } from '../support/rest-client.js';
import type { Stack } from '../support/stack.js';
import { intervalOf, loggedOf } from '../support/stored-ledger.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const DAY_MS = 86_400_000;

describe('repeated calls of the ledger', () => {
  let stack: Stack;
  /** One client per server: the first in this process, the second in its own. */
  let clients: readonly [GrpcClient, GrpcClient];
  let user: Person;
  let now: Date;
  let count = 0;

  before(async function () {
    this.timeout(60_000);
    now = new Date();
    stack = await startWorld({ processes: 1, clock: { now: () => now } });
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

  describe('Idempotency-Key over REST', () => {
    const send = (key: string | readonly string[], provisions = [vm(5n)], name = '') =>
      stack.rest.post('/account/v1.0/commissions', {
        ...NIMBUS,
        headers: { 'idempotency-key': key as string | string[] },
        json: {
          name,
          provisions: provisions.map((provision) => ({
            ...provision,
            source: provision.source ?? null,
          })),
        },
      });
    const serialIn = (answer: RestAnswer) => {
      expect(answer.status, answer.text).to.equal(201);
      return (answer.json as JsonObject)['serial'];
    };

    it('is the request id of the call, the same one that stubs send', async () => {
      const requestId = freshId();
      const serial = serialIn(await send(requestId));
      expect(serialIn(await send(requestId))).to.equal(serial);
      expect(await issue({ provisions: [vm(5n)], requestId })).to.include({ serial });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 5n]);
    });

    it('with other content is a conflict in the shape of the API', async () => {
      const requestId = freshId();
      serialIn(await send(requestId));
      const answer = await send(requestId, [vm(6n)]);
      expect(answer.status).to.equal(409);
      expect(answer.json).to.have.nested.property('conflict.code', 409n);
      expect(answer.json).to.have.nested.property('conflict.details', '');
      expect(answer.json).to.have.nested.property('conflict.message').that.is.not.empty;
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 5n]);
    });

    it('is judged anew after a documented refusal', async () => {
      const requestId = freshId();
      expect((await send(requestId, [vm(101n)])).status).to.equal(413);
      serialIn(await send(requestId));
    });

    it('may be left out or empty, then nothing is remembered', async () => {
      const first = serialIn(await send(''));
      expect(serialIn(await send(''))).not.to.equal(first);
    });

    it('with 255 characters is taken, a longer one is 400', async () => {
      const key = `${user.uuid}${'k'.repeat(255)}`.slice(0, 255);
      expect(serialIn(await send(key))).to.equal(serialIn(await send(key)));
      const answer = await send(`${key}k`);
      expect(answer.status).to.equal(400);
      expect(answer.json).to.have.nested.property('badRequest.code', 400n);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 5n]);
    });

    it('is taken as it is: quotes, commas and blanks belong to it', async () => {
      const keys = [`"${user.uuid}"`, user.uuid, `${user.uuid}, b`, `;${user.uuid}=/?\\%00%ff`];
      const serials = [];
      for (const key of keys) serials.push(serialIn(await send(key)));
      expect(new Set(serials).size).to.equal(keys.length);
      for (const [index, key] of keys.entries())
        expect(serialIn(await send(key))).to.equal(serials[index]);
    });

    it('that came twice is one key of both', async () => {
      const serial = serialIn(await send([`a ${user.uuid}`, 'b']));
      expect(serialIn(await send([`a ${user.uuid}`, 'b']))).to.equal(serial);
    });

    it('with bytes that are no text is never dropped silently: 400 and nothing is reserved', async () => {
      const json = JSON.stringify({
        provisions: [{ ...vm(0n), quantity: 5 }],
      });
      for (const garbage of ['\xff\xfe', 'caf\xc3\xa9', '\x80', 'a\tb\xa0']) {
        const text = await exchange(
          stack.envoy.httpPort,
          [
            'POST /account/v1.0/commissions HTTP/1.1',
            'Host: localhost',
            'Connection: close',
            'X-Auth-Token: nimbus-token',
            'Content-Type: application/json',
            `Idempotency-Key: ${garbage}`,
            `Content-Length: ${json.length}`,
            '',
            json,
          ].join('\r\n'),
        );
        expect(text.split('\r\n')[0], garbage).to.include(' 400 ');
      }
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 0n]);
    });
  });

  describe('settling again', () => {
    const settle = (serial: bigint, how: 'accept' | 'reject', server: 0 | 1 = 0, caller = NIMBUS) =>
      clients[server].commissions.resolveCommission(
        { serial, action: { $case: how, value: { reason: `by ${how}` } } },
        caller,
      );

    it('the same way is OK again, says so and changes nothing', async () => {
      for (const how of ['accept', 'reject'] as const) {
        const { serial } = await issue({ provisions: [vm(1n)] });
        expect(await settle(serial, how)).to.include({ alreadySettled: false });
        const interval = await intervalOf(stack, vm(0n));
        expect(await settle(serial, how)).to.include({ alreadySettled: true });
        expect(await settle(serial, how, 1)).to.include({ alreadySettled: true });
        expect(await intervalOf(stack, vm(0n))).to.deep.equal(interval);
        expect(await loggedOf(stack, serial)).to.have.length(1);
      }
    });

    it('the other way fails with how it ended, and changes nothing', async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      await settle(serial, 'accept');
      expect(await grpcFailure(settle(serial, 'reject'))).to.deep.include({
        code: 'FAILED_PRECONDITION',
        reason: 'COMMISSION_SETTLED',
        facts: { serial: String(serial), outcome: 'ACCEPTED' },
      });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([1n, 1n]);
    });

    it('knows what was accepted at once', async () => {
      const { serial } = await issue({ provisions: [vm(1n)], autoAccept: true });
      expect(await settle(serial, 'accept')).to.include({ alreadySettled: true });
      expect(await grpcFailure(settle(serial, 'reject'))).to.include({
        reason: 'COMMISSION_SETTLED',
      });
    });

    it("does not tell others' settlements", async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      await settle(serial, 'accept');
      for (const how of ['accept', 'reject'] as const)
        expect(await grpcFailure(settle(serial, how, 0, ORBIT))).to.include({
          code: 'NOT_FOUND',
          reason: 'COMMISSION_NOT_FOUND',
        });
    });

    it('many at once counts what is settled already as settled, and tells when and why', async () => {
      const serials: bigint[] = [];
      for (let index = 0; index < 4; index += 1)
        serials.push((await issue({ provisions: [vm(1n)] })).serial);
      const [accepted = 0n, rejected = 0n, contrary = 0n, fresh = 0n] = serials;
      await settle(accepted, 'accept');
      await settle(rejected, 'reject');
      await settle(contrary, 'reject');
      const again = await clients[1].commissions.resolveCommissions(
        { accept: [fresh, contrary, accepted], reject: [rejected] },
        NIMBUS,
      );
      expect(again.accepted).to.deep.equal([accepted, fresh]);
      expect(again.rejected).to.deep.equal([rejected]);
      expect(again.failed).to.deep.equal([
        {
          serial: contrary,
          reason: 'COMMISSION_SETTLED',
          message: `serial ${contrary} was rejected before`,
        },
      ]);
      expect(
        again.alreadySettled.map(({ serial, outcome, reason }) => [serial, outcome, reason]),
      ).to.deep.equal([
        [accepted, Settlement_Outcome.OUTCOME_ACCEPTED, 'by accept'],
        [rejected, Settlement_Outcome.OUTCOME_REJECTED, 'by reject'],
        [contrary, Settlement_Outcome.OUTCOME_REJECTED, 'by reject'],
      ]);
      for (const { settleTime } of again.alreadySettled)
        expect(settleTime?.getTime()).to.equal(now.getTime());
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([2n, 2n]);
    });

    it('a conflict stays a conflict, whatever was settled before', async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      const both = { accept: [serial], reject: [serial] };
      const first = await clients[0].commissions.resolveCommissions(both, NIMBUS);
      expect(first.failed.map(({ reason }) => reason)).to.deep.equal(['SERIAL_CONFLICT']);
      await settle(serial, 'accept');
      const later = await clients[0].commissions.resolveCommissions(both, NIMBUS);
      expect(later).to.deep.include({ accepted: [], rejected: [] });
      expect(later.failed.map(({ reason }) => reason)).to.deep.equal(['SERIAL_CONFLICT']);
    });

    it('from two processes at once: one settles, the other one is told that it is', async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      const answers = await whileHeld(2, () => [
        settle(serial, 'accept', 0),
        settle(serial, 'accept', 1),
      ]);
      expect(answers.map(({ alreadySettled }) => alreadySettled).sort()).to.deep.equal([
        false,
        true,
      ]);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([1n, 1n]);
      expect(await loggedOf(stack, serial)).to.have.length(1);
    });

    it('in opposite ways from two processes at once: exactly one wins', async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      const outcomes = await Promise.all(
        (['accept', 'reject'] as const).map((how, server) =>
          settle(serial, how, server ? 1 : 0).then(
            () => how,
            (error: unknown) => {
              expect(error).to.include({ code: 9 });
              return undefined;
            },
          ),
        ),
      );
      const [winner, ...others] = outcomes.filter((how) => how !== undefined);
      expect(others).to.deep.equal([]);
      const usage = winner === 'accept' ? 1n : 0n;
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([usage, usage]);
    });

    it('over REST is answered as documented, as if nothing were remembered', async () => {
      const ledger = new LedgerClient(stack.rest, NIMBUS.token);
      const { serial } = await issue({ provisions: [vm(1n)] });
      await ledger.settle(serial, 'accept');
      for (const how of ['accept', 'reject'] as const) {
        const answer = await ledger.act(serial, how);
        expect([answer.status, answer.text]).to.deep.equal([404, '']);
      }
      const answer = await ledger.resolve([serial], []);
      expect(answer.status).to.equal(200);
      expect(answer.json).to.deep.equal({
        accepted: [],
        rejected: [],
        failed: [
          [serial, { itemNotFound: { code: 404n, message: `serial ${serial} does not exist` } }],
        ],
      });
      expect(await settle(serial, 'accept')).to.include({ alreadySettled: true });
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
