/**
 * Invariant: what is shown is derived from the interval of a holding, never stored: usage is the
 * pessimistic bound, pending the width of the interval.
 */
import { type Quantity, quantity } from '../../kernel/quantity.js';
import type { Holding } from './holding.js';

/** A holding as callers see it (quota specification, section 1.1). */
export interface Counters {
  readonly limit: Quantity;
  /** Settled usage plus everything pending to be imported. */
  readonly usage: Quantity;
  /** Pending imports and releases added up; never negative. */
  readonly pending: Quantity;
}

/** What a project may use of one resource, and uses. */
export interface ProjectQuota {
  /** Id without prefix. */
  readonly project: string;
  readonly resource: string;
  readonly projectCounters: Counters;
}

/** What a user may use of one resource against one project, and uses. */
export interface UserQuota extends ProjectQuota {
  /** Id without prefix. */
  readonly user: string;
  readonly userCounters: Counters;
}

/** Returns the counters of a holding. */
export function countersOf(holding: Holding): Counters {
  return {
    limit: holding.limit,
    usage: holding.usageMax,
    pending: quantity(holding.usageMax - holding.usageMin),
  };
}

/**
 * The limit that really binds a user (section 1.2): what other members use is taken off the
 * project's limit first. Negative when the project is overcommitted; callers must not clamp it,
 * the sign is how operators notice.
 */
export function effectiveLimit({ userCounters, projectCounters }: UserQuota): Quantity {
  const takenByOthers = projectCounters.usage - userCounters.usage;
  const left = projectCounters.limit - takenByOthers;
  return left < userCounters.limit ? quantity(left) : userCounters.limit;
}
