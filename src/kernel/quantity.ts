/** An amount of a resource in the resource's own unit: a signed 64-bit integer. */
export type Quantity = bigint & { readonly __brand: 'Quantity' };

/** The only spelling of "unlimited". */
export const UNLIMITED = 9223372036854775807n as Quantity;

/** The most negative quantity. */
export const LOWEST = -9223372036854775808n as Quantity;

/** Nothing. */
export const ZERO = 0n as Quantity;

/** Whether an integer is a quantity, that is within signed 64 bits. */
export function isQuantity(value: bigint): value is Quantity {
  return value >= LOWEST && value <= UNLIMITED;
}

/** Returns the integer as a quantity; throws a RangeError outside 64 bits, which is a bug. */
export function quantity(value: bigint): Quantity {
  if (!isQuantity(value)) throw new RangeError(`${value} does not fit into 64 bits`);
  return value;
}
