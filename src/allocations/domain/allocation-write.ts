/**
 * Invariant: a write replaces all allocations of every consumer it names, or changes nothing. What
 * is wrong is reported in one fixed order: generations of consumers, unknown providers, unknown
 * classes, providers without any of the classes, and then allocation by allocation.
 */
import { isUsageAllowed, type Stock } from './capacity.js';
import {
  type Allocation,
  type Consumer,
  type ExpectedGeneration,
  isGenerationRight,
} from './consumer.js';
import { fitsUnits } from './inventory.js';

/** What one consumer is to have from now on. */
export interface ConsumerWrite {
  /** Canonical uuid. */
  readonly consumer: string;
  readonly projectId: string;
  readonly userId: string;
  /** Undefined leaves the type as it is: the writer does not know of types. */
  readonly type: string | undefined;
  readonly expected: ExpectedGeneration;
  /** In the order of the request; none removes the consumer. */
  readonly allocations: readonly Allocation[];
}

/** Consumers that are written together, each at most once, in the order of the request. */
export type AllocationsWrite = readonly ConsumerWrite[];

/** A provider as allocations are judged by it. */
export interface Provider {
  readonly generation: bigint;
  /** By class; absent without inventory. */
  readonly stocks: ReadonlyMap<string, Stock>;
}

/** What a write is judged against. */
export interface AllocationState {
  consumer(uuid: string): Consumer | undefined;
  provider(uuid: string): Provider | undefined;
  isResourceClass(name: string): boolean;
}

/** What a write comes to; who is not in it is as before. */
export interface WriteEffect {
  /** By uuid; undefined for those that are gone. */
  readonly consumers: ReadonlyMap<string, Consumer | undefined>;
  /** By uuid. */
  readonly providers: ReadonlyMap<string, Provider>;
}

/** Why nothing is written. */
export type WriteRefusal =
  | {
      readonly why: 'generation';
      readonly write: ConsumerWrite;
      /** The consumer's generation; null when there is no such consumer. */
      readonly actual: bigint | null;
    }
  | { readonly why: 'no-provider'; readonly provider: string }
  | { readonly why: 'no-class'; readonly consumer: string; readonly resourceClass: string }
  | {
      readonly why: 'no-inventory';
      readonly providers: readonly string[];
      readonly resourceClasses: readonly string[];
    }
  | { readonly why: 'unit'; readonly allocation: Allocation; readonly stock: Stock }
  | {
      readonly why: 'capacity';
      readonly allocation: Allocation;
      /** As it would be without the allocation that does not fit. */
      readonly stock: Stock;
    };

/** Returns what a write comes to, or why it is refused (sections 6 and 8.1). */
export function judgeWrite(
  write: AllocationsWrite,
  state: AllocationState,
): WriteEffect | WriteRefusal {
  const refusal =
    wrongGeneration(write, state) ??
    unknownProvider(write, state) ??
    unknownClass(write, state) ??
    providerWithoutAll(write, state);
  if (refusal !== undefined) return refusal;
  const draft = new Draft(state);
  for (const { consumer } of write) draft.release(consumer);
  for (const { allocations } of write) {
    for (const allocation of allocations) {
      const misfit = draft.claim(allocation);
      if (misfit !== undefined) return misfit;
    }
  }
  for (const one of write) draft.keep(one);
  return draft.effect;
}

/**
 * Returns what taking everything from a consumer comes to, or undefined when it has nothing.
 *
 * No generation of a provider moves then, unlike with an empty write (section 2).
 */
export function judgeRemoval(consumer: string, state: AllocationState): WriteEffect | undefined {
  if (state.consumer(consumer) === undefined) return undefined;
  const draft = new Draft(state);
  draft.release(consumer);
  draft.forget(consumer);
  return draft.effect;
}

/** Whether a write is refused. */
export function isRefusal(outcome: WriteEffect | WriteRefusal): outcome is WriteRefusal {
  return 'why' in outcome;
}

function wrongGeneration(
  write: AllocationsWrite,
  state: AllocationState,
): WriteRefusal | undefined {
  for (const one of write) {
    const consumer = state.consumer(one.consumer);
    if (!isGenerationRight(consumer, one.expected))
      return { why: 'generation', write: one, actual: consumer?.generation ?? null };
  }
  return undefined;
}

function unknownProvider(
  write: AllocationsWrite,
  state: AllocationState,
): WriteRefusal | undefined {
  for (const { provider } of allocationsOf(write))
    if (state.provider(provider) === undefined) return { why: 'no-provider', provider };
  return undefined;
}

