/**
 * Invariant: whoever is shown has something. A consumer comes with at least one provider, a
 * provider with at least one class, and amounts are at least 1.
 */
import type { Allocation, Consumer } from './consumer.js';

/** So much of one class. */
export type Amount = Pick<Allocation, 'resourceClass' | 'amount'>;

/** What a consumer has of one provider. */
export interface ProviderHolding {
  /** The provider's uuid. */
  readonly provider: string;
  /** The provider's generation. */
  readonly generation: bigint;
  readonly resources: readonly Amount[];
}

/** A consumer and what it has, provider by provider. */
export interface ConsumerHoldings extends Omit<Consumer, 'allocations'> {
  readonly providers: readonly ProviderHolding[];
  /** When it got the newest of it. */
  readonly changedAt: Date;
}

/** What one consumer has of a provider, seen from there. */
export interface HoldingOfProvider {
  /** By which lists of a provider's consumers are ordered. */
  readonly consumerId: bigint;
  readonly consumer: string;
  readonly consumerGeneration: bigint;
  readonly resources: readonly Amount[];
  readonly changedAt: Date;
}
