// Goal: allocation writes come out as sections 2 and 8 of the placement specification say, whatever
// came before. Method: random writes on a few providers and consumers, judged by the real rules and
// by a model that follows the text step by step. SEED=… repeats a run.
import { expect } from 'chai';
import fc from 'fast-check';
import type { WriteRefusal } from '../../src/allocations/domain/allocation-write.js';
import type { Allocation } from '../../src/allocations/domain/consumer.js';
import {
  AllocationModel,
  type ModelInventory,
  type ModelOutcome,
  type ModelRow,
} from '../support/allocation-model.js';
import { AllocationWorld as World, stock } from '../support/allocation-world.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const CLASSES = ['VCPU', 'MEMORY_MB', 'DISK_GB'];

describe('random writes', () => {
  const PROVIDERS = ['P', 'Q', 'R'];
  const CONSUMERS = ['A', 'B', 'C', 'D'];
  const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>) =>
    fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: rare, weight: 1 });

  const row = fc.record({
    provider: rarely(fc.constantFrom(...PROVIDERS), fc.constant('nowhere')),
    resourceClass: rarely(fc.constantFrom('VCPU', 'MEMORY_MB', 'DISK_GB'), fc.constant('COWS')),
    amount: fc.integer({ min: 1, max: 9 }),
  });
  const consumerWrite = fc.record({
    consumer: fc.constantFrom(...CONSUMERS),
    project: fc.constantFrom('p', 'q'),
    type: fc.constantFrom(undefined, 'PONY', 'INSTANCE'),
    expected: rarely<'any' | 'right' | number | null>(
      fc.constantFrom('any', 'right'),
      fc.constantFrom(null, 0, 1, 2),
    ),
    rows: fc.uniqueArray(row, {
      maxLength: 4,
      selector: ({ provider, resourceClass }) => `${provider} ${resourceClass}`,
    }),
  });
  const inventory = fc.record({
    total: fc.integer({ min: 1, max: 24 }),
    reserved: fc.constantFrom(0, 0, 1),
    minUnit: fc.constantFrom(1, 1, 2),
    maxUnit: fc.constantFrom(100, 100, 6),
    stepSize: fc.constantFrom(1, 1, 2),
    ratio: fc.constantFrom(1, 1, 1.5, 0.5, 0.3),
  });
  const command = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        writes: fc.uniqueArray(consumerWrite, {
          minLength: 1,
          maxLength: 3,
          selector: ({ consumer }) => consumer,
        }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('remove' as const),
        consumer: fc.constantFrom(...CONSUMERS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('stock' as const),
        provider: fc.constantFrom(...PROVIDERS),
        resourceClass: fc.constantFrom('VCPU', 'MEMORY_MB', 'DISK_GB'),
        inventory,
      }),
    },
  );

  function putStock(
    world: World,
    model: AllocationModel,
    provider: string,
    resourceClass: string,
    given: ModelInventory,
  ): void {
    model.inventories.get(provider)?.set(resourceClass, given);
    const { generation, stocks } = world.providers.get(provider)!;
    const changed = stock({
      total: BigInt(given.total),
      reserved: BigInt(given.reserved),
      minUnit: BigInt(given.minUnit),
      maxUnit: BigInt(given.maxUnit),
      stepSize: BigInt(given.stepSize),
      allocationRatio: given.ratio,
      used: stocks.get(resourceClass)?.used ?? 0n,
    });
    world.providers.set(provider, {
      generation,
      stocks: new Map(stocks).set(resourceClass, changed),
    });
  }

  function outcomeOf(refusal: WriteRefusal | undefined): ModelOutcome {
    switch (refusal?.why) {
      case undefined:
        return [];
      case 'generation':
        return [refusal.why, refusal.write.consumer];
      case 'no-provider':
        return [refusal.why, refusal.provider];
      case 'no-class':
        return [refusal.why, refusal.resourceClass];
      case 'no-inventory':
        return [refusal.why, refusal.providers.join(), refusal.resourceClasses.join()];
      case 'unit':
      case 'capacity':
        return [refusal.why, refusal.allocation.provider, refusal.allocation.resourceClass];
    }
  }

  function rowsOf(world: World): readonly ModelRow[] {
    return [...world.consumers].flatMap(([consumer, { allocations }]) =>
      allocations.map(({ amount, ...of }) => ({ consumer, ...of, amount: Number(amount) })),
    );
  }

  function expectSame(world: World, model: AllocationModel): void {
    expect(rowsOf(world)).to.have.deep.members([...model.rows]);
    for (const [uuid, { generation, stocks }] of world.providers) {
      expect(Number(generation)).to.equal(model.generations.get(uuid));
      for (const [name, { used }] of stocks) expect(Number(used)).to.equal(model.usage(uuid, name));
    }
    const consumers = [...world.consumers].map(
      ([uuid, { generation, projectId, type }]) =>
        [uuid, { generation: Number(generation), project: projectId, type }] as const,
    );
    expect(new Map(consumers)).to.deep.equal(model.consumers);
    for (const { allocations } of world.consumers.values()) expect(allocations).not.to.be.empty;
  }

  it(`come out as the text says, and leave the same state (SEED=${SEED})`, () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const world = new World();
        for (const provider of PROVIDERS) world.give(provider, {});
        const model = new AllocationModel(PROVIDERS, CLASSES);
        for (const one of commands) {
          if (one.kind === 'stock')
            putStock(world, model, one.provider, one.resourceClass, one.inventory);
          else if (one.kind === 'remove') {
            const isRemoved = world.remove(one.consumer);
            expect(model.remove(one.consumer).length === 0).to.equal(isRemoved);
            seen.add(`removed ${isRemoved}`);
          } else {
            const writes = one.writes.map(({ consumer, project, type, expected, rows }) => {
              const actual = model.consumers.get(consumer)?.generation ?? null;
              return {
                ...{ consumer, project, type },
                expected: expected === 'any' ? undefined : expected === 'right' ? actual : expected,
                rows: rows.map((of) => ({ consumer, ...of })),
              };
            });
            const actual = outcomeOf(
              world.write(
                ...writes.map(({ consumer, project, type, expected, rows }) => ({
                  ...{ consumer, projectId: project, userId: 'u', type },
                  expected: typeof expected === 'number' ? BigInt(expected) : expected,
                  allocations: rows.map(({ provider, resourceClass, amount }): Allocation => ({
                    provider,
                    resourceClass,
                    amount: BigInt(amount),
                  })),
                })),
              ),
            );
            expect(actual).to.deep.equal(model.write(writes));
            seen.add(actual[0] ?? 'written');
          }
          expectSame(world, model);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect([...seen]).to.include.members([
      ...['written', 'removed true', 'removed false', 'generation', 'no-provider', 'no-class'],
      ...['no-inventory', 'unit', 'capacity'],
    ]);
  });
});
