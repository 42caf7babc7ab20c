// Goal: a list of 10,000 providers costs a server little memory and the database one statement, and
// what runs for every call finds its rows by an index (issue 6). Method: rows go straight into the
// tables; a server in a process of its own answers through Envoy while the kernel takes down its peak
// memory; the statements of the storage functions are explained by Postgres.
import { expect } from 'chai';
import pg from 'pg';
import type { ProviderFilter } from '../../src/allocations/domain/provider-filter.js';
import { readAggregates, replaceAggregates } from '../../src/allocations/storage/aggregates.js';
import {
  deleteBesides,
  inventoryUse,
  readInventories,
  usedBesides,
} from '../../src/allocations/storage/inventories.js';
import { readProviders } from '../../src/allocations/storage/provider-list.js';
import {
  advanceProvider,
  findProvider,
  lockProvider,
  lockProviders,
} from '../../src/allocations/storage/provider-rows.js';
import {
  readProviderTraits,
  replaceProviderTraits,
} from '../../src/allocations/storage/provider-traits.js';
import {
  deleteProvider,
  providersWithin,
  usesOfProvider,
} from '../../src/allocations/storage/resource-providers.js';
import { columnTypes } from '../../src/db/int8.js';
import type { Tx } from '../../src/db/tx.js';
import { NOAUTH } from '../support/allocation-stage.js';
import { ExplainingTx } from '../support/plans.js';
import { forgetPeakOf, memoryOf } from '../support/process-memory.js';
import { type Stack, startStack } from '../support/stack.js';

const PROVIDERS = 10_000;
const MOST_GROWTH_MIB = 200;
const NO_NAMES = { anyOf: [], noneOf: [] };
const EVERYTHING: ProviderFilter = {
  ...{ name: undefined, uuid: undefined, inTree: undefined },
  ...{ resources: new Map(), aggregates: NO_NAMES, traits: NO_NAMES },
};

/** What runs for every call, by what it is for, and the table it must reach by an index. */
const HOT: Record<string, readonly [table: string, run: (tx: Tx) => Promise<unknown>]> = {
  'finding a provider': ['resource_providers', (tx) => findProvider(tx, uuid(77))],
  'locking a provider': ['resource_providers', (tx) => lockProvider(tx, uuid(77))],
  'locking providers': ['resource_providers', (tx) => lockProviders(tx, [77n, 78n])],
  'moving a generation': [
    'resource_providers',
    // Nothing is changed, so that no row comes back.
    (tx) => advanceProvider(tx, 77n).catch(() => undefined),
  ],
  'walking down a tree': ['resource_providers', (tx) => providersWithin(tx, 77n)],
  'judging a deletion': ['inventories', (tx) => usesOfProvider(tx, 77n)],
  'deleting a provider': ['inventories', (tx) => deleteProvider(tx, 77n)],
  'reading inventories': ['inventories', (tx) => readInventories(tx, uuid(77))],
  'judging the removal of inventories': ['inventories', (tx) => usedBesides(tx, 77n, [0n])],
  'judging the removal of an inventory': ['inventories', (tx) => inventoryUse(tx, 77n, 'VCPU')],
  'removing inventories': ['inventories', (tx) => deleteBesides(tx, 77n, [0n])],
  'reading aggregates': ['provider_aggregates', (tx) => readAggregates(tx, uuid(77))],
  'replacing aggregates': ['provider_aggregates', (tx) => replaceAggregates(tx, 77n, [uuid(1)])],
  'reading traits': ['provider_traits', (tx) => readProviderTraits(tx, uuid(77))],
  'replacing traits': ['provider_traits', (tx) => replaceProviderTraits(tx, 77n, [1n])],
  'listing by name': ['resource_providers', listing({ name: 'node-77' })],
  'listing by uuid': ['resource_providers', listing({ uuid: uuid(77) })],
  'listing a tree': ['resource_providers', listing({ inTree: uuid(77) })],
  'listing the members of an aggregate': [
    'provider_aggregates',
    listing({ aggregates: { anyOf: [[uuid(1_000_001)]], noneOf: [] } }),
  ],
};

