/** Providers and consumers in memory, judged by the real rules: no database, no face. */
import {
  type AllocationState,
  type ConsumerWrite,
  isRefusal,
  judgeRemoval,
  judgeWrite,
  type Provider,
  type WriteEffect,
  type WriteRefusal,
} from '../../src/allocations/domain/allocation-write.js';
import type { Stock } from '../../src/allocations/domain/capacity.js';
import type { Consumer } from '../../src/allocations/domain/consumer.js';

const CLASSES = ['VCPU', 'MEMORY_MB', 'DISK_GB'];

/** Returns 10 of something, without restrictions unless given. */
export function stock(given: Partial<Stock> = {}): Stock {
  const whole = { total: 10n, reserved: 0n, minUnit: 1n, maxUnit: 2147483647n, stepSize: 1n };
  return { ...whole, allocationRatio: 1, used: 0n, ...given };
}

/** A world in memory; effects are put over it. */
export class AllocationWorld implements AllocationState {
  readonly consumers = new Map<string, Consumer>();
  readonly providers = new Map<string, Provider>();

  consumer(uuid: string) {
    return this.consumers.get(uuid);
  }

  provider(uuid: string) {
    return this.providers.get(uuid);
  }

  isResourceClass(name: string) {
    return CLASSES.includes(name);
  }

  give(provider: string, stocks: Readonly<Record<string, Stock>>): this {
    const generation = this.providers.get(provider)?.generation ?? 0n;
    this.providers.set(provider, { generation, stocks: new Map(Object.entries(stocks)) });
    return this;
  }

  used(provider: string, resourceClass = 'VCPU'): bigint | undefined {
    return this.providers.get(provider)?.stocks.get(resourceClass)?.used;
  }

  /** Changes an inventory and keeps its usage, as an inventory write does. */
  change(provider: string, given: Partial<Stock>, resourceClass = 'VCPU'): void {
    const { generation, stocks } = this.providers.get(provider)!;
    const changed = { ...stocks.get(resourceClass)!, ...given };
    this.providers.set(provider, {
      generation,
      stocks: new Map(stocks).set(resourceClass, changed),
    });
  }

  write(...writes: ConsumerWrite[]): WriteRefusal | undefined {
    const outcome = judgeWrite(writes, this);
    if (isRefusal(outcome)) return outcome;
    this.#keep(outcome);
    return undefined;
  }

  remove(consumer: string): boolean {
    const effect = judgeRemoval(consumer, this);
    if (effect !== undefined) this.#keep(effect);
    return effect !== undefined;
  }

  #keep({ consumers, providers }: WriteEffect): void {
    for (const [uuid, provider] of providers) this.providers.set(uuid, provider);
    for (const [uuid, consumer] of consumers)
      if (consumer === undefined) this.consumers.delete(uuid);
      else this.consumers.set(uuid, consumer);
  }
}

/** Returns what makes a consumer have exactly these allocations. */
export function wanting(
  consumer: string,
  allocations: readonly (readonly [provider: string, resourceClass: string, amount: bigint])[],
  more: Partial<ConsumerWrite> = {},
): ConsumerWrite {
  return {
    consumer,
    projectId: 'p',
    userId: 'u',
    type: undefined,
    expected: undefined,
    allocations: allocations.map(([provider, resourceClass, amount]) => ({
      provider,
      resourceClass,
      amount,
    })),
    ...more,
  };
}
