// Goal: writers of providers, inventories, aggregates and traits never spoil each other's work
// (sections 2, 14.4 and 15 of the allocations specification): of two on one generation exactly one
// wins, and no order of writes breaks a tree or strands an allocation. Method: two server processes
// on one database, parallel connections through Envoy; what counts in the end are the rows.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { STANDARD_TRAITS } from '../../src/allocations/domain/standard-traits.js';
import { auditAllocations, codeOf, NOAUTH, put } from '../support/allocation-stage.js';
import type { RestAnswer } from '../support/rest-client.js';
import { type Stack, startStack } from '../support/stack.js';

const CONFLICT = 'placement.concurrent_update';

describe('races on providers', function () {
  this.timeout(60_000);

  let stack: Stack;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 2, settings: NOAUTH });
  });
  afterEach(async () => {
    expect(await strays()).to.deep.equal([]);
    await auditAllocations(stack.database);
  });
  after(() => stack.stop());

  function send(method: string, target: string, json?: unknown): Promise<RestAnswer> {
    return stack.rest.send(method, target, {
      token: 'admin',
      headers: { 'openstack-api-version': 'placement 1.39' },
      ...(json !== undefined && { json }),
    });
  }

  async function createProvider(parent: string | null = null): Promise<string> {
    const uuid = randomUUID();
    const body = { name: uuid, uuid, parent_provider_uuid: parent };
    expect((await send('POST', '/resource_providers', body)).status).to.equal(200);
    return uuid;
  }

  async function generationOf(uuid: string): Promise<unknown> {
    const { text } = await send('GET', `/resource_providers/${uuid}`);
    return (JSON.parse(text) as { generation: unknown }).generation;
  }

  /** Returns the providers whose root is another one than the way up leads to. */
  function strays() {
    return stack.database.query(`
      with recursive tree as (
        select id, id as root from resource_providers where parent_provider_id is null
        union all
        select p.id, t.root from tree t join resource_providers p on p.parent_provider_id = t.id)
      select p.uuid from resource_providers p left join tree t using (id)
       where t.root is distinct from p.root_provider_id`);
  }

  const WRITES: Readonly<Record<string, (generation: number) => readonly [string, unknown]>> = {
    'all inventories': (generation) => [
      'inventories',
      { resource_provider_generation: generation, inventories: { VCPU: { total: 5 } } },
    ],
    'one inventory': (generation) => [
      'inventories/VCPU',
      { resource_provider_generation: generation, total: 7 },
    ],
    aggregates: (generation) => [
      'aggregates',
      { resource_provider_generation: generation, aggregates: [randomUUID()] },
    ],
    traits: (generation) => [
      'traits',
      {
        resource_provider_generation: generation,
        // Another one each time: the same set would not move the generation.
        traits: [STANDARD_TRAITS[generation]],
      },
    ],
  };
  for (const [what, write] of Object.entries(WRITES)) {
    it(`of parallel writes of ${what} on one generation exactly one wins [15]`, async () => {
      const uuid = await createProvider();
      const first = { resource_class: 'VCPU', total: 4 };
      await send('POST', `/resource_providers/${uuid}/inventories`, first);
      for (let round = 1; round <= 10; round += 1) {
        const answers = await all(4, () => {
          const [path, body] = write(round);
          return send('PUT', `/resource_providers/${uuid}/${path}`, body);
        });
        expect(statusesOf(answers)).to.deep.equal({ 200: 1, 409: 3 });
        for (const loser of answers.filter(({ status }) => status === 409))
          expect(codeOf(loser)).to.equal(CONFLICT);
        expect(await generationOf(uuid)).to.equal(round + 1);
      }
    });
  }

  it('of parallel writes of all kinds on one generation exactly one wins [15]', async () => {
    const uuid = await createProvider();
    await send('POST', `/resource_providers/${uuid}/inventories`, {
      ...{ resource_class: 'VCPU', total: 4 },
    });
    for (let round = 1; round <= 10; round += 1) {
      const kinds = Object.values(WRITES);
      const answers = await all(kinds.length, (index) => {
        const [path, body] = kinds[index]!(round);
        return send('PUT', `/resource_providers/${uuid}/${path}`, body);
      });
      expect(statusesOf(answers)).to.deep.equal({ 200: 1, 409: 3 });
      expect(await generationOf(uuid)).to.equal(round + 1);
    }
  });

  it('of parallel additions of one class exactly one wins, of distinct ones all [13.2]', async () => {
    const uuid = await createProvider();
    const target = `/resource_providers/${uuid}/inventories`;
    const same = await all(8, () => send('POST', target, { resource_class: 'VCPU', total: 4 }));
    expect(statusesOf(same)).to.deep.equal({ 201: 1, 409: 7 });
    const classes = ['MEMORY_MB', 'DISK_GB', 'PCI_DEVICE', 'VGPU', 'PCPU', 'FPGA'];
    const distinct = await Promise.all(
      classes.map((name) => send('POST', target, { resource_class: name, total: 4 })),
    );
    expect(statusesOf(distinct)).to.deep.equal({ 201: 6 });
    expect(await generationOf(uuid)).to.equal(7);
  });

  it('of parallel creations with one name, or one uuid, exactly one wins [12]', async () => {
    for (const field of ['name', 'uuid'])
      for (let round = 0; round < 5; round += 1) {
        const common = randomUUID();
        const answers = await all(6, () =>
          send('POST', '/resource_providers', { name: randomUUID(), [field]: common }),
        );
        expect(statusesOf(answers)).to.deep.equal({ 200: 1, 409: 5 });
        for (const loser of answers.filter(({ status }) => status === 409))
          expect(codeOf(loser)).to.equal('placement.duplicate_name');
      }
  });

  it('two providers that take each other’s name keep their own [12]', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = [await createProvider(), await createProvider()];
      const answers = await Promise.all([
        send('PUT', `/resource_providers/${a}`, { name: b }),
        send('PUT', `/resource_providers/${b}`, { name: a }),
      ]);
      expect(statusesOf(answers)).to.deep.equal({ 409: 2 });
    }
  });

  it('two moves that would make a loop together: one is refused [14.4]', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = [await createProvider(), await createProvider()];
      const answers = await Promise.all([
        send('PUT', `/resource_providers/${a}`, { name: a, parent_provider_uuid: b }),
        send('PUT', `/resource_providers/${b}`, { name: b, parent_provider_uuid: a }),
      ]);
      expect(statusesOf(answers)).to.deep.equal({ 200: 1, 400: 1 });
      expect(answers.find(({ status }) => status === 400)?.text).to.include('creating loop');
    }
  });

  it('children added while their tree moves get its new root [14.4]', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [root, top] = [await createProvider(), await createProvider()];
      const middle = await createProvider(top);
      const [moved, ...added] = await Promise.all([
        send('PUT', `/resource_providers/${top}`, { name: top, parent_provider_uuid: root }),
        ...times(8, () => createProvider(middle)),
      ]);
      expect(moved.status).to.equal(200);
      const { text } = await send('GET', `/resource_providers?in_tree=${root}`);
      for (const uuid of [root, top, middle, ...added]) expect(text).to.include(`"${uuid}"`);
    }
  });

  it('a provider that is deleted while it gets a child keeps it or does not get it [12]', async () => {
    for (let round = 0; round < 10; round += 1) {
      const parent = await createProvider();
      const child = { name: randomUUID(), parent_provider_uuid: parent };
      const [deleted, created] = await Promise.all([
        send('DELETE', `/resource_providers/${parent}`),
        send('POST', '/resource_providers', child),
      ]);
      expect([deleted.status, created.status]).to.be.deep.oneOf([
        [204, 400],
        [409, 200],
      ]);
    }
  });

  it('an inventory that is removed while it is claimed keeps the claim or refuses it [13.2]', async () => {
    for (const target of ['inventories', 'inventories/VCPU', '']) {
      for (let round = 0; round < 10; round += 1) {
        const uuid = await createProvider();
        await send('POST', `/resource_providers/${uuid}/inventories`, {
          ...{ resource_class: 'VCPU', total: 4 },
        });
        const [removed, claimed] = await Promise.all([
          send('DELETE', `/resource_providers/${uuid}${target === '' ? '' : `/${target}`}`),
          put(stack, randomUUID(), { [uuid]: { VCPU: 1 } }),
        ]);
        expect([removed.status, claimed.status]).to.be.deep.oneOf([
          [204, target === '' ? 400 : 409],
          [409, 204],
        ]);
      }
    }
  });

  it('inventories written while they are claimed lose no usage [15]', async () => {
    const uuid = await createProvider();
    await send('POST', `/resource_providers/${uuid}/inventories`, {
      ...{ resource_class: 'VCPU', total: 1000 },
    });
    const claims = times(30, () => put(stack, randomUUID(), { [uuid]: { VCPU: 1 } }));
    const writes = times(30, async () => {
      const generation = await generationOf(uuid);
      return send('PUT', `/resource_providers/${uuid}/inventories`, {
        resource_provider_generation: generation,
        inventories: { VCPU: { total: 900 }, DISK_GB: { total: 5 } },
      });
    });
    expect(statusesOf(await Promise.all(claims))).to.deep.equal({ 204: 30 });
    const written = (await Promise.all(writes)).filter(({ status }) => status === 200).length;
    expect(await generationOf(uuid)).to.equal(1 + 30 + written);
  });
});

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function all<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(times(count, run));
}

/** How many answers have each status. */
function statusesOf(answers: readonly RestAnswer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