describe(`${PROVIDERS} providers`, function () {
  this.timeout(120_000);

  let stack: Stack;
  let client: pg.Client;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 1, settings: NOAUTH });
    await fill(stack);
    client = new pg.Client({ connectionString: stack.database.url, types: columnTypes });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await stack.stop();
  });

  it(`are listed with at most ${MOST_GROWTH_MIB} MiB more`, async () => {
    const { pid = 0 } = stack.processes[0] ?? {};
    await list(`uuid=${uuid(1)}`);
    const before = memoryOf(pid, 'VmRSS');
    forgetPeakOf(pid);
    const { length, bytes } = await list('');
    const growth = (memoryOf(pid, 'VmHWM') - before) / 1024;
    expect(length).to.equal(PROVIDERS);
    // A peak below the answer itself would mean that the wrong process was looked at.
    expect(growth).to.be.within(bytes / 1024 / 1024, MOST_GROWTH_MIB);
  });

  it('are found by everything at once', async () => {
    const filters = [
      `in_tree=${uuid(5_001)}&resources=VCPU:8,DISK_GB:90`,
      `member_of=in:${uuid(1_000_001)},${uuid(1_000_002)}&member_of=!${uuid(1_000_003)}`,
      'required=in:HW_CPU_X86_AVX,HW_CPU_X86_VMX&required=!HW_CPU_X86_SSE',
    ].join('&');
    expect(await list(filters)).to.include({ length: 1 });
    expect(await list('resources=VCPU:8')).to.include({ length: PROVIDERS });
    expect(await list('resources=VCPU:9')).to.include({ length: 0 });
  });

  for (const [purpose, [table, run]] of Object.entries(HOT)) {
    it(`are reached by an index when ${purpose}`, async () => {
      const tx = new ExplainingTx(client);
      await run(tx);
      const plans = await tx.plans();
      const scans = plans.flatMap((plan) => plan.scans);
      expect(scans.filter((scan) => scan.endsWith(` on ${table}`))).to.not.be.empty;
      const whole = scans.filter((scan) => LARGE.some((large) => scan === `Seq Scan on ${large}`));
      expect(whole, JSON.stringify(plans)).to.deep.equal([]);
    });
  }

  async function list(query: string): Promise<{ length: number; bytes: number }> {
    const answer = await stack.rest.get(`/resource_providers?${query}`, {
      token: 'admin',
      headers: { 'openstack-api-version': 'placement 1.39' },
    });
    expect(answer.status, answer.text.slice(0, 500)).to.equal(200);
    const body = JSON.parse(answer.text) as { resource_providers: { uuid: string }[] };
    const uuids = body.resource_providers.map((provider) => provider.uuid);
    expect(uuids).to.deep.equal([...new Set(uuids)].sort());
    return { length: uuids.length, bytes: answer.bytes.length };
  }
});

/** Tables that grow with providers. */
const LARGE = ['resource_providers', 'inventories', 'provider_aggregates', 'provider_traits'];

function listing(filter: Partial<ProviderFilter>) {
  return async (tx: Tx) => {
    const listed = readProviders(tx, { filter: { ...EVERYTHING, ...filter }, page: undefined });
    for await (const piece of listed) piece;
  };
}

function uuid(n: number): string {
  return `${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

/** Trees of ten, two inventories each, aggregates of ten, a trait that all have and one that a tenth has. */
async function fill({ database }: Stack): Promise<void> {
  const uuidOf = (n: string) => `lpad(to_hex(${n}), 8, '0') || '-0000-4000-8000-000000000000'`;
  await database.query(`
    insert into resource_providers (id, uuid, name, parent_provider_id, root_provider_id)
      select n, ${uuidOf('n')}, 'node-' || n, case when n <> root then root end, root
        from (select n, n - (n - 1) % 10 as root from generate_series(1, ${PROVIDERS}) as n) as p;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit,
                             max_unit, step_size, allocation_ratio)
      select p.id, c.id, case c.name when 'VCPU' then 8 else 100 end, 0, 1, 100, 1, 1
        from resource_providers p, resource_classes c where c.name in ('VCPU', 'DISK_GB');
    insert into provider_aggregates (resource_provider_id, aggregate_uuid)
      select n, ${uuidOf('1000000 + case when n % 1000 <= 2 then n % 1000 else 3 + n / 10 end')}
        from generate_series(1, ${PROVIDERS}) as n;
    insert into provider_traits (resource_provider_id, trait_id)
      select p.id, t.id from resource_providers p, traits t
       where t.name = 'HW_CPU_X86_VMX' or (t.name = 'HW_CPU_X86_SSE' and p.id % 10 = 2)`);
  await database.query('vacuum analyze');
}
