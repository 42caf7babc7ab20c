// Goal: versions, resource classes and traits over gRPC behave as the protos promise: reasons with
// facts, pages, calls that may be repeated. Method: every RPC of the three services at a server and
// through Envoy, on names of the test's own.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { ListTraitsRequest } from '../../../src/gen/apportion/allocations/v1/traits_service.js';
import { NOAUTH } from '../../support/allocation-stage.js';
import { describeBothWays } from '../../support/both-ways.js';
import { grpcFailure } from '../../support/grpc-client.js';
import { type Stack, startStack } from '../../support/stack.js';

const ADMIN = { token: 'admin' };

/** A name that nobody else has. */
function customName(): string {
  return `CUSTOM_${randomUUID().replaceAll('-', '_').toUpperCase()}`;
}

describe('names of the Placement API over gRPC', () => {
  let stack: Stack;

  before(async () => {
    stack = await startStack({ settings: NOAUTH });
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client) => {
      it('RootService tells the versions to anyone [4]', async () => {
        const { versions } = await client().placementRoot.listVersions({}, {});
        expect(versions).to.deep.equal([
          { id: 'v1.0', minVersion: '1.0', maxVersion: '1.39', status: 'CURRENT' },
        ]);
      });

      it('asks for a role before it looks at anything [3.1, 3.2]', async () => {
        const nobody = { token: 'nobody' };
        for (const call of [
          client().resourceClasses.createResourceClass({ name: 'wrong' }, nobody),
          client().traits.ensureTrait({ name: 'wrong' }, nobody),
        ])
          expect(await grpcFailure(call)).to.include({
            code: 'PERMISSION_DENIED',
            reason: 'FORBIDDEN',
          });
      });

      it('ResourceClassesService adds, renames and removes classes [13.1]', async () => {
        const { resourceClasses } = client();
        const [name, newName] = [customName(), customName()];
        await resourceClasses.createResourceClass({ name }, ADMIN);
        const again = resourceClasses.createResourceClass({ name }, ADMIN);
        expect(await grpcFailure(again)).to.deep.include({
          ...{ code: 'ALREADY_EXISTS', reason: 'ALREADY_EXISTS' },
          facts: { resource_class: name },
        });
        expect(await resourceClasses.ensureResourceClass({ name }, ADMIN)).to.include({
          ...{ name, created: false },
        });
        const renamed = await resourceClasses.ensureResourceClass({ name, newName }, ADMIN);
        expect(renamed).to.include({ name: newName, created: false });
        expect(await resourceClasses.getResourceClass({ name: newName }, ADMIN)).to.include({
          name: newName,
        });
        await resourceClasses.deleteResourceClass({ name: newName }, ADMIN);
        for (const call of [
          resourceClasses.getResourceClass({ name: newName }, ADMIN),
          resourceClasses.ensureResourceClass({ name, newName }, ADMIN),
          resourceClasses.deleteResourceClass({ name: 'no such\0name' }, ADMIN),
        ])
          expect(await grpcFailure(call)).to.include({ code: 'NOT_FOUND', reason: 'NOT_FOUND' });
      });

      it('ResourceClassesService refuses standard names, and classes in use [13.1]', async () => {
        const { resourceClasses, providers, inventories } = client();
        const refused = { code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' };
        for (const call of [
          resourceClasses.createResourceClass({ name: 'VCPU' }, ADMIN),
          resourceClasses.ensureResourceClass({ name: 'VCPU' }, ADMIN),
          resourceClasses.ensureResourceClass({ name: 'VCPU', newName: customName() }, ADMIN),
          resourceClasses.deleteResourceClass({ name: 'VCPU' }, ADMIN),
        ])
          expect(await grpcFailure(call)).to.include(refused);

        const [name, uuid] = [customName(), randomUUID()];
        await resourceClasses.ensureResourceClass({ name }, ADMIN);
        await providers.createResourceProvider({ name: uuid, uuid }, ADMIN);
        await inventories.createInventory(
          { uuid, resourceClass: name, inventory: { total: 1n } },
          ADMIN,
        );
        const inUse = resourceClasses.deleteResourceClass({ name }, ADMIN);
        expect(await grpcFailure(inUse)).to.deep.include({
          ...{ code: 'FAILED_PRECONDITION', reason: 'RESOURCE_CLASS_IN_USE' },
          facts: { resource_class: name },
        });
      });

      it('ResourceClassesService lists classes in pages [13.1]', async () => {
        const { resourceClasses } = client();
        const whole = await resourceClasses.listResourceClasses({}, ADMIN);
        expect(whole.resourceClasses.length).to.be.greaterThan(20);
        const paged: string[] = [];
        let pageToken = '';
        do {
          const page = await resourceClasses.listResourceClasses({ pageSize: 7, pageToken }, ADMIN);
          paged.push(...page.resourceClasses);
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        expect(paged).to.deep.equal(whole.resourceClasses);
        const forged = resourceClasses.listResourceClasses({ pageToken: 'x' }, ADMIN);
        expect(await grpcFailure(forged)).to.include({ reason: 'INVALID_REQUEST' });
      });

      it('TraitsService adds, finds and removes traits [14.1]', async () => {
        const { traits, providers, providerTraits } = client();
        const name = customName();
        expect(await traits.ensureTrait({ name }, ADMIN)).to.include({ name, created: true });
        expect(await traits.ensureTrait({ name }, ADMIN)).to.include({ name, created: false });
        expect(await traits.getTrait({ name }, ADMIN)).to.include({ name });
        const found: readonly [Partial<ListTraitsRequest>, readonly string[]][] = [
          [{ names: [name, 'NONE'] }, [name]],
          [{ namePrefix: name.slice(0, -1) }, [name]],
          [{ names: [name], associated: false }, [name]],
          [{ names: [name], associated: true }, []],
        ];
        for (const [filter, expected] of found)
          expect((await traits.listTraits(filter, ADMIN)).traits).to.deep.equal(expected);

        const uuid = randomUUID();
        await providers.createResourceProvider({ name: uuid, uuid }, ADMIN);
        const given = { uuid, resourceProviderGeneration: 0n, traits: [name] };
        await providerTraits.replaceProviderTraits(given, ADMIN);
        const associated = await traits.listTraits({ names: [name], associated: true }, ADMIN);
        expect(associated.traits).to.deep.equal([name]);
        expect(await grpcFailure(traits.deleteTrait({ name }, ADMIN))).to.deep.include({
          ...{ code: 'FAILED_PRECONDITION', reason: 'TRAIT_IN_USE' },
          facts: { trait: name },
        });
        await providerTraits.deleteProviderTraits({ uuid }, ADMIN);
        await traits.deleteTrait({ name }, ADMIN);
        for (const call of [traits.getTrait({ name }, ADMIN), traits.deleteTrait({ name }, ADMIN)])
          expect(await grpcFailure(call)).to.include({ reason: 'NOT_FOUND' });
        expect(await grpcFailure(traits.ensureTrait({ name: 'HW_X' }, ADMIN))).to.include({
          reason: 'INVALID_REQUEST',
        });
      });

      it('TraitsService lists traits in pages [14.1]', async () => {
        const first = await client().traits.listTraits({ pageSize: 100 }, ADMIN);
        expect(first.traits).to.have.length(100);
        const rest = await client().traits.listTraits({ pageToken: first.nextPageToken }, ADMIN);
        expect(rest.traits.length).to.be.greaterThan(276);
        expect(rest.nextPageToken).to.equal('');
      });
    },
  );
});
