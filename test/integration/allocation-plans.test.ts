// Goal: what runs for every call about allocations finds its rows by an index, however large the
// tables grow. Method: 5,000 providers and 60,000 consumers, of which 20,000 use one provider; the
// statements of the storage functions are explained by Postgres, for given values and for any, and
// none may read a large table from end to end.
import pg from 'pg';
import { type LedgerChange, writeLedger } from '../../src/allocations/storage/allocation-ledger.js';
import { openLedger } from '../../src/allocations/storage/allocation-locks.js';
import { findConsumers, readProviderHoldings } from '../../src/allocations/storage/allocations.js';
import { readProviderUsages, readUsageGroups } from '../../src/allocations/storage/usages.js';
import { columnTypes } from '../../src/db/int8.js';
import type { Tx } from '../../src/db/tx.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectIndexed } from '../support/plans.js';

/** Tables that grow with the cloud. */
const LARGE = ['resource_providers', 'inventories', 'consumers', 'allocations'];

const CONSUMER = { generation: 1n, projectId: 'p', userId: 'u', type: null, allocations: [] };
const GRANT = { providerId: 77n, classId: 0n, amount: 1n };

const CHANGE: LedgerChange = {
  created: [{ uuid: id('c', 999_999), consumer: CONSUMER, grants: [GRANT] }],
  changed: [{ id: 77n, consumer: CONSUMER }],
  granted: [{ consumerId: 77n, ...GRANT }],
  freed: [{ consumerId: 77n, providerId: 78n, classId: 0n }],
  gone: [78n],
  generations: [{ id: 77n, generation: 2n }],
  usages: [{ providerId: 77n, classId: 0n, used: 1n }],
  at: new Date(),
};

const PROJECT = { projectId: 'project-7', userId: undefined, type: undefined, isGrouped: true };

/** What runs for every call, by what it is for, and the table it must reach by an index. */
const HOT: Record<string, readonly [table: string, run: (tx: Tx) => Promise<unknown>]> = {
  'opening a batch': [
    'inventories',
    (tx) =>
      openLedger(tx, {
        consumers: [id('c', 77), id('c', 999_999)],
        providers: [id('b', 77), id('b', 4_999)],
        resourceClasses: ['VCPU', 'MEMORY_MB'],
      }),
  ],
  'writing a batch': [
    'allocations',
    (tx) => {
      writeLedger(tx, CHANGE);
      return Promise.resolve();
    },
  ],
  'reading a consumer': ['allocations', (tx) => findConsumers(tx, [id('c', 77)])],
  'listing the consumers of a provider': [
    'allocations',
    (tx) =>
      drain(readProviderHoldings(tx, { providerId: 77n, after: undefined, limit: undefined })),
  ],
  'listing a page of the consumers of a hot provider': [
    'allocations',
    (tx) => drain(readProviderHoldings(tx, { providerId: 1n, after: 10_000n, limit: 100 })),
  ],
  'reading the usages of a provider': ['inventories', (tx) => readProviderUsages(tx, id('b', 77))],
  'reading the usages of a project': ['consumers', (tx) => readUsageGroups(tx, PROJECT)],
  'reading the usages of a user': [
    'consumers',
    (tx) => readUsageGroups(tx, { ...PROJECT, userId: 'user-3', type: 'INSTANCE' }),
  ],
};

describe('the plans of statements about allocations', function () {
  this.timeout(120_000);

  let database: TestDatabase;
  let client: pg.Client;

  before(async () => {
    database = await createTestDatabase();
    await fill(database);
    client = new pg.Client({ connectionString: database.url, types: columnTypes });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  for (const [purpose, [table, run]] of Object.entries(HOT)) {
    it(`reach ${table} by an index when ${purpose}`, async () => {
      await expectIndexed(client, run, { table, large: LARGE });
    });
  }
});

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  for await (const piece of pieces) piece;
}

function id(first: string, n: number): string {
  return `${first}${String(n).padStart(7, '0')}-0000-4000-8000-000000000000`;
}

async function fill(database: TestDatabase): Promise<void> {
  const uuid = (first: string) =>
    `'${first}' || lpad(n::text, 7, '0') || '-0000-4000-8000-000000000000'`;
  await database.query(`
    insert into resource_classes (id, name)
      select * from unnest(array[0, 1, 2], array['VCPU', 'MEMORY_MB', 'DISK_GB'])
      on conflict do nothing;
    insert into resource_providers (id, uuid, name, root_provider_id)
      select n, ${uuid('b')}, 'provider ' || n, n from generate_series(1, 5000) as n;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit,
                             max_unit, step_size, allocation_ratio, used)
      select n, r, 2147483647, 0, 1, 2147483647, 1, 1, case n when 1 then 20000 else 8 end
        from generate_series(1, 5000) as n cross join generate_series(0, 2) as r;
    insert into consumers (uuid, generation, project_id, user_id, consumer_type)
      select ${uuid('c')}, 1, 'project-' || n % 500, 'user-' || n % 11,
             case when n % 2 = 0 then 'INSTANCE' end
        from generate_series(1, 60000) as n;
    insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
      select id, case when id <= 20000 then 1 else 1 + id % 5000 end, r, 1
        from consumers cross join generate_series(0, 2) as r`);
  await database.query('vacuum analyze');
}
