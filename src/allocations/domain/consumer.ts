/**
 * Invariant: a consumer exists exactly as long as it has allocations. Every write that leaves it
 * some raises its generation by 1; the first one makes it 1.
 */

/** Project and user of consumers that are written below microversion 1.8, unless configured. */
export const INCOMPLETE_CONSUMER = '00000000-0000-0000-0000-000000000000';

/** How a consumer without a type is shown (section 2). */
export const UNKNOWN_TYPE = 'unknown';

/** So much of one class on one provider. */
export interface Allocation {
  /** The provider's uuid. */
  readonly provider: string;
  readonly resourceClass: string;
  readonly amount: bigint;
}

/** Whoever holds allocations. */
export interface Consumer {
  readonly generation: bigint;
  readonly projectId: string;
  readonly userId: string;
  /** Null when no writer has named one. */
  readonly type: string | null;
  /** At least one; at most one per provider and class. */
  readonly allocations: readonly Allocation[];
}

/**
 * What a writer says of the consumer's generation: a number, `null` for "it has no allocations", or
 * nothing at all below 1.28.
 */
export type ExpectedGeneration = bigint | null | undefined;

/**
 * Returns whether a write may go ahead as far as generations go (section 8.3).
 *
 * @param consumer - undefined when there is none.
 */
export function isGenerationRight(
  consumer: Consumer | undefined,
  expected: ExpectedGeneration,
): boolean {
  return expected === undefined || expected === (consumer?.generation ?? null);
}
