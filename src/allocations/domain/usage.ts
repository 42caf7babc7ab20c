/**
 * Invariant: a group counts each of its consumers once, however many classes it has allocations of;
 * a provider shows every class it has inventory of, in use or not (section 13.3).
 */

/** The type by which all consumers are asked for as one group. */
export const ALL_TYPES = 'all';

/** How much is used of one class. */
export interface Usage {
  readonly resourceClass: string;
  readonly used: bigint;
}

/** What is used of a provider. */
export interface ProviderUsages {
  readonly generation: bigint;
  readonly usages: readonly Usage[];
}

/** What the consumers of one group use together. */
export interface UsageGroup {
  /** A type, `unknown` or `all`. */
  readonly name: string;
  readonly consumers: bigint;
  readonly usages: readonly Usage[];
}
