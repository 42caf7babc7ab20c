// Goal: the rules of allocation writes, sections 2, 6 and 8 of the placement specification.
// Method: the worked examples of the text, and each refusal in its place of the order.
import { expect } from 'chai';
import { judgeWrite, type WriteRefusal } from '../../../src/allocations/domain/allocation-write.js';
import { AllocationWorld as World, stock, wanting } from '../../support/allocation-world.js';

function wordOf(refusal: WriteRefusal | undefined): string | undefined {
  return refusal?.why;
}

describe('the capacity of a provider (section 8.2)', () => {
  const rows: [others: bigint, own: bigint, cut: boolean, amount: bigint, fits: boolean][] = [
    [8n, 0n, false, 4n, true],
    [8n, 0n, false, 5n, false],
    [8n, 4n, false, 4n, true],
    [8n, 4n, true, 3n, true],
    [8n, 4n, true, 4n, true],
    [8n, 4n, true, 5n, false],
    [8n, 0n, true, 1n, false],
  ];
  for (const [others, own, cut, amount, fits] of rows) {
    const how = `${others} of others, ${own} of its own${cut ? ', then the ratio is cut' : ''}`;
    it(`${fits ? 'takes' : 'refuses'} ${amount} beside ${how}`, () => {
      const world = new World().give('P', {
        VCPU: stock({ reserved: 2n, allocationRatio: 1.5 }),
      });
      expect(world.write(wanting('D', [['P', 'VCPU', others]]))).to.equal(undefined);
      if (own > 0n) expect(world.write(wanting('C', [['P', 'VCPU', own]]))).to.equal(undefined);
      if (cut) world.change('P', { allocationRatio: 1 });
      const refusal = world.write(wanting('C', [['P', 'VCPU', amount]]));
      expect(wordOf(refusal)).to.equal(fits ? undefined : 'capacity');
      expect(world.used('P')).to.equal(others + (fits ? amount : own));
    });
  }

  it('is a real number: half a unit has no room for a whole one', () => {
    const world = new World().give('P', { VCPU: stock({ total: 5n, allocationRatio: 0.5 }) });
    expect(wordOf(world.write(wanting('C', [['P', 'VCPU', 3n]])))).to.equal('capacity');
    expect(world.write(wanting('C', [['P', 'VCPU', 2n]]))).to.equal(undefined);
  });

  it('counts the sum over all consumers of one request (behaviour 48)', () => {
    const world = new World().give('P', { VCPU: stock({ total: 2n }) });
    const three = ['C', 'D', 'E'].map((name) => wanting(name, [['P', 'VCPU', 1n]]));
    expect(world.write(...three)).to.deep.include({ why: 'capacity' });
    expect(world.used('P')).to.equal(0n);
    expect(world.write(...three.slice(1))).to.equal(undefined);
  });

  it('lets an amount move to another consumer while over capacity (behaviour 52)', () => {
    const world = new World().give('P', { VCPU: stock() });
    world.write(wanting('C', [['P', 'VCPU', 10n]]));
    world.change('P', { allocationRatio: 0.5 });
    expect(wordOf(world.write(wanting('D', [['P', 'VCPU', 10n]])))).to.equal('capacity');
    expect(world.write(wanting('C', []), wanting('D', [['P', 'VCPU', 10n]]))).to.equal(undefined);
    expect([...world.consumers.keys()]).to.deep.equal(['D']);
  });
});

describe('units and steps (behaviour 28)', () => {
  const limits = { total: 100n, minUnit: 4n, maxUnit: 20n, stepSize: 4n };
  for (const [amount, fits] of [
    [3n, false],
    [4n, true],
    [6n, false],
    [20n, true],
    [24n, false],
    [2n ** 70n, false],
  ] as const) {
    it(`${fits ? 'take' : 'refuse'} ${amount} of 4 to 20 in steps of 4`, () => {
      const world = new World().give('P', { VCPU: stock(limits) });
      const refusal = world.write(wanting('C', [['P', 'VCPU', amount]]));
      expect(wordOf(refusal)).to.equal(fits ? undefined : 'unit');
    });
  }

  it('are judged for each consumer, and before the capacity', () => {
    const world = new World().give('P', { VCPU: stock({ total: 10n, maxUnit: 6n }) });
    const both = [wanting('C', [['P', 'VCPU', 6n]]), wanting('D', [['P', 'VCPU', 4n]])];
    expect(world.write(...both)).to.equal(undefined);
    expect(wordOf(world.write(wanting('E', [['P', 'VCPU', 7n]])))).to.equal('unit');
  });
});

