// Goal: components reserve quota with generated stubs as the proto promises.
// Method: IssueCommission and GetCommission at a server and through Envoy, successes and refusals, with
// the stored rows beside them. A user of its own per case.
import { expect } from 'chai';
import type { Provision } from '../../../src/gen/apportion/quotas/v1/quotas.js';
import { describeBothWays } from '../../support/both-ways.js';
import { connectGrpc, grpcFailure } from '../../support/grpc-client.js';
import {
  createPeople,
  createPerson,
  ofProject,
  ofUser,
  type Person,
} from '../../support/people.js';
import { intervalOf, loggedOf } from '../../support/stored-ledger.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const LARGEST = 9223372036854775807n;

describe('reserving quota over gRPC', () => {
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

      describe('IssueCommission', () => {
        it('reserves every provision and draws increasing serials', async () => {
          const first = await issue(vm(1n), ram(100n));
          const second = await issue(vm(2n));
          expect(first.serial > 0n && second.serial > first.serial).to.equal(true);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 3n]);
          expect(await intervalOf(stack, ram(0n))).to.deep.equal([0n, 100n]);
        });

        it('takes an empty list of provisions', async () => {
          const { serial } = await issue();
          const { commission } = await client().commissions.getCommission({ serial }, NIMBUS);
          expect(commission).to.deep.include({ serial, provisions: [] });
        });

        it('adds up provisions on the same holding first', async () => {
          const { serial } = await issue(vm(150n), vm(-100n), ram(1n));
          const { commission } = await client().commissions.getCommission({ serial }, NIMBUS);
          expect(commission?.provisions).to.deep.equal([vm(50n), ram(1n)]);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 50n]);
        });

        it('settles at once when told to', async () => {
          const provisions = [vm(5n)];
          const { serial } = await client().commissions.issueCommission(
            { provisions, autoAccept: true },
            NIMBUS,
          );
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([5n, 5n]);
          const failure = await grpcFailure(client().commissions.getCommission({ serial }, NIMBUS));
          expect(failure).to.include({ code: 'NOT_FOUND', reason: 'COMMISSION_NOT_FOUND' });
          expect(await loggedOf(stack, serial)).to.deep.equal([
            {
              holder: `user:${user.uuid}`,
              resource: 'nimbus.vm',
              usage_min: 5,
              usage_max: 5,
              delta_quantity: 5,
              reason: 'ACCEPT:',
            },
          ]);
        });

        it('refuses what passes the limit, with all there is to know, and keeps nothing', async () => {
          await issue(ram(1000n));
          const failure = await grpcFailure(issue(vm(1n), ram(30n)));
          expect(failure).to.deep.include({
            code: 'RESOURCE_EXHAUSTED',
            reason: 'NO_CAPACITY',
            facts: {
              holder: `user:${user.uuid}`,
              source: `project:${user.uuid}`,
              resource: 'nimbus.ram',
              quantity: '30',
              usage: '1000',
              limit: '1024',
            },
          });
          expect(failure.quota?.violations).to.have.length(1);
          expect(failure.quota?.violations[0]).to.deep.include({
            subject: `user:${user.uuid}`,
            description: failure.message,
            quotaMetric: 'nimbus.ram',
            quotaDimensions: { source: `project:${user.uuid}` },
            quotaValue: 1024n,
          });
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 0n]);
        });

        it("leaves the source out when a project's own holding is full", async () => {
          const failure = await grpcFailure(issue(ofProject(user.uuid, 'nimbus.vm', 101n)));
          expect(failure.facts).to.deep.equal({
            holder: `project:${user.uuid}`,
            resource: 'nimbus.vm',
            quantity: '101',
            usage: '0',
            limit: '100',
          });
          expect(failure.quota?.violations[0]?.quotaDimensions).to.deep.equal({});
        });

        it('refuses to release more than is settled', async () => {
          await issue(vm(5n));
          const failure = await grpcFailure(issue(vm(-1n)));
          expect(failure).to.include({ code: 'RESOURCE_EXHAUSTED', reason: 'NO_QUANTITY' });
          expect(failure.facts).to.include({ quantity: '-1', usage: '0', limit: '0' });
          expect(failure.quota?.violations).to.have.length(1);
        });

        it('names the first provision that fails, in the order of the request', async () => {
          const first = await grpcFailure(issue(ram(5000n), vm(500n)));
          expect(first.facts).to.include({ resource: 'nimbus.ram' });
          const second = await grpcFailure(issue(vm(500n), ram(5000n)));
          expect(second.facts).to.include({ resource: 'nimbus.vm' });
        });

        it('refuses a holding that does not exist, with neither usage nor limit', async () => {
          await grpcFailure(issue(vm(500n)));
          const failure = await grpcFailure(
            client().commissions.issueCommission(
              { provisions: [ram(1n), ofUser(user, 'nobody.knows', 1n)], autoAccept: true },
              NIMBUS,
            ),
          );
          expect(failure).to.deep.include({
            code: 'NOT_FOUND',
            reason: 'NO_HOLDING',
            quota: undefined,
            facts: {
              holder: `user:${user.uuid}`,
              source: `project:${user.uuid}`,
              resource: 'nobody.knows',
              quantity: '1',
            },
          });
          expect(await intervalOf(stack, ram(0n))).to.deep.equal([0n, 0n]);
        });

        it('answers for texts of the greatest length, shortened in the details', async () => {
          const long = 'ν'.repeat(4096);
          const failure = await grpcFailure(
            issue({ holder: long, source: long, resource: long, quantity: 1n }),
          );
          expect(failure).to.include({ code: 'NOT_FOUND', reason: 'NO_HOLDING' });
          expect(failure.facts['resource']).to.match(/^ν+…$/);
        });

        it('tells an absent source from an empty one', async () => {
          const failure = await grpcFailure(issue({ ...vm(1n), source: '' }));
          expect(failure).to.deep.include({ reason: 'NO_HOLDING' });
          expect(failure.facts['source']).to.equal('');
        });

        it('skips the limit by force, and never the floor', async () => {
          await client().commissions.issueCommission(
            { provisions: [vm(150n)], force: true },
            NIMBUS,
          );
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 150n]);
          const failure = await grpcFailure(
            client().commissions.issueCommission({ provisions: [vm(-1n)], force: true }, NIMBUS),
          );
          expect(failure).to.include({ reason: 'NO_QUANTITY' });
        });

        it('judges and keeps nothing in a dry run, and draws no serial', async () => {
          const before = await issue(vm(1n));
          const { serial } = await client().commissions.issueCommission(
            { provisions: [vm(99n)], dryRun: true, autoAccept: true },
            NIMBUS,
          );
          expect(serial).to.equal(0n);
          const failure = await grpcFailure(
            client().commissions.issueCommission({ provisions: [vm(100n)], dryRun: true }, NIMBUS),
          );
          expect(failure).to.include({ code: 'RESOURCE_EXHAUSTED', reason: 'NO_CAPACITY' });
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
          expect((await issue(vm(1n))).serial).to.equal(before.serial + 1n);
        });

        it('refuses sums and forced usage beyond 64 bits as malformed', async () => {
          const sum = await grpcFailure(issue(vm(LARGEST), vm(1n)));
          expect(sum).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
          await issue(vm(1n));
          const forced = await grpcFailure(
            client().commissions.issueCommission(
              { provisions: [vm(LARGEST)], force: true },
              NIMBUS,
            ),
          );
          expect(forced).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 1n]);
        });

        it('refuses texts that are too long or cannot be stored, by name', async () => {
          for (const [request, field] of [
            [{ name: 'x'.repeat(4097) }, 'name'],
            [{ name: 'a\0b' }, 'name'],
            [{ provisions: [{ ...vm(1n), holder: 'user:\0' }] }, 'holder'],
            [{ provisions: [{ ...vm(1n), source: '\0' }] }, 'source'],
            [{ provisions: [{ ...vm(1n), resource: 'r\0' }] }, 'resource'],
            [{ provisions: [{ ...vm(1n), resource: 'r'.repeat(4097) }] }, 'resource'],
          ] as const) {
            const failure = await grpcFailure(
              client().commissions.issueCommission(request as object, NIMBUS),
            );
            expect(failure, field).to.include({
              code: 'INVALID_ARGUMENT',
              reason: 'INVALID_REQUEST',
            });
            expect(failure.message).to.include(`'${field}'`);
          }
        });

        it('keeps names in any language', async () => {
          const name = 'ναμε 😀 "quoted" \\ \u0001';
          const { serial } = await client().commissions.issueCommission({ name }, NIMBUS);
          const { commission } = await client().commissions.getCommission({ serial }, NIMBUS);
          expect(commission?.name).to.equal(name);
        });
      });

      describe('GetCommission', () => {
        it('returns a pending commission with name, time and provisions', async () => {
          const earliest = Date.now();
          const provisions = [vm(1n), ofProject(user.uuid, 'nimbus.vm', 1n), ram(0n)];
          const { serial } = await client().commissions.issueCommission(
            { provisions, name: 'boot m-77' },
            NIMBUS,
          );
          const { commission } = await client().commissions.getCommission({ serial }, NIMBUS);
          expect(commission).to.deep.include({ serial, name: 'boot m-77', provisions });
          expect(commission?.issueTime?.getTime()).to.be.within(earliest, Date.now());
        });

        it("does not find unknown serials and other components' commissions", async () => {
          const { serial } = await issue(vm(1n));
          for (const [asked, caller] of [
            [serial, ORBIT],
            [serial + 1_000_000n, NIMBUS],
            [0n, NIMBUS],
            [-5n, NIMBUS],
            [LARGEST, NIMBUS],
          ] as const) {
            const failure = await grpcFailure(
              client().commissions.getCommission({ serial: asked }, caller),
            );
            expect(failure).to.deep.include({
              code: 'NOT_FOUND',
              reason: 'COMMISSION_NOT_FOUND',
              facts: { serial: String(asked) },
            });
          }
        });
      });
    },
  );

  describe('bounds of one call', () => {
    it('refuses more provisions or serials than MAX_PROVISIONS', async () => {
      const small = await startWorld({ envoy: false, settings: { MAX_PROVISIONS: '3' } });
      const client = connectGrpc(small.addresses[0] ?? '');
      try {
        const users = await createPeople(small, 4);
        const provisions = users.map((user) => ofUser(user, 'nimbus.vm', 1n));
        await client.commissions.issueCommission({ provisions: provisions.slice(1) }, NIMBUS);
        for (const call of [
          client.commissions.issueCommission({ provisions }, NIMBUS),
          client.commissions.resolveCommissions({ accept: [1n, 2n], reject: [3n, 4n] }, NIMBUS),
        ]) {
          const failure = await grpcFailure(call);
          expect(failure).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
          expect(failure.message).to.include('3');
        }
      } finally {
        client.close();
        await small.stop();
      }
    });

    it("refuses other components' resources in strict mode, and lets unknown ones be unknown", async () => {
      const strict = await startWorld({ envoy: false, settings: { QUOTAS_STRICT: 'true' } });
      const client = connectGrpc(strict.addresses[0] ?? '');
      try {
        const user = await createPerson(strict);
        const issue = (resource: string) =>
          client.commissions.issueCommission({ provisions: [ofUser(user, resource, 1n)] }, NIMBUS);
        await issue('nimbus.vm');
        expect(await grpcFailure(issue('orbit.disk'))).to.include({
          code: 'INVALID_ARGUMENT',
          reason: 'INVALID_REQUEST',
        });
        expect(await grpcFailure(issue('nobody.knows'))).to.include({ reason: 'NO_HOLDING' });
      } finally {
        client.close();
        await strict.stop();
      }
    });
  });
});
