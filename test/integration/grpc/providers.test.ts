// Goal: providers, inventories, aggregates and traits are managed with generated stubs as the protos
// promise: typed values, reasons with facts, pages. Method: every RPC of the four services at a server
// and through Envoy, on providers of the test's own.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { NOAUTH } from '../../support/allocation-stage.js';
import { describeBothWays } from '../../support/both-ways.js';
import { grpcFailure } from '../../support/grpc-client.js';
import { type Stack, startStack } from '../../support/stack.js';

const ADMIN = { token: 'admin' };
const VCPU = { resourceClass: 'VCPU' };
const DEFAULTS = {
  ...{ reserved: 0n, minUnit: 1n, maxUnit: 2147483647n, stepSize: 1n, allocationRatio: 1 },
};

describe('resource providers over gRPC', () => {
  let stack: Stack;

  before(async () => {
    stack = await startStack({ settings: NOAUTH });
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client) => {
      async function create(parentProviderUuid?: string): Promise<string> {
        const uuid = randomUUID();
        const request = { name: `node-${uuid}`, uuid, parentProviderUuid };
        await client().providers.createResourceProvider(request, ADMIN);
        return uuid;
      }

      it('asks for a role [3.2]', async () => {
        const calls = [
          client().providers.listResourceProviders({}, { token: 'nobody' }),
          client().inventories.deleteInventories({ uuid: 'x' }, { token: 'nobody' }),
          client().aggregates.replaceProviderAggregates({ uuid: 'x' }, { token: 'nobody' }),
          client().providerTraits.deleteProviderTraits({ uuid: 'x' }, { token: 'nobody' }),
        ];
        for (const failure of await failures(calls))
          expect(failure).to.include({ reason: 'FORBIDDEN' });
        const call = client().providers.listResourceProviders({}, {});
        expect(await grpcFailure(call)).to.include({ code: 'UNAUTHENTICATED' });
      });

      describe('ResourceProvidersService', () => {
        it('creates, shows, moves and deletes a provider [12, 14.4]', async () => {
          const { providers } = client();
          const [root, uuid] = [await create(), randomUUID()];
          const created = await providers.createResourceProvider(
            { name: `a-${uuid}`, uuid: uuid.toUpperCase(), parentProviderUuid: root },
            ADMIN,
          );
          const expected = {
            ...{ uuid, name: `a-${uuid}`, generation: 0n },
            ...{ parentProviderUuid: root, rootProviderUuid: root },
          };
          expect(created.resourceProvider).to.deep.equal(expected);
          const shown = await providers.getResourceProvider({ uuid }, ADMIN);
          expect(shown.resourceProvider).to.deep.equal(expected);
          const parent = { $case: 'parentAbsent', value: true } as const;
          const freed = await providers.updateResourceProvider(
            { uuid, name: `b-${uuid}`, parent },
            ADMIN,
          );
          expect(freed.resourceProvider).to.deep.equal({
            ...expected,
            ...{ name: `b-${uuid}`, parentProviderUuid: undefined, rootProviderUuid: uuid },
          });
          await providers.deleteResourceProvider({ uuid }, ADMIN);
          expect(await grpcFailure(providers.getResourceProvider({ uuid }, ADMIN))).to.deep.include(
            {
              ...{ code: 'NOT_FOUND', reason: 'NOT_FOUND' },
              facts: { kind: 'resource_provider', id: uuid },
            },
          );
        });

        it('makes a uuid for a provider that comes without one [12]', async () => {
          const { resourceProvider } = await client().providers.createResourceProvider(
            { name: randomUUID() },
            ADMIN,
          );
          expect(resourceProvider?.uuid).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        });

        it('says what is taken, unknown or in the way', async () => {
          const { providers } = client();
          const uuid = await create();
          const taken = providers.createResourceProvider({ name: `node-${uuid}`, uuid }, ADMIN);
          expect(await grpcFailure(taken)).to.deep.include({
            ...{ code: 'ALREADY_EXISTS', reason: 'ALREADY_EXISTS' },
            facts: { name: `node-${uuid}`, uuid },
          });
          const parent = randomUUID();
          const orphan = { name: randomUUID(), parentProviderUuid: parent };
          expect(
            await grpcFailure(providers.createResourceProvider(orphan, ADMIN)),
          ).to.deep.include({
            ...{ code: 'INVALID_ARGUMENT', reason: 'UNKNOWN_PROVIDER' },
            facts: { provider: parent },
          });
          await create(uuid);
          const deleted = providers.deleteResourceProvider({ uuid }, ADMIN);
          expect(await grpcFailure(deleted)).to.deep.include({
            ...{ code: 'FAILED_PRECONDITION', reason: 'PROVIDER_HAS_CHILDREN' },
            facts: { provider: uuid },
          });
        });

        it('refuses malformed requests', async () => {
          const { providers } = client();
          const uuid = await create();
          const calls = [
            providers.createResourceProvider({ name: '' }, ADMIN),
            providers.createResourceProvider({ name: 'x'.repeat(201) }, ADMIN),
            providers.createResourceProvider({ name: 'a\0' }, ADMIN),
            providers.createResourceProvider({ name: 'a', uuid: 'spam' }, ADMIN),
            providers.updateResourceProvider({ uuid, name: '' }, ADMIN),
            providers.updateResourceProvider(
              { uuid, name: 'a', parent: { $case: 'parentAbsent', value: false } },
              ADMIN,
            ),
            providers.updateResourceProvider(
              { uuid, name: 'a', parent: { $case: 'parentProviderUuid', value: uuid } },
              ADMIN,
            ),
            providers.listResourceProviders({ uuid: 'spam' }, ADMIN),
            providers.listResourceProviders({ inTree: 'spam' }, ADMIN),
            providers.listResourceProviders({ resources: { VCPU: 0n } }, ADMIN),
            providers.listResourceProviders(
              { memberOf: [{ aggregates: [], forbidden: false }] },
              ADMIN,
            ),
            providers.listResourceProviders(
              { required: [{ traits: ['lower'], forbidden: false }] },
              ADMIN,
            ),
            providers.listResourceProviders({ pageToken: 'forged' }, ADMIN),
          ];
          for (const failure of await failures(calls))
            expect(failure).to.include({
              ...{ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' },
            });
        });

        it('lists a tree page by page, and what passes every filter [12, 14]', async () => {
          const { providers, inventories, aggregates, providerTraits } = client();
          const root = await create();
          const children = [await create(root), await create(root), await create(root)];
          const uuids = [root, ...children].sort();
          const [first, aggregate] = [children[0]!, randomUUID()];
          await inventories.createInventory(
            { uuid: first, ...VCPU, inventory: { total: 4n } },
            ADMIN,
          );
          await aggregates.replaceProviderAggregates(
            { uuid: first, aggregates: [aggregate.toUpperCase()] },
            ADMIN,
          );
          await providerTraits.replaceProviderTraits(
            { uuid: first, resourceProviderGeneration: 1n, traits: ['HW_CPU_X86_VMX'] },
            ADMIN,
          );
          const pages: string[][] = [];
          let pageToken = '';
          do {
            const page = await providers.listResourceProviders(
              { inTree: root, pageSize: 3, pageToken },
              ADMIN,
            );
            pages.push(page.resourceProviders.map(({ uuid }) => uuid));
            pageToken = page.nextPageToken;
          } while (pageToken !== '');
          expect(pages).to.deep.equal([uuids.slice(0, 3), uuids.slice(3)]);
          const found = await providers.listResourceProviders(
            {
              inTree: first,
              resources: { VCPU: 4n },
              memberOf: [
                { aggregates: [randomUUID(), aggregate], forbidden: false },
                { aggregates: [randomUUID()], forbidden: true },
              ],
              required: [
                { traits: ['HW_CPU_X86_VMX'], forbidden: false },
                { traits: ['HW_CPU_X86_AVX'], forbidden: true },
              ],
            },
            ADMIN,
          );
          expect(found.resourceProviders.map(({ uuid }) => uuid)).to.deep.equal([first]);
        });

        it('says which class or trait of a filter is unknown', async () => {
          const { providers } = client();
          const cows = providers.listResourceProviders({ resources: { COWS: 1n } }, ADMIN);
          expect(await grpcFailure(cows)).to.deep.include({
            reason: 'UNKNOWN_RESOURCE_CLASS',
            facts: { resource_class: 'COWS' },
          });
          const required = [{ traits: ['CUSTOM_B', 'CUSTOM_A'], forbidden: true }];
          expect(
            await grpcFailure(providers.listResourceProviders({ required }, ADMIN)),
          ).to.deep.include({ reason: 'UNKNOWN_TRAIT', facts: { traits: 'CUSTOM_A,CUSTOM_B' } });
        });
      });

      describe('InventoriesService', () => {
        it('adds, replaces and removes with defaults and generations [2, 13.2]', async () => {
          const { inventories } = client();
          const uuid = await create();
          const added = await inventories.createInventory(
            { uuid, ...VCPU, inventory: { total: 4n } },
            ADMIN,
          );
          expect(added).to.deep.include({
            ...{ resourceProviderGeneration: 1n, inventory: { total: 4n, ...DEFAULTS } },
          });
          const replaced = await inventories.replaceInventory(
            {
              ...{ uuid, ...VCPU, resourceProviderGeneration: 1n },
              inventory: { total: 4n, reserved: 4n, allocationRatio: 1.5 },
            },
            ADMIN,
          );
          const expected = { total: 4n, ...DEFAULTS, reserved: 4n, allocationRatio: 1.5 };
          expect(replaced.inventory).to.deep.equal(expected);
          expect(await inventories.getInventory({ uuid, ...VCPU }, ADMIN)).to.deep.include({
            ...{ resourceProviderGeneration: 2n, inventory: expected },
          });
          const all = await inventories.replaceInventories(
            {
              ...{ uuid, resourceProviderGeneration: 2n },
              inventories: { DISK_GB: { total: 9n }, VCPU: { total: 8n } },
            },
            ADMIN,
          );
          expect(all.inventories['DISK_GB']).to.deep.equal({ total: 9n, ...DEFAULTS });
          expect(await inventories.listInventories({ uuid }, ADMIN)).to.deep.equal(all);
          await inventories.deleteInventory({ uuid, ...VCPU }, ADMIN);
          await inventories.deleteInventories({ uuid }, ADMIN);
          expect(await inventories.listInventories({ uuid }, ADMIN)).to.deep.include({
            ...{ resourceProviderGeneration: 5n, inventories: {} },
          });
        });

        it('says what stands against a change', async () => {
          const { inventories, allocations } = client();
          const uuid = await create();
          const inventory = { total: 4n };
          await inventories.createInventory({ uuid, ...VCPU, inventory }, ADMIN);
          const again = inventories.createInventory({ uuid, ...VCPU, inventory }, ADMIN);
          expect(await grpcFailure(again)).to.deep.include({
            ...{ code: 'ALREADY_EXISTS', facts: { provider: uuid, resource_class: 'VCPU' } },
          });
          const late = inventories.replaceInventory(
            { uuid, ...VCPU, resourceProviderGeneration: 0n, inventory },
            ADMIN,
          );
          expect(await grpcFailure(late)).to.deep.include({
            ...{ code: 'ABORTED', reason: 'GENERATION_CONFLICT' },
            facts: { kind: 'resource_provider', id: uuid, expected: '1', given: '0' },
          });
          const resources = { resources: { VCPU: 1n } };
          const owners = { projectId: 'p', userId: 'u', precondition: undefined };
          await allocations.replaceAllocations(
            {
              consumerUuid: randomUUID(),
              claim: { ...owners, allocations: { [uuid]: resources } },
            },
            ADMIN,
          );
          const facts = { provider: uuid, resource_classes: 'VCPU' };
          const removals = [
            inventories.deleteInventories({ uuid }, ADMIN),
            inventories.deleteInventory({ uuid, ...VCPU }, ADMIN),
            inventories.replaceInventories({ uuid, resourceProviderGeneration: 2n }, ADMIN),
          ];
          for (const failure of await failures(removals))
            expect(failure).to.deep.include({
              ...{ code: 'FAILED_PRECONDITION', reason: 'INVENTORY_IN_USE', facts },
            });
        });

        it('refuses values out of bounds, unknown classes and providers', async () => {
          const { inventories } = client();
          const uuid = await create();
          const create1 = (resourceClass: string, inventory?: object) =>
            inventories.createInventory({ uuid, resourceClass, inventory } as never, ADMIN);
          const malformed = [
            create1('VCPU'),
            create1('vcpu', { total: 1n }),
            create1('VCPU', { total: 0n }),
            create1('VCPU', { total: 2147483648n }),
            create1('VCPU', { total: 1n, reserved: -1n }),
            create1('VCPU', { total: 1n, reserved: 2n }),
            create1('VCPU', { total: 1n, stepSize: 0n }),
            create1('VCPU', { total: 1n, allocationRatio: 3.5e38 }),
            create1('VCPU', { total: 1n, allocationRatio: Infinity }),
            create1('VCPU', { total: 1n, allocationRatio: NaN }),
            create1('VCPU', { total: 1n, allocationRatio: -1 }),
          ];
          for (const failure of await failures(malformed))
            expect(failure).to.include({ reason: 'INVALID_REQUEST' });
          expect(await grpcFailure(create1('COWS', { total: 1n }))).to.deep.include({
            ...{ reason: 'UNKNOWN_RESOURCE_CLASS', facts: { resource_class: 'COWS' } },
          });
          const absent = [
            inventories.getInventory({ uuid, ...VCPU }, ADMIN),
            inventories.deleteInventory({ uuid, ...VCPU }, ADMIN),
            inventories.listInventories({ uuid: randomUUID() }, ADMIN),
            inventories.listInventories({ uuid: 'a\0' }, ADMIN),
          ];
          for (const failure of await failures(absent))
            expect(failure).to.include({ reason: 'NOT_FOUND' });
        });
      });

      it('replaces aggregates, with and without a generation [2, 14.2]', async () => {
        const { aggregates } = client();
        const uuid = await create();
        const [a, b] = [randomUUID(), randomUUID()].sort();
        const free = { uuid, aggregates: [b!, a!, b!] };
        expect(await aggregates.replaceProviderAggregates(free, ADMIN)).to.deep.include({
          ...{ resourceProviderGeneration: 0n, aggregates: [a, b] },
        });
        const guarded = { uuid, resourceProviderGeneration: 0n, aggregates: [a!] };
        await aggregates.replaceProviderAggregates(guarded, ADMIN);
        expect(await aggregates.listProviderAggregates({ uuid }, ADMIN)).to.deep.include({
          ...{ resourceProviderGeneration: 1n, aggregates: [a] },
        });
        const late = aggregates.replaceProviderAggregates(guarded, ADMIN);
        expect(await grpcFailure(late)).to.include({ reason: 'GENERATION_CONFLICT' });
        const spam = aggregates.replaceProviderAggregates({ uuid, aggregates: ['spam'] }, ADMIN);
        expect(await grpcFailure(spam)).to.include({ reason: 'INVALID_REQUEST' });
        const unknown = aggregates.listProviderAggregates({ uuid: randomUUID() }, ADMIN);
        expect(await grpcFailure(unknown)).to.include({ reason: 'NOT_FOUND' });
      });

      it('replaces traits, and moves the generation with the set only [2, 14.1]', async () => {
        const { providerTraits } = client();
        const uuid = await create();
        const traits = ['HW_CPU_X86_VMX', 'HW_CPU_X86_AVX', 'HW_CPU_X86_VMX'];
        for (const resourceProviderGeneration of [0n, 1n]) {
          const request = { uuid, resourceProviderGeneration, traits };
          expect(await providerTraits.replaceProviderTraits(request, ADMIN)).to.deep.include({
            resourceProviderGeneration: 1n,
            traits: ['HW_CPU_X86_AVX', 'HW_CPU_X86_VMX'],
          });
        }
        const unknown = { uuid, resourceProviderGeneration: 1n, traits: ['CUSTOM_NONE'] };
        expect(
          await grpcFailure(providerTraits.replaceProviderTraits(unknown, ADMIN)),
        ).to.deep.include({ reason: 'UNKNOWN_TRAIT', facts: { traits: 'CUSTOM_NONE' } });
        await providerTraits.deleteProviderTraits({ uuid }, ADMIN);
        expect(await providerTraits.listProviderTraits({ uuid }, ADMIN)).to.deep.include({
          ...{ resourceProviderGeneration: 2n, traits: [] },
        });
      });
    },
  );
});

/** Returns why each of some parallel calls failed. */
function failures(calls: readonly Promise<unknown>[]) {
  return Promise.all(calls.map((call) => grpcFailure(call)));
}
