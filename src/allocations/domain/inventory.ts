/**
 * Invariant: an inventory offers no negative quantity. `reserved` is at most `total`, and what is
 * left, times the ratio and cut towards zero, is not negative (allocations specification, 13.2).
 * Nothing relates the units to the total or to each other; usage may exceed a capacity that was
 * lowered under it.
 */

/** The largest number that any field of an inventory, or an amount, can have. */
export const LARGEST_UNIT = 2_147_483_647n;

/** The largest allocation ratio: what fits into single precision. */
export const LARGEST_RATIO = 3.40282e38;

/** What a provider offers of one resource class; numbers are in units of the class. */
export interface Inventory {
  readonly total: bigint;
  /** Kept back from consumers. */
  readonly reserved: bigint;
  /** Bounds of what one consumer may take. */
  readonly minUnit: bigint;
  readonly maxUnit: bigint;
  /** One consumer's amount must be a multiple of it. */
  readonly stepSize: bigint;
  /** How many times over the inventory may be given away. */
  readonly allocationRatio: number;
}

/** What a field has that a caller left out; on an update, too (section 13.2). */
export const INVENTORY_DEFAULTS = {
  reserved: 0n,
  minUnit: 1n,
  maxUnit: LARGEST_UNIT,
  stepSize: 1n,
  allocationRatio: 1,
} as const satisfies Partial<Inventory>;

/**
 * Returns how much can be allocated in all: a real number, not rounded, because usage is compared
 * with it as it is (section 8.1, step d).
 */
export function capacityOf({
  total,
  reserved,
  allocationRatio,
}: Pick<Inventory, 'total' | 'reserved' | 'allocationRatio'>): number {
  return Number(total - reserved) * allocationRatio;
}

/** Whether one consumer may take this amount, whatever is free (section 8.1, step d). */
export function fitsUnits(
  { minUnit, maxUnit, stepSize }: Pick<Inventory, 'minUnit' | 'maxUnit' | 'stepSize'>,
  amount: bigint,
): boolean {
  return minUnit <= amount && amount <= maxUnit && amount % stepSize === 0n;
}

/**
 * Whether an inventory may be stored.
 *
 * @param mayBeFullyReserved - whether nothing at all may be left to allocate: from 1.26.
 */
export function isValidInventory(inventory: Inventory, mayBeFullyReserved: boolean): boolean {
  const { total, reserved } = inventory;
  if (reserved > total) return false;
  const whole = Math.trunc(capacityOf(inventory));
  return mayBeFullyReserved ? whole >= 0 : whole > 0;
}

/** Returns the first field, as documented, whose value no inventory can have; undefined when all fit. */
export function fieldOutOfBounds(inventory: Inventory): string | undefined {
  const { total, reserved, minUnit, maxUnit, stepSize, allocationRatio } = inventory;
  const least: readonly (readonly [field: string, value: bigint, least: bigint])[] = [
    ['total', total, 1n],
    ['reserved', reserved, 0n],
    ['min_unit', minUnit, 1n],
    ['max_unit', maxUnit, 1n],
    ['step_size', stepSize, 1n],
  ];
  const found = least.find(([, value, from]) => value < from || value > LARGEST_UNIT);
  if (found !== undefined) return found[0];
  const isRatio = Number.isFinite(allocationRatio) && allocationRatio <= LARGEST_RATIO;
  return isRatio ? undefined : 'allocation_ratio';
}
