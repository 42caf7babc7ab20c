/**
 * Invariant: no write makes the usage of a class on a provider exceed its capacity, nor, where it
 * exceeds it already because the inventory shrank, grow any further.
 */
import { capacityOf, type Inventory } from './inventory.js';

/** What a provider has of one resource class, and how much of it is in use. */
export interface Stock extends Inventory {
  /** What all consumers together have allocated, in units of the class. */
  readonly used: bigint;
}

/**
 * Returns what could still be allocated, in whole units. Negative when the inventory shrank below
 * what is in use; it is not clamped, because the sign is how callers notice.
 */
export function freeOf(stock: Stock): bigint {
  return BigInt(Math.floor(capacityOf(stock))) - stock.used;
}

/**
 * Whether so much may be in use after a write (section 8.1, step d).
 *
 * @param usedBefore - what was in use before the write; not more than that is always allowed, so
 *   that a provider over its capacity can be emptied and its consumers rewritten (section 8.2).
 */
export function isUsageAllowed(stock: Stock, usage: bigint, usedBefore: bigint): boolean {
  return usage <= capacityOf(stock) || usage <= usedBefore;
}
