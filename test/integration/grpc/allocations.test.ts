// Goal: allocations and usages are written and read with generated stubs as the protos promise: typed
// preconditions, reasons with facts, pages. Method: every RPC of both services at a server and through
// Envoy, on providers of the test's own.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { ConsumerClaim } from '../../../src/gen/apportion/allocations/v1/allocations.js';
import { createProvider, NOAUTH } from '../../support/allocation-stage.js';
import { describeBothWays } from '../../support/both-ways.js';
import { grpcFailure } from '../../support/grpc-client.js';
import { type Stack, startStack } from '../../support/stack.js';

const ADMIN = { token: 'admin' };

describe('allocations over gRPC', () => {
  let stack: Stack;

  before(async () => {
    stack = await startStack({ settings: NOAUTH });
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client) => {
      let provider: string;
      let consumerUuid: string;

      beforeEach(async () => {
        provider = await createProvider(stack.database, {
          VCPU: { total: 10, reserved: 2, ratio: 1.5 },
          DISK_GB: { total: 100, minUnit: 10, maxUnit: 50, stepSize: 5 },
        });
        consumerUuid = randomUUID();
      });

      function claim(
        resources: Record<string, bigint>,
        more: Partial<ConsumerClaim> = {},
      ): ConsumerClaim {
        return {
          allocations: { [provider]: { resources } },
          ...{ projectId: 'p-71', userId: 'u-12', precondition: undefined },
          ...more,
        };
      }

      function replace(sent: ConsumerClaim | undefined, uuid = consumerUuid) {
        return client().allocations.replaceAllocations({ consumerUuid: uuid, claim: sent }, ADMIN);
      }

      const ABSENT = { $case: 'consumerAbsent', value: true } as const;
      const generation = (value: bigint) => ({ $case: 'consumerGeneration', value }) as const;

      it('writes, reads and removes a consumer [5, 7, 9]', async () => {
        const { allocations } = client();
        const typed = { precondition: ABSENT, consumerType: 'INSTANCE' };
        const written = await replace(claim({ VCPU: 4n, DISK_GB: 20n }, typed));
        expect(written.consumerGeneration).to.equal(1n);
        const found = await allocations.getAllocations(
          { consumerUuid: consumerUuid.toUpperCase() },
          ADMIN,
        );
        expect(found).to.deep.include({
          allocations: { [provider]: { generation: 1n, resources: { VCPU: 4n, DISK_GB: 20n } } },
          ...{ projectId: 'p-71', userId: 'u-12' },
          ...{ consumerGeneration: 1n, consumerType: 'INSTANCE' },
        });
        await allocations.deleteAllocations({ consumerUuid }, ADMIN);
        const again = allocations.deleteAllocations({ consumerUuid }, ADMIN);
        expect(await grpcFailure(again)).to.deep.include({
          code: 'NOT_FOUND',
          reason: 'NOT_FOUND',
          facts: { kind: 'consumer', id: consumerUuid },
        });
        const gone = await allocations.getAllocations({ consumerUuid }, ADMIN);
        expect(gone).to.deep.include({ allocations: {}, projectId: '', userId: '' });
        expect(gone.consumerGeneration).to.equal(undefined);
      });

      it('holds a writer to its precondition, and asks nothing without one [8.3]', async () => {
        const wrong = await grpcFailure(
          replace(claim({ VCPU: 1n }, { precondition: generation(5n) })),
        );
        expect(wrong).to.deep.include({
          code: 'ABORTED',
          reason: 'GENERATION_CONFLICT',
          facts: { kind: 'consumer', id: consumerUuid, given: '5' },
        });
        await replace(claim({ VCPU: 1n }, { precondition: ABSENT }));
        const late = await grpcFailure(replace(claim({ VCPU: 2n }, { precondition: ABSENT })));
        expect(late).to.deep.include({
          reason: 'GENERATION_CONFLICT',
          facts: { kind: 'consumer', id: consumerUuid, expected: '1' },
        });
        expect((await replace(claim({ VCPU: 2n }))).consumerGeneration).to.equal(2n);
        const empty = { allocations: {}, precondition: generation(2n) };
        expect((await replace(claim({}, empty))).consumerGeneration).to.equal(undefined);
      });

      it('says what does not fit, in facts [6]', async () => {
        const of = { provider, resource_class: 'VCPU' };
        await replace(claim({ VCPU: 10n }));
        const other = randomUUID();
        const failures = [
          [claim({ VCPU: 3n }), 'CAPACITY_EXCEEDED', { ...of, requested: '3', free: '2' }],
          [
            claim({ DISK_GB: 12n }),
            'UNIT_VIOLATED',
            {
              ...{ provider, resource_class: 'DISK_GB', requested: '12' },
              ...{ min_unit: '10', max_unit: '50', step_size: '5' },
            },
          ],
          [claim({ MEMORY_MB: 1n }), 'NO_INVENTORY', { provider, resource_class: 'MEMORY_MB' }],
          [claim({ COWS: 1n }), 'UNKNOWN_RESOURCE_CLASS', { resource_class: 'COWS' }],
          [
            claim({}, { allocations: { nowhere: { resources: { VCPU: 1n } } } }),
            'UNKNOWN_PROVIDER',
            { provider: 'nowhere' },
          ],
        ] as const;
        for (const [sent, reason, facts] of failures)
          expect(await grpcFailure(replace(sent, other))).to.deep.include({ reason, facts });
      });

      it('refuses what cannot be, by name [9]', async () => {
        const bad: (ConsumerClaim | undefined)[] = [
          undefined,
          claim({ VCPU: 0n }),
          claim({ VCPU: -1n }),
          claim({}),
          claim({ 'VC\0PU': 1n }),
          claim({}, { allocations: { 'a\0b': { resources: { VCPU: 1n } } } }),
          claim({ VCPU: 1n }, { projectId: '' }),
          claim({ VCPU: 1n }, { userId: 'x'.repeat(256) }),
          claim({ VCPU: 1n }, { projectId: 'a\0b' }),
          claim({ VCPU: 1n }, { consumerType: 'pony' }),
          claim({ VCPU: 1n }, { consumerType: '' }),
          claim({ VCPU: 1n }, { precondition: { $case: 'consumerAbsent', value: false } }),
        ];
        for (const sent of bad)
          expect(await grpcFailure(replace(sent))).to.include({ reason: 'INVALID_REQUEST' });
        for (const uuid of ['', 'not-a-uuid', 'a\0b'])
          expect(await grpcFailure(replace(claim({ VCPU: 1n }), uuid))).to.include({
            reason: 'INVALID_REQUEST',
          });
      });

      it('writes several consumers at once or none [10]', async () => {
        const { allocations } = client();
        const [one, two] = [randomUUID(), randomUUID()];
        const both = (first: bigint, second: bigint) =>
          allocations.replaceAllocationsBatch(
            { consumers: { [one]: claim({ VCPU: first }), [two]: claim({ VCPU: second }) } },
            ADMIN,
          );
        expect(await grpcFailure(both(7n, 6n))).to.include({ reason: 'CAPACITY_EXCEEDED' });
        expect((await both(6n, 6n)).consumerGenerations).to.deep.equal({ [one]: 1n, [two]: 1n });
        const moved = await allocations.replaceAllocationsBatch(
          {
            consumers: { [one]: claim({}, { allocations: {} }), [two]: claim({ VCPU: 12n }) },
          },
          ADMIN,
        );
        expect(moved.consumerGenerations).to.deep.equal({ [two]: 2n });
        for (const consumers of [
          {},
          { [one]: claim({ VCPU: 1n }), [one.toUpperCase()]: claim({ VCPU: 1n }) },
        ])
          expect(
            await grpcFailure(allocations.replaceAllocationsBatch({ consumers }, ADMIN)),
          ).to.include({ reason: 'INVALID_REQUEST' });
      });

      it('lists the consumers of a provider page by page [11]', async () => {
        const { allocations } = client();
        const consumers = Array.from({ length: 5 }, () => randomUUID());
        for (const uuid of consumers) await replace(claim({ VCPU: 1n, DISK_GB: 10n }), uuid);
        const seen: string[] = [];
        let pageToken = '';
        do {
          const page = await allocations.listProviderAllocations(
            { uuid: provider, pageSize: 2, pageToken },
            ADMIN,
          );
          expect(page.resourceProviderGeneration).to.equal(5n);
          for (const { consumerUuid: uuid, consumerGeneration, resources } of page.allocations) {
            seen.push(uuid);
            expect([consumerGeneration, resources]).to.deep.equal([1n, { VCPU: 1n, DISK_GB: 10n }]);
          }
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        expect(seen).to.deep.equal(consumers);
        const forged = Buffer.from('["x"]').toString('base64url');
        for (const request of [{ pageSize: -1 }, { pageToken: 'x' }, { pageToken: forged }]) {
          const call = allocations.listProviderAllocations({ uuid: provider, ...request }, ADMIN);
          expect(await grpcFailure(call)).to.include({ reason: 'INVALID_REQUEST' });
        }
        for (const uuid of [randomUUID(), 'a\0b'])
          expect(
            await grpcFailure(allocations.listProviderAllocations({ uuid }, ADMIN)),
          ).to.include({ reason: 'NOT_FOUND' });
      });

      it('sums up a provider and a project [13.3]', async () => {
        const { usages } = client();
        const projectId = randomUUID();
        await replace(claim({ VCPU: 2n, DISK_GB: 10n }, { projectId, consumerType: 'PONY' }));
        await replace(claim({ VCPU: 3n }, { projectId, userId: 'other' }), randomUUID());
        const ofProvider = await usages.getProviderUsages({ uuid: provider }, ADMIN);
        expect(ofProvider).to.deep.include({
          resourceProviderGeneration: 2n,
          usages: { VCPU: 5n, DISK_GB: 10n },
        });
        const pony = { consumerCount: 1n, resources: { VCPU: 2n, DISK_GB: 10n } };
        const unknown = { consumerCount: 1n, resources: { VCPU: 3n } };
        const all = { consumerCount: 2n, resources: { VCPU: 5n, DISK_GB: 10n } };
        const expected = [
          [{}, { PONY: pony, unknown }],
          [{ userId: 'other' }, { unknown }],
          [{ consumerType: 'PONY' }, { PONY: pony }],
          [{ consumerType: 'unknown' }, { unknown }],
          [{ consumerType: 'all' }, { all }],
          [{ consumerType: 'COW' }, {}],
        ] as const;
        for (const [filter, groups] of expected) {
          const found = await usages.getProjectUsages({ projectId, ...filter }, ADMIN);
          expect(found.usages).to.deep.equal(groups);
        }
        for (const filter of [{ projectId: '' }, { userId: 'a\0b' }, { consumerType: 'pony' }])
          expect(
            await grpcFailure(usages.getProjectUsages({ projectId, ...filter }, ADMIN)),
          ).to.include({ reason: 'INVALID_REQUEST' });
        for (const uuid of [randomUUID(), 'a\0b'])
          expect(await grpcFailure(usages.getProviderUsages({ uuid }, ADMIN))).to.include({
            reason: 'NOT_FOUND',
          });
      });

      it('asks for a role, and lets readers see the usage of their own project [3.2]', async () => {
        const { allocations, usages } = client();
        const nobody = { token: 'someone:project' };
        const reader = { ...nobody, metadata: { 'x-roles': 'reader' } };
        for (const call of [
          allocations.getAllocations({ consumerUuid }, nobody),
          allocations.replaceAllocations({ consumerUuid }, nobody),
          allocations.replaceAllocationsBatch({}, nobody),
          allocations.deleteAllocations({ consumerUuid }, nobody),
          allocations.listProviderAllocations({ uuid: provider }, reader),
          usages.getProviderUsages({ uuid: provider }, reader),
          usages.getProjectUsages({ projectId: 'other' }, reader),
        ])
          expect(await grpcFailure(call)).to.include({ reason: 'FORBIDDEN' });
        const own = await usages.getProjectUsages({ projectId: 'project' }, reader);
        expect(own.usages).to.deep.equal({});
      });
    },
  );
});
