// Goal: a commission that nobody settles in its time is rejected, once and with a reason. Method:
// commissions with expiries at two servers on a clock of the test's own; the sweep is run by hand where
// moments matter, and in the background on the machine's clock.
import { expect } from 'chai';
import { createOperations, type Operations } from '../../src/app.js';
import type { IssueCommissionRequest } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { eventually } from '../support/eventually.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { LedgerClient } from '../support/ledger.js';
import { createPerson, ofUser, type Person } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { intervalOf, loggedOf } from '../support/stored-ledger.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const seconds = (count: bigint, nanos = 0) => ({ seconds: count, nanos });

describe('commissions that nobody settles', () => {
  let stack: Stack;
  let clients: readonly [GrpcClient, GrpcClient];
  let client: GrpcClient;
  /** Sweeps beside those of the stack. */
  let others: Operations;
  let user: Person;
  /** The moment at which the clock stands still; undefined: it is the machine's. */
  let now: Date | undefined;

  before(async () => {
    const clock = { now: () => now ?? new Date() };
    stack = await startWorld({ servers: 2, clock });
    others = createOperations(stack.config, { clock });
    const [one = '', other = ''] = stack.addresses;
    clients = [connectGrpc(one), connectGrpc(other)];
    [client] = clients;
  });

  after(async () => {
    for (const each of clients) each.close();
    await others.close();
    await stack.stop();
  });

  beforeEach(async () => {
    now = new Date();
    user = await createPerson(stack);
  });

  const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);
  const issue = (request: Partial<IssueCommissionRequest>, caller = NIMBUS) =>
    client.commissions.issueCommission(request, caller);
  const moment = () => now?.getTime() ?? Date.now();
  const later = (milliseconds: number) => {
    now = new Date(moment() + milliseconds);
  };
  const sweep = (operations: Operations = stack.operations) => rejectExpired(operations).run();

  function rejectExpired({ quotas }: Operations) {
    const found = quotas.sweeps.find(({ name }) => name === 'quotas.reject_expired');
    if (found === undefined) throw new Error('Nothing rejects expired commissions');
    return found;
  }

  async function isPending(serial: bigint, caller = NIMBUS): Promise<boolean> {
    const { commissions } = await client.commissions.listCommissions({}, caller);
    return commissions.some((commission) => commission.serial === serial);
  }

  describe('expires_in', () => {
    it('is shown as a time, to the millisecond', async () => {
      const { serial } = await issue({
        provisions: [vm(1n)],
        expiresIn: seconds(90n, 250_000_000),
      });
      const expected = moment() + 90_250;
      const { commission } = await client.commissions.getCommission({ serial }, NIMBUS);
      expect(commission?.expireTime?.getTime()).to.equal(expected);
      const { commissions } = await client.commissions.listCommissions({}, NIMBUS);
      const listed = commissions.find((one) => one.serial === serial);
      expect(listed?.expireTime?.getTime()).to.equal(expected);
    });

    it('rejects what was not settled in time, gives back what it held, and tells why', async () => {
      const settled = await issue({ provisions: [vm(5n)], autoAccept: true });
      const { serial } = await issue({
        provisions: [vm(95n)],
        expiresIn: seconds(60n),
        name: 'boot m-77',
      });
      const release = await issue({ provisions: [vm(-3n)], expiresIn: seconds(60n) });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([2n, 100n]);
      later(59_999);
      await sweep();
      expect(await isPending(serial)).to.equal(true);
      later(1);
      await sweep();
      expect(await isPending(serial)).to.equal(false);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([5n, 5n]);
      for (const expired of [serial, release.serial])
        expect((await loggedOf(stack, expired))[0]).to.include({ reason: 'REJECT:EXPIRED' });
      expect((await loggedOf(stack, settled.serial))[0]).to.include({ reason: 'ACCEPT:' });
      const [row] = await stack.database.query<{ name: string; settled_at: Date }>(
        'select name, settled_at from settled_commissions where serial = $1',
        [serial],
      );
      expect(row?.name).to.equal('boot m-77');
      expect(row?.settled_at.getTime()).to.equal(moment());
    });

    it('is told to those who come too late, over both faces', async () => {
      const { serial } = await issue({ provisions: [vm(1n)], expiresIn: seconds(1n) });
      later(1_000);
      await sweep();
      const settle = (how: 'accept' | 'reject') =>
        client.commissions.resolveCommission(
          { serial, action: { $case: how, value: { reason: '' } } },
          NIMBUS,
        );
      expect(await settle('reject')).to.include({ alreadySettled: true });
      expect(await grpcFailure(settle('accept'))).to.deep.include({
        reason: 'COMMISSION_SETTLED',
        facts: { serial: String(serial), outcome: 'REJECTED' },
      });
      const many = await client.commissions.resolveCommissions({ accept: [serial] }, NIMBUS);
      expect(many.alreadySettled[0]).to.deep.include({ serial, reason: 'EXPIRED' });
      const ledger = new LedgerClient(stack.rest, NIMBUS.token);
      for (const how of ['accept', 'reject'] as const)
        expect((await ledger.act(serial, how)).status).to.equal(404);
    });

    it('does not touch what was settled before, or at once', async () => {
      const expiresIn = seconds(1n);
      const atOnce = await issue({ provisions: [vm(1n)], autoAccept: true, expiresIn });
      const before = await issue({ provisions: [vm(2n)], expiresIn });
      await client.commissions.resolveCommissions({ accept: [before.serial] }, NIMBUS);
      later(2_000);
      await sweep();
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([3n, 3n]);
      for (const { serial } of [atOnce, before])
        expect((await loggedOf(stack, serial)).map(({ reason }) => reason)).to.deep.equal([
          'ACCEPT:',
        ]);
    });

    it('leaves commissions without it alone for ever', async () => {
      const { serial } = await issue({ provisions: [vm(1n)] });
      const { commission } = await client.commissions.getCommission({ serial }, NIMBUS);
      expect(commission?.expireTime).to.equal(undefined);
      later(100 * 366 * 86_400_000);
      await sweep();
      expect(await isPending(serial)).to.equal(true);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
    });

    it('belongs to the content of a request id, and a repeat does not prolong it', async () => {
      const request = {
        provisions: [vm(1n)],
        requestId: user.uuid,
        expiresIn: seconds(10n),
      };
      const { serial } = await issue(request);
      later(9_000);
      expect(await issue(request)).to.include({ serial });
      expect(await grpcFailure(issue({ ...request, expiresIn: undefined }))).to.include({
        reason: 'REQUEST_ID_REUSED',
      });
      later(1_000);
      await sweep();
      expect(await isPending(serial)).to.equal(false);
      expect(await issue(request)).to.include({ serial });
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 0n]);
    });

    it('takes the shortest and the longest time there is', async () => {
      for (const expiresIn of [seconds(0n, 1), seconds(3_153_600_000n)]) {
        const { serial } = await issue({ provisions: [vm(1n)], expiresIn });
        await client.commissions.resolveCommissions({ reject: [serial] }, NIMBUS);
      }
    });

    it('refuses times that are none, and reserves nothing', async () => {
      for (const expiresIn of [
        seconds(0n),
        seconds(-1n),
        seconds(1n, -1),
        seconds(0n, -1),
        seconds(0n, 1_000_000_000),
        seconds(3_153_600_001n),
        seconds(9223372036854775807n),
        seconds(-9223372036854775808n),
      ]) {
        const failure = await grpcFailure(issue({ provisions: [vm(1n)], expiresIn }));
        expect(failure, `${expiresIn.seconds} ${expiresIn.nanos}`).to.include({
          code: 'INVALID_ARGUMENT',
          reason: 'INVALID_REQUEST',
        });
      }
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 0n]);
    });
  });

  describe('the sweep', () => {
    it('rejects any number of them in one run, of every component', async function () {
      this.timeout(60_000);
      const expiresIn = seconds(5n);
      const issued = await Promise.all(
        Array.from({ length: 1_203 }, (_, index) =>
          issue({ provisions: [vm(0n)], expiresIn }, index % 3 === 0 ? ORBIT : NIMBUS),
        ),
      );
      const kept = await issue({ provisions: [vm(1n)], expiresIn: seconds(6n) });
      later(5_000);
      await sweep();
      const [row] = await stack.database.query<{ n: number }>(
        `select count(*)::int as n from settled_commissions
          where serial = any($1::bigint[]) and reason = 'REJECT:EXPIRED'`,
        [issued.map(({ serial }) => String(serial))],
      );
      expect(row?.n).to.equal(1_203);
      expect(await isPending(kept.serial)).to.equal(true);
    });

    it('and an accept that meet: exactly one of them wins, every time', async function () {
      this.timeout(60_000);
      const serials = await Promise.all(
        Array.from({ length: 90 }, async () => {
          const expiresIn = seconds(30n);
          return (await issue({ provisions: [vm(1n)], expiresIn })).serial;
        }),
      );
      later(30_000);
      const accepts = serials.map((serial, index) =>
        clients[index % 2 ? 1 : 0].commissions
          .resolveCommission(
            { serial, action: { $case: 'accept', value: { reason: 'in time' } } },
            NIMBUS,
          )
          .then(
            () => 'ACCEPT:in time',
            (error: unknown) => {
              expect(error).to.include({ code: 9 });
              return 'REJECT:EXPIRED';
            },
          ),
      );
      await Promise.all([sweep(), sweep(others)]);
      const told = await Promise.all(accepts);
      for (const [index, serial] of serials.entries())
        expect((await loggedOf(stack, serial)).map(({ reason }) => reason)).to.deep.equal([
          told[index],
        ]);
      const accepted = BigInt(told.filter((how) => how.startsWith('ACCEPT')).length);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([accepted, accepted]);
    });

    it('run by two at once rejects each of them once', async () => {
      const issued = await Promise.all(
        Array.from({ length: 50 }, () => issue({ provisions: [vm(1n)], expiresIn: seconds(1n) })),
      );
      later(1_000);
      await Promise.all([sweep(), sweep(others), sweep(), sweep(others)]);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 0n]);
      for (const { serial } of issued) expect(await loggedOf(stack, serial)).to.have.length(1);
    });

    it('runs in the background: within 10 s of the time that was set', async function () {
      this.timeout(30_000);
      now = undefined;
      const { serial } = await issue({ provisions: [vm(1n)], expiresIn: seconds(1n) });
      const { serial: kept } = await issue({ provisions: [vm(2n)], expiresIn: seconds(600n) });
      const rows = await eventually(
        async () => {
          const logged = await loggedOf(stack, serial);
          return logged.length > 0 && logged;
        },
        { timeout: 11_000 },
      );
      expect(rows[0]).to.include({ reason: 'REJECT:EXPIRED' });
      expect(await isPending(kept)).to.equal(true);
      expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 2n]);
    });
  });

  describe('COMMISSION_EXPIRY_SECONDS', () => {
    it('is for calls that say nothing, over REST, too; a call that says something wins', async () => {
      let then = new Date();
      const strict = await startWorld({
        settings: { COMMISSION_EXPIRY_SECONDS: '60' },
        clock: { now: () => then },
      });
      const stub = connectGrpc(strict.addresses[0] ?? '');
      try {
        const ledger = new LedgerClient(strict.rest, NIMBUS.token);
        const person = await createPerson(strict);
        const provisions = [ofUser(person, 'nimbus.vm', 1n)];
        const issueThere = async (request: Partial<IssueCommissionRequest>) =>
          (await stub.commissions.issueCommission({ provisions, ...request }, NIMBUS)).serial;
        const silent = await issueThere({});
        const shorter = await issueThere({ expiresIn: seconds(59n) });
        const longer = await issueThere({ expiresIn: seconds(61n) });
        const rest = await ledger.issue(
          provisions.map((provision) => ({ ...provision, source: provision.source ?? null })),
        );
        const pendingAfter = async (milliseconds: number) => {
          then = new Date(then.getTime() + milliseconds);
          await sweep(strict.operations);
          return (await stub.commissions.listCommissions({}, NIMBUS)).serials;
        };
        expect(await pendingAfter(58_999)).to.deep.equal([silent, shorter, longer, rest]);
        expect(await pendingAfter(1)).to.deep.equal([silent, longer, rest]);
        expect(await pendingAfter(999)).to.deep.equal([silent, longer, rest]);
        expect(await pendingAfter(1)).to.deep.equal([longer]);
        expect(await pendingAfter(1_000)).to.deep.equal([]);
      } finally {
        stub.close();
        await strict.stop();
      }
    });
  });
});
