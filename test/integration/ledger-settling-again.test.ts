// Goal: settling again changes nothing and says so, and REST callers make issuing safe to repeat with a
// header. Method: settlements at two servers, with rows held under lock so that they meet, and documented
// requests with Idempotency-Key through a real Envoy, byte by byte where no client would send them.
import { expect } from 'chai';
import {
  type IssueCommissionRequest,
  Settlement_Outcome,
} from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import type { JsonObject } from '../../src/rpc/json.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { holdHoldings } from '../support/held-rows.js';
import { LedgerClient } from '../support/ledger.js';
import { createPerson, ofUser, type Person } from '../support/people.js';
import { exchange } from '../support/raw-http.js';
import type { RestAnswer } from '../support/rest-client.js';
import type { Stack } from '../support/stack.js';
import { intervalOf, loggedOf } from '../support/stored-ledger.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };

describe('repeated calls of the ledger', () => {
  let stack: Stack;
  let clients: readonly [GrpcClient, GrpcClient];
  let user: Person;
  let now: Date;

  before(async () => {
    now = new Date();
    stack = await startWorld({ servers: 2, clock: { now: () => now } });
    const [one = '', other = ''] = stack.addresses;
    clients = [connectGrpc(one), connectGrpc(other)];
  });

  after(async () => {
    for (const client of clients) client.close();
    await stack.stop();
  });

  beforeEach(async () => {
    user = await createPerson(stack);
  });

  const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);
  const freshId = () => `request of ${user.uuid}`;
  const issue = (request: Partial<IssueCommissionRequest>) =>
    clients[0].commissions.issueCommission(request, NIMBUS);

  /** Runs calls that all wait for the user's holdings, and lets them go once all of them do. */
  async function meeting<T>(begin: () => Promise<T>[]): Promise<T[]> {
    const held = await holdHoldings(stack.database, `user:${user.uuid}`);
    try {
      const calls = begin();
      await held.awaited(calls.length);
      await held.release();
      return await Promise.all(calls);
    } finally {
      await held.release();
    }
  }

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
      const answers = await meeting(() => [
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
});
