// Goal: operations of one batch are judged in arrival order, each alone, and written together
// (sections 8.1 and 15 of the placement specification; design, section 7). Method: batches go straight
// to the ledger on a real database; outcomes and rows are compared.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { ConsumerWrite } from '../../src/allocations/domain/allocation-write.js';
import {
  type AllocationOperation,
  writeAllocationBatch,
} from '../../src/allocations/service/allocation-ledger.js';
import { Database } from '../../src/db/database.js';
import { systemClock } from '../../src/kernel/clock.js';
import { auditAllocations, createProvider, usedOf } from '../support/allocation-stage.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('a batch of allocation writes', () => {
  let database: Database;
  let rows: TestDatabase;
  let provider: string;

  before(async () => {
    rows = await createTestDatabase();
    await rows.query(
      `insert into resource_classes (id, name) values (0, 'VCPU'), (2, 'DISK_GB') on conflict do nothing`,
    );
    database = new Database({ url: rows.url, poolSize: 2 });
  });
  beforeEach(async () => {
    provider = await createProvider(rows, { VCPU: { total: 3 }, DISK_GB: { total: 9 } });
  });
  afterEach(() => auditAllocations(rows));
  after(async () => {
    await database.close();
    await rows.drop();
  });

  /** Returns, per operation, the generations that were answered, or the reason of the refusal. */
  async function run(...operations: AllocationOperation[]): Promise<readonly unknown[]> {
    const settled = await database.transact(
      (tx) => writeAllocationBatch(tx, operations, systemClock),
      { pipelined: true },
    );
    return settled.map((one) => (one.ok ? [...one.value.values()] : one.failure.reason));
  }

  function write(
    consumer: string,
    vcpus: bigint,
    more: Partial<ConsumerWrite> = {},
  ): AllocationOperation {
    const allocation = { provider, resourceClass: 'VCPU', amount: vcpus };
    const one: ConsumerWrite = {
      ...{ consumer, projectId: 'p', userId: 'u', type: undefined, expected: undefined },
      allocations: vcpus === 0n ? [] : [allocation],
      ...more,
    };
    return { kind: 'write', write: [one], isBatch: false };
  }

  function remove(consumer: string): AllocationOperation {
    return { kind: 'remove', consumer, asked: consumer };
  }

  async function storedOf(consumer: string) {
    return rows.query(
      `select c.generation, a.used from consumers c left join allocations a on a.consumer_id = c.id
        where c.uuid = $1`,
      [consumer],
    );
  }

  it('refuses one operation and keeps its neighbours', async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    const outcomes = await run(
      write(a, 2n),
      write(b, 2n),
      write(c, 1n),
      write(b, 1n, { allocations: [{ provider: 'nowhere', resourceClass: 'VCPU', amount: 1n }] }),
      remove(b),
    );
    expect(outcomes).to.deep.equal([
      [1n],
      'CAPACITY_EXCEEDED',
      [1n],
      'UNKNOWN_PROVIDER',
      'NOT_FOUND',
    ]);
    expect(await usedOf(rows, provider)).to.deep.equal({ used: 3, generation: 2 });
    expect(await storedOf(b)).to.deep.equal([]);
  });

  it('lets each operation see what those before it did', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const outcomes = await run(
      write(a, 3n, { expected: null }),
      write(a, 2n, { expected: null }),
      write(a, 1n, { expected: 1n }),
      write(b, 2n),
      remove(a),
      write(a, 1n, { expected: null }),
      write(b, 0n),
    );
    expect(outcomes).to.deep.equal([[1n], 'GENERATION_CONFLICT', [2n], [1n], [], [1n], []]);
    expect(await usedOf(rows, provider)).to.deep.equal({ used: 1, generation: 5 });
    expect(await storedOf(a)).to.deep.equal([{ generation: '1', used: '1' }]);
    expect(await storedOf(b)).to.deep.equal([]);
  });

  it('goes on from what earlier batches wrote, and writes only the difference', async () => {
    const consumer = randomUUID();
    const both = [
      { provider, resourceClass: 'VCPU', amount: 1n },
      { provider, resourceClass: 'DISK_GB', amount: 5n },
    ];
    await run(write(consumer, 1n, { allocations: both }));
    const removedAndBack = await run(remove(consumer), write(consumer, 2n, { expected: null }));
    expect(removedAndBack).to.deep.equal([[], [1n]]);
    expect(await storedOf(consumer)).to.deep.equal([{ generation: '1', used: '2' }]);
    expect(await usedOf(rows, provider, 'DISK_GB')).to.include({ used: 0 });
    await run(write(consumer, 0n, { expected: 1n }));
    expect(await storedOf(consumer)).to.deep.equal([]);
  });

  it('writes nothing for nobody: a consumer that comes and goes leaves no row (section 20.1)', async () => {
    const consumer = randomUUID();
    expect(await run(write(consumer, 0n, { expected: null }))).to.deep.equal([[]]);
    expect(await run(write(consumer, 3n), write(consumer, 0n))).to.deep.equal([[1n], []]);
    expect(await storedOf(consumer)).to.deep.equal([]);
    expect(await usedOf(rows, provider)).to.deep.equal({ used: 0, generation: 2 });
  });
});
