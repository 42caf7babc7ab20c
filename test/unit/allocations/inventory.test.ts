// Goal: inventories are judged and their capacity is computed as sections 8 and 13.2 of the
// allocations specification say, at their borders.
// Method: single judgements, the table of section 8.2, and random inventories.
import { expect } from 'chai';
import fc from 'fast-check';
import {
  capacityOf,
  fieldOutOfBounds,
  fitsUnits,
  type Inventory,
  INVENTORY_DEFAULTS,
  isValidInventory,
  LARGEST_RATIO,
  LARGEST_UNIT,
} from '../../../src/allocations/domain/inventory.js';

function inventory(of: Partial<Inventory>): Inventory {
  return { ...INVENTORY_DEFAULTS, total: 10n, ...of };
}

describe('the capacity of an inventory', () => {
  it('is what is not reserved, times the ratio [8.2]', () => {
    expect(capacityOf(inventory({ reserved: 2n, allocationRatio: 1.5 }))).to.equal(12);
    expect(capacityOf(inventory({ reserved: 2n }))).to.equal(8);
  });

  it('is not rounded [8.1 d]', () => {
    expect(capacityOf(inventory({ total: 3n, allocationRatio: 0.5 }))).to.equal(1.5);
  });

  it('is finite for the largest numbers [13.2]', () => {
    const largest = inventory({ total: LARGEST_UNIT, allocationRatio: 3.40282e38 });
    expect(capacityOf(largest)).to.be.within(7e47, 8e47);
  });
});

describe('the units of an inventory', () => {
  const units = { minUnit: 4n, maxUnit: 12n, stepSize: 4n };

  it('let pass the bounds and every multiple between them [8.1 d, behaviour 28]', () => {
    for (const amount of [4n, 8n, 12n])
      expect(fitsUnits(units, amount), `${amount}`).to.equal(true);
  });

  it('refuse what is below, above or between the steps [8.1 d, behaviour 28]', () => {
    for (const amount of [0n, 3n, 5n, 13n, 16n])
      expect(fitsUnits(units, amount), `${amount}`).to.equal(false);
  });

  it('refuse everything when the least is above the most [20.9]', () => {
    expect(fitsUnits({ minUnit: 5n, maxUnit: 4n, stepSize: 1n }, 5n)).to.equal(false);
  });

  it('refuse an amount beyond any integer of 32 bits [errata, numbers]', () => {
    expect(fitsUnits(inventory({}), 2n ** 70n)).to.equal(false);
  });
});

describe('whether an inventory may be stored', () => {
  const REFUSED_BELOW_1_26 = inventory({ reserved: 10n });

  it('refuses more reserved than there is, at any version [behaviour 64]', () => {
    for (const allocationRatio of [1, 0.5, -1])
      for (const mayBeFullyReserved of [true, false]) {
        const over = inventory({ reserved: 11n, allocationRatio });
        expect(isValidInventory(over, mayBeFullyReserved)).to.equal(false);
      }
  });

  it('lets all of it be reserved from 1.26 only [behaviour 64]', () => {
    expect(isValidInventory(REFUSED_BELOW_1_26, false)).to.equal(false);
    expect(isValidInventory(REFUSED_BELOW_1_26, true)).to.equal(true);
  });

  it('cuts the capacity towards zero before it is judged [13.2]', () => {
    const half = inventory({ total: 1n, allocationRatio: 0.5 });
    expect(isValidInventory(half, false)).to.equal(false);
    expect(isValidInventory(half, true)).to.equal(true);
    expect(isValidInventory({ ...half, allocationRatio: -0.5 }, true)).to.equal(true);
    expect(isValidInventory({ ...half, allocationRatio: -1 }, true)).to.equal(false);
  });

  it('never lets pass below 1.26 what 1.26 refuses', () => {
    const amounts = fc.bigInt({ min: 1n, max: LARGEST_UNIT });
    fc.assert(
      fc.property(amounts, amounts, fc.double({ noNaN: true }), (total, reserved, ratio) => {
        const one = inventory({ total, reserved, allocationRatio: ratio });
        return !isValidInventory(one, false) || isValidInventory(one, true);
      }),
    );
  });
});

describe('the bounds of the fields of an inventory', () => {
  it('let pass what is on them [13.2]', () => {
    const largest = {
      ...{ total: LARGEST_UNIT, reserved: LARGEST_UNIT, minUnit: LARGEST_UNIT },
      ...{ maxUnit: LARGEST_UNIT, stepSize: LARGEST_UNIT, allocationRatio: LARGEST_RATIO },
    };
    expect(fieldOutOfBounds(largest)).to.equal(undefined);
    const least = { total: 1n, reserved: 0n, minUnit: 1n, maxUnit: 1n, stepSize: 1n };
    expect(fieldOutOfBounds({ ...least, allocationRatio: -1e308 })).to.equal(undefined);
  });

  it('name the field that is beyond them [13.2]', () => {
    const wrong: readonly (readonly [Partial<Inventory>, string])[] = [
      [{ total: 0n }, 'total'],
      [{ total: LARGEST_UNIT + 1n }, 'total'],
      [{ reserved: -1n }, 'reserved'],
      [{ minUnit: 0n }, 'min_unit'],
      [{ maxUnit: LARGEST_UNIT + 1n }, 'max_unit'],
      [{ stepSize: 0n }, 'step_size'],
      [{ allocationRatio: 3.40283e38 }, 'allocation_ratio'],
      [{ allocationRatio: -Infinity }, 'allocation_ratio'],
      [{ allocationRatio: NaN }, 'allocation_ratio'],
    ];
    for (const [fields, name] of wrong)
      expect(fieldOutOfBounds(inventory(fields)), name).to.equal(name);
  });
});