function unknownClass(write: AllocationsWrite, state: AllocationState): WriteRefusal | undefined {
  for (const { consumer, allocations } of write) {
    for (const { resourceClass } of allocations)
      if (!state.isResourceClass(resourceClass))
        return { why: 'no-class', consumer, resourceClass };
  }
  return undefined;
}

/** A provider is out when it has none of the classes that the whole request asks for. */
function providerWithoutAll(
  write: AllocationsWrite,
  state: AllocationState,
): WriteRefusal | undefined {
  const providers = new Set<string>();
  const resourceClasses = new Set<string>();
  for (const { provider, resourceClass } of allocationsOf(write)) {
    providers.add(provider);
    resourceClasses.add(resourceClass);
  }
  const without = [...providers].filter((provider) => {
    const stocks = state.provider(provider)?.stocks;
    return ![...resourceClasses].some((name) => stocks?.has(name));
  });
  if (without.length === 0) return undefined;
  return {
    why: 'no-inventory',
    providers: without.sort(),
    resourceClasses: [...resourceClasses].sort(),
  };
}

function* allocationsOf(write: AllocationsWrite): Iterable<Allocation> {
  for (const { allocations } of write) yield* allocations;
}

/** The state while one write is judged; the state before it stays as it was. */
class Draft {
  readonly #consumers = new Map<string, Consumer | undefined>();
  readonly #providers = new Map<string, { generation: bigint; stocks: Map<string, Stock> }>();

  constructor(private readonly before: AllocationState) {}

  get effect(): WriteEffect {
    return { consumers: this.#consumers, providers: this.#providers };
  }

  /** Gives back what a consumer has; nobody's own usage counts against what it asks for. */
  release(consumer: string): void {
    for (const { provider, resourceClass, amount } of this.#allocationsOf(consumer)) {
      const { stocks } = this.#provider(provider);
      const stock = stocks.get(resourceClass);
      if (stock === undefined) throw new Error(`${resourceClass} is allocated without inventory`);
      stocks.set(resourceClass, { ...stock, used: stock.used - amount });
    }
  }

  /** Takes an allocation, or returns why it does not fit behind those taken before. */
  claim(allocation: Allocation): WriteRefusal | undefined {
    const { provider, resourceClass, amount } = allocation;
    const { stocks } = this.#provider(provider);
    const stock = stocks.get(resourceClass);
    if (stock === undefined)
      return { why: 'no-inventory', providers: [provider], resourceClasses: [resourceClass] };
    if (!fitsUnits(stock, amount)) return { why: 'unit', allocation, stock };
    const used = stock.used + amount;
    const usedBefore = this.before.provider(provider)?.stocks.get(resourceClass)?.used ?? 0n;
    if (!isUsageAllowed(stock, used, usedBefore)) return { why: 'capacity', allocation, stock };
    stocks.set(resourceClass, { ...stock, used });
    return undefined;
  }

  /** Settles what becomes of a consumer, and moves the generations of its providers (section 2). */
  keep({ consumer, projectId, userId, type, allocations }: ConsumerWrite): void {
    const before = this.before.consumer(consumer);
    const isEmpty = allocations.length === 0;
    for (const { provider } of isEmpty ? this.#allocationsOf(consumer) : allocations)
      this.#advance(provider);
    if (isEmpty) {
      this.forget(consumer);
      return;
    }
    this.#consumers.set(consumer, {
      generation: (before?.generation ?? 0n) + 1n,
      projectId,
      userId,
      type: type ?? before?.type ?? null,
      allocations,
    });
  }

  forget(consumer: string): void {
    if (this.before.consumer(consumer) !== undefined) this.#consumers.set(consumer, undefined);
  }

  #allocationsOf(consumer: string): readonly Allocation[] {
    return this.before.consumer(consumer)?.allocations ?? [];
  }

  /** Once per write, however many of its consumers and classes name the provider. */
  #advance(uuid: string): void {
    const provider = this.#provider(uuid);
    const before = this.before.provider(uuid)?.generation ?? 0n;
    provider.generation = before + 1n;
  }

  #provider(uuid: string) {
    const known = this.#providers.get(uuid);
    if (known !== undefined) return known;
    const before = this.before.provider(uuid);
    if (before === undefined) throw new Error(`Provider ${uuid} vanished`);
    const provider = { generation: before.generation, stocks: new Map(before.stocks) };
    this.#providers.set(uuid, provider);
    return provider;
  }
}
