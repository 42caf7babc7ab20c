/**
 * Invariant: a member may never be granted more than the whole project:
 * 0 ≤ memberCapacity ≤ projectCapacity ≤ 2^63−1.
 */
import { type Failure, invalid } from '../../kernel/failure.js';
import { type Quantity, UNLIMITED } from '../../kernel/quantity.js';

/** How much of one resource a project may use, in the unit of the resource. */
export interface Capacities {
  /** Bounds the sum over all members. */
  readonly projectCapacity: Quantity;
  /** Bounds each single member. */
  readonly memberCapacity: Quantity;
}

/** Returns why the capacities of a resource are refused (projects specification, 5), if they are. */
export function faultOfCapacities(
  resource: string,
  { projectCapacity, memberCapacity }: Record<keyof Capacities, bigint>,
): Failure | undefined {
  if (projectCapacity > UNLIMITED || memberCapacity > UNLIMITED)
    return invalid(`Quota limit exceeds max value ${UNLIMITED}`);
  if (projectCapacity < 0n || memberCapacity < 0n)
    return invalid('Negative quota limit is not allowed');
  if (projectCapacity < memberCapacity)
    return invalid(`Project quota limit is less than member limit for resource '${resource}'`);
  return undefined;
}
