/**
 * Invariant: 0 ≤ usageMin ≤ usageMax ≤ 2^63−1, and usageMax − usageMin is the sum of what pending
 * commissions reserve on the holding. Limits are judged when a commission is issued, against the
 * pessimistic bound; settling never judges, so a pending commission can always be settled.
 */
import { type Quantity, UNLIMITED, ZERO } from '../../kernel/quantity.js';

/** Counters of one holding, in the unit of its resource. */
export interface Holding {
  readonly limit: Quantity;
  /** Accepted usage less everything pending to be released: the lowest possible outcome. */
  readonly usageMin: Quantity;
  /** Accepted usage plus everything pending to be imported: the highest possible outcome. */
  readonly usageMax: Quantity;
}

/** Why a change does not fit; `usage` and `limit` are what it was judged against. */
export type Refusal =
  | { readonly why: 'no-capacity'; readonly usage: Quantity; readonly limit: Quantity }
  | { readonly why: 'no-quantity'; readonly usage: Quantity; readonly limit: Quantity }
  | { readonly why: 'overflow' };

/** How a commission ends. */
export type Settlement = 'accept' | 'reject';

/**
 * Returns why a change may not be reserved, or undefined when it may (quota specification, 6.1).
 *
 * An import of 0 always fits: it cannot worsen anything. `force` skips the limit, never the floor.
 */
export function judge(holding: Holding, change: Quantity, force: boolean): Refusal | undefined {
  if (change < 0n) {
    if (holding.usageMin + change >= 0n) return undefined;
    return { why: 'no-quantity', usage: holding.usageMin, limit: ZERO };
  }
  const usage = holding.usageMax + change;
  if (change === 0n || usage <= (force ? UNLIMITED : holding.limit)) return undefined;
  if (force) return { why: 'overflow' };
  return { why: 'no-capacity', usage: holding.usageMax, limit: holding.limit };
}

/** Returns the holding with a judged change reserved on it. */
export function reserve(holding: Holding, change: Quantity): Holding {
  return change < 0n ? movedMin(holding, change) : movedMax(holding, change);
}

/** Returns the holding with a reserved change made real or undone. */
export function settle(holding: Holding, change: Quantity, how: Settlement): Holding {
  const isRelease = change < 0n;
  if (how === 'accept') return isRelease ? movedMax(holding, change) : movedMin(holding, change);
  const back = -change as Quantity;
  return isRelease ? movedMin(holding, back) : movedMax(holding, back);
}

function movedMin(holding: Holding, by: Quantity): Holding {
  return { ...holding, usageMin: (holding.usageMin + by) as Quantity };
}

function movedMax(holding: Holding, by: Quantity): Holding {
  return { ...holding, usageMax: (holding.usageMax + by) as Quantity };
}
