import { InvalidArgumentError } from 'commander';
import { type Quantity, UNLIMITED } from '../kernel/quantity.js';

/** Returns an amount of a resource, in its own unit; throws commander's error for anything else. */
export function parseAmount(text: string): Quantity {
  if (text === 'unlimited') return UNLIMITED;
  const amount = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (amount < 0n || amount > UNLIMITED)
    throw new InvalidArgumentError(`Say unlimited, or a whole number up to ${UNLIMITED}.`);
  return amount as Quantity;
}
