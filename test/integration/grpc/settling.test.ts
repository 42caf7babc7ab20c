// Goal: components settle what they reserved, one by one and many at once, with generated stubs.
// Method: ResolveCommission and ResolveCommissions at a server and through Envoy, with the stored rows
// and the provision log beside them. A user of its own per case.
import { expect } from 'chai';
import type { Provision } from '../../../src/gen/apportion/quotas/v1/quotas.js';
import { describeBothWays } from '../../support/both-ways.js';
import { grpcFailure } from '../../support/grpc-client.js';
import { createPerson, ofUser, type Person } from '../../support/people.js';
import { intervalOf, loggedOf } from '../../support/stored-ledger.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };

describe('settling commissions over gRPC', () => {
  let stack: Stack;

  before(async () => {
    stack = await startWorld();
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client) => {
      let user: Person;

      beforeEach(async () => {
        user = await createPerson(stack);
      });

      const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);
      const ram = (quantity: bigint) => ofUser(user, 'nimbus.ram', quantity);
      const issue = (...provisions: Provision[]) =>
        client().commissions.issueCommission({ provisions }, NIMBUS);

      describe('ResolveCommission', () => {
        const settle = (serial: bigint, how: 'accept' | 'reject', reason = '', caller = NIMBUS) =>
          client().commissions.resolveCommission(
            { serial, action: { $case: how, value: { reason } } },
            caller,
          );

        it('makes the reserved change real and writes down why', async () => {
          const { serial } = await issue(vm(5n), ram(7n));
          await settle(serial, 'accept', 'booted');
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([5n, 5n]);
          const holder = `user:${user.uuid}`;
          expect(await loggedOf(stack, serial)).to.deep.equal([
            {
              ...{ holder, resource: 'nimbus.ram', usage_min: 7, usage_max: 7 },
              ...{ delta_quantity: 7, reason: 'ACCEPT:booted' },
            },
            {
              ...{ holder, resource: 'nimbus.vm', usage_min: 5, usage_max: 5 },
              ...{ delta_quantity: 5, reason: 'ACCEPT:booted' },
            },
          ]);
        });

        it('undoes the reserved change and writes it down with its sign', async () => {
          const first = await issue(vm(5n));
          await settle(first.serial, 'accept');
          const { serial } = await issue(vm(-2n), ram(3n));
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([3n, 5n]);
          await settle(serial, 'reject', 'no host');
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([5n, 5n]);
          expect(await intervalOf(stack, ram(0n))).to.deep.equal([0n, 0n]);
          const rows = await loggedOf(stack, serial);
          expect(rows.map((row) => [row['delta_quantity'], row['reason']])).to.deep.equal([
            [3, 'REJECT:no host'],
            [-2, 'REJECT:no host'],
          ]);
        });

        it('keeps the last 121 characters of a reason, whole ones', async () => {
          const { serial } = await issue(vm(1n));
          await settle(serial, 'accept', `cut off 😀${'😀'.repeat(60)}${'b'.repeat(61)}`);
          const [row] = await loggedOf(stack, serial);
          expect(row?.['reason']).to.equal(`ACCEPT:${'😀'.repeat(60)}${'b'.repeat(61)}`);
        });

        it('refuses a reason that cannot be stored, and settles nothing', async () => {
          const { serial } = await issue(vm(1n));
          for (const call of [
            settle(serial, 'accept', 'a\0b'),
            client().commissions.resolveCommissions({ reject: [serial], reason: '\0' }, NIMBUS),
          ]) {
            const failure = await grpcFailure(call);
            expect(failure).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
            expect(failure.message).to.include("'reason'");
          }
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
        });

        it('refuses a call that says neither accept nor reject', async () => {
          const { serial } = await issue(vm(1n));
          const failure = await grpcFailure(
            client().commissions.resolveCommission({ serial }, NIMBUS),
          );
          expect(failure).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
        });

        it("does not find other components' commissions, and leaves them alone", async () => {
          const { serial } = await issue(vm(1n));
          const failure = await grpcFailure(settle(serial, 'accept', '', ORBIT));
          expect(failure).to.include({ code: 'NOT_FOUND', reason: 'COMMISSION_NOT_FOUND' });
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
        });
      });

      describe('ResolveCommissions', () => {
        it('settles what it can and tells of the rest why not, each list ascending', async () => {
          const [s1, s2, s3] = [
            (await issue(vm(1n))).serial,
            (await issue(vm(1n))).serial,
            (await issue(vm(1n))).serial,
          ];
          const unknown = s3 + 1_000_000n;
          const response = await client().commissions.resolveCommissions(
            { accept: [s3, s1, s1], reject: [unknown, s3, s2, 0n], reason: 'audit' },
            NIMBUS,
          );
          expect(response.accepted).to.deep.equal([s1]);
          expect(response.rejected).to.deep.equal([s2]);
          expect(response.failed).to.deep.equal([
            {
              serial: 0n,
              reason: 'COMMISSION_NOT_FOUND',
              message: 'serial 0 does not exist',
            },
            {
              serial: s3,
              reason: 'SERIAL_CONFLICT',
              message: `cannot both accept and reject serial ${s3}`,
            },
            {
              serial: unknown,
              reason: 'COMMISSION_NOT_FOUND',
              message: `serial ${unknown} does not exist`,
            },
          ]);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([1n, 2n]);
          expect((await loggedOf(stack, s1))[0]?.['reason']).to.equal('ACCEPT:audit');
          expect((await loggedOf(stack, s2))[0]?.['reason']).to.equal('REJECT:audit');
        });

        it('takes empty lists', async () => {
          const response = await client().commissions.resolveCommissions({}, NIMBUS);
          expect(response).to.deep.include({ accepted: [], rejected: [], failed: [] });
        });

        it("does not find other components' serials", async () => {
          const { serial } = await issue(vm(1n));
          const { failed } = await client().commissions.resolveCommissions(
            { accept: [serial] },
            ORBIT,
          );
          expect(failed.map(({ reason }) => reason)).to.deep.equal(['COMMISSION_NOT_FOUND']);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
        });

        it('adds up commissions on one holding that are settled together', async () => {
          const serials: bigint[] = [];
          for (const quantity of [1n, 2n, 3n, 4n, 5n])
            serials.push((await issue(vm(quantity))).serial);
          const { accepted } = await client().commissions.resolveCommissions(
            { accept: [...serials].reverse() },
            NIMBUS,
          );
          expect(accepted).to.deep.equal(serials);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([15n, 15n]);
        });
      });
    },
  );
});