describe('the order in which a write is judged (sections 6 and 8.1)', () => {
  const bad = {
    generation: wanting('C', [], { expected: 7n }),
    'no-provider': wanting('C', [['nowhere', 'VCPU', 1n]]),
    'no-class': wanting('C', [['P', 'COWS', 1n]]),
    'no-inventory': wanting('C', [['bare', 'VCPU', 1n]]),
    unit: wanting('C', [['P', 'VCPU', 9n]]),
    capacity: wanting('C', [
      ['P', 'VCPU', 8n],
      ['P', 'DISK_GB', 8n],
    ]),
  };
  const words = Object.keys(bad) as (keyof typeof bad)[];

  function world(): World {
    return new World()
      .give('P', { VCPU: stock({ maxUnit: 8n }), DISK_GB: stock({ total: 7n }) })
      .give('bare', {});
  }

  for (const [at, word] of words.entries()) {
    it(`reports ${word} before ${words.slice(at + 1).join(', ') || 'nothing'}`, () => {
      expect(wordOf(world().write(bad[word]))).to.equal(word);
      const all = words.slice(at).map((other) => ({ ...bad[other], consumer: other }));
      // Whatever stands first in the request; allocations alone are judged in its order.
      const order = word === 'unit' ? all : all.reverse();
      expect(wordOf(world().write(...order))).to.equal(word);
    });
  }

  it('names all classes, sorted, of a provider that has none of them', () => {
    const refusal = world().write(
      wanting('C', [
        ['bare', 'VCPU', 1n],
        ['bare', 'DISK_GB', 1n],
      ]),
    );
    expect(refusal).to.deep.equal({
      why: 'no-inventory',
      providers: ['bare'],
      resourceClasses: ['DISK_GB', 'VCPU'],
    });
  });

  it('names the one class that a provider lacks, and writes nothing (behaviour 32)', () => {
    const held = world();
    const refusal = held.write(
      wanting('C', [
        ['P', 'VCPU', 1n],
        ['P', 'MEMORY_MB', 1n],
      ]),
    );
    expect(refusal).to.deep.equal({
      why: 'no-inventory',
      providers: ['P'],
      resourceClasses: ['MEMORY_MB'],
    });
    expect([held.used('P'), held.consumers.size]).to.deep.equal([0n, 0]);
  });
});

describe('generations (section 2)', () => {
  let world: World;

  beforeEach(() => {
    world = new World()
      .give('P', { VCPU: stock(), DISK_GB: stock() })
      .give('Q', { VCPU: stock(), DISK_GB: stock() });
  });

  const generationOf = (provider: string) => world.provider(provider)?.generation;

  it('of a provider moves by one per request, however many consumers and classes name it', () => {
    const both: [string, string, bigint][] = [
      ['P', 'VCPU', 1n],
      ['P', 'DISK_GB', 1n],
    ];
    world.write(wanting('C', both), wanting('D', both));
    expect(generationOf('P')).to.equal(1n);
    expect([...world.consumers.values()].map(({ generation }) => generation)).to.deep.equal([
      1n,
      1n,
    ]);
  });

  it('of a provider that is silently dropped stays (behaviour 35)', () => {
    world.write(wanting('C', [['P', 'VCPU', 1n]]));
    world.write(wanting('C', [['Q', 'VCPU', 1n]]));
    expect([generationOf('P'), generationOf('Q')]).to.deep.equal([1n, 1n]);
    expect([world.used('P'), world.used('Q')]).to.deep.equal([0n, 1n]);
    expect(world.consumer('C')?.generation).to.equal(2n);
  });

  it('of every provider in use moves when a consumer is emptied', () => {
    world.write(
      wanting('C', [
        ['P', 'VCPU', 1n],
        ['Q', 'VCPU', 1n],
      ]),
    );
    world.write(wanting('C', []));
    expect([generationOf('P'), generationOf('Q')]).to.deep.equal([2n, 2n]);
    expect(world.consumer('C')).to.equal(undefined);
  });

  it('of a provider stays when a consumer is removed (behaviour 34)', () => {
    world.write(wanting('C', [['P', 'VCPU', 1n]]));
    expect([world.remove('C'), world.remove('C')]).to.deep.equal([true, false]);
    expect([generationOf('P'), world.used('P')]).to.deep.equal([1n, 0n]);
  });

  it('of a consumer starts anew at 1 after it was gone', () => {
    for (const allocations of [[['P', 'VCPU', 1n]], [], [['P', 'VCPU', 2n]]] as const)
      world.write(wanting('C', allocations));
    expect(world.consumer('C')?.generation).to.equal(1n);
  });

  it('of a consumer must be the one the writer names (section 8.3, behaviours 42 and 43)', () => {
    const some: [string, string, bigint][] = [['P', 'VCPU', 1n]];
    expect(world.write(wanting('C', some, { expected: 5n }))).to.deep.include({
      why: 'generation',
      actual: null,
    });
    expect(world.write(wanting('C', some, { expected: null }))).to.equal(undefined);
    for (const expected of [null, 0n, 2n])
      expect(world.write(wanting('C', some, { expected }))).to.deep.include({
        why: 'generation',
        actual: 1n,
      });
    expect(world.write(wanting('C', some, { expected: 1n }))).to.equal(undefined);
    expect(world.write(wanting('C', some))).to.equal(undefined);
    expect(world.consumer('C')?.generation).to.equal(3n);
  });

  it('never come into being by an empty write for nobody (section 20.1)', () => {
    const outcome = judgeWrite([wanting('C', [], { expected: null })], world);
    expect(outcome).to.deep.equal({ consumers: new Map(), providers: new Map() });
  });
});

describe('what a writer says of a consumer', () => {
  it('replaces project and user, and the type only if it names one (behaviours 51 and 54)', () => {
    const world = new World().give('P', { VCPU: stock() });
    const some: [string, string, bigint][] = [['P', 'VCPU', 1n]];
    world.write(wanting('C', some));
    expect(world.consumer('C')).to.include({ projectId: 'p', userId: 'u', type: null });
    world.write(wanting('C', some, { projectId: 'q', type: 'PONY' }));
    world.write(wanting('C', some, { userId: 'v' }));
    expect(world.consumer('C')).to.include({ projectId: 'p', userId: 'v', type: 'PONY' });
    expect(wordOf(world.write(wanting('C', [['P', 'VCPU', 99n]], { projectId: 'x' })))).to.equal(
      'capacity',
    );
    expect(world.consumer('C')).to.include({ projectId: 'p' });
  });
});
