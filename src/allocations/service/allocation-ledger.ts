import type { Settled } from '../../db/batcher.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import type { Failure } from '../../kernel/failure.js';
import {
  type AllocationState,
  type AllocationsWrite,
  isRefusal,
  judgeRemoval,
  judgeWrite,
  type Provider,
  type WriteEffect,
} from '../domain/allocation-write.js';
import type { Allocation, Consumer } from '../domain/consumer.js';
import { nothingAllocated, refusedWrite } from '../domain/refused-write.js';
import {
  type AllocationKey,
  type LedgerChange,
  writeLedger,
} from '../storage/allocation-ledger.js';
import { type LedgerKeys, type LockedRows, openLedger } from '../storage/allocation-locks.js';

/** One change of who has what. */
export type AllocationOperation =
  | {
      readonly kind: 'write';
      readonly write: AllocationsWrite;
      /** Whether it could have named several consumers. */
      readonly isBatch: boolean;
    }
  | {
      readonly kind: 'remove';
      /** Canonical uuid. */
      readonly consumer: string;
      /** As the caller spelled it. */
      readonly asked: string;
    };

/** New generations by consumer; those that have nothing any more are missing. */
export type ConsumerGenerations = ReadonlyMap<string, bigint>;

/** Returns how many consumers and allocations an operation is about, as a measure of its size. */
export function weightOf(operation: AllocationOperation): number {
  if (operation.kind === 'remove') return 1;
  return operation.write.reduce((sum, { allocations }) => sum + 1 + allocations.length, 0);
}

/**
 * Judges and writes a batch of operations in arrival order: consumers are locked by uuid, then
 * providers by id; each operation sees what those before it did, and is accepted or refused alone.
 */
export async function writeAllocationBatch(
  tx: Tx,
  operations: readonly AllocationOperation[],
  clock: Clock,
): Promise<readonly Settled<ConsumerGenerations>[]> {
  const batch = new AllocationBatch(await openLedger(tx, keysOf(operations)));
  const outcomes = operations.map((operation) => batch.run(operation));
  if (batch.isChanged) writeLedger(tx, batch.change(clock.now()));
  return outcomes;
}

function keysOf(operations: readonly AllocationOperation[]): LedgerKeys {
  const consumers = new Set<string>();
  const providers = new Set<string>();
  const resourceClasses = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === 'remove') consumers.add(operation.consumer);
    else
      for (const { consumer, allocations } of operation.write) {
        consumers.add(consumer);
        for (const { provider, resourceClass } of allocations) {
          providers.add(provider);
          resourceClasses.add(resourceClass);
        }
      }
  }
  return { consumers: [...consumers], providers, resourceClasses };
}

/** The state of a batch while its operations are judged one after the other. */
class AllocationBatch implements AllocationState {
  readonly #consumers = new Map<string, Consumer | undefined>();
  readonly #providers = new Map<string, Provider>();

  constructor(private readonly locked: LockedRows) {}

  consumer(uuid: string): Consumer | undefined {
    return this.#consumers.has(uuid)
      ? this.#consumers.get(uuid)
      : this.locked.consumers.get(uuid)?.consumer;
  }

  provider(uuid: string): Provider | undefined {
    return this.#providers.get(uuid) ?? this.locked.providers.get(uuid);
  }

  isResourceClass(name: string): boolean {
    return this.locked.classIds.has(name);
  }

  get isChanged(): boolean {
    return this.#consumers.size > 0;
  }

  run(operation: AllocationOperation): Settled<ConsumerGenerations> {
    if (operation.kind === 'remove') {
      const effect = judgeRemoval(operation.consumer, this);
      return effect === undefined ? refused(nothingAllocated(operation.asked)) : this.#keep(effect);
    }
    const outcome = judgeWrite(operation.write, this);
    if (isRefusal(outcome)) return refused(refusedWrite(outcome, operation.isBatch));
    return this.#keep(outcome);
  }

  /** Returns how the rows differ from what was locked. */
  change(at: Date): LedgerChange {
    const change = {
      ...{ created: [], changed: [], granted: [], freed: [], gone: [] },
      ...{ generations: [], usages: [], at },
    } as MutableChange;
    for (const [uuid, consumer] of this.#consumers) this.#addConsumer(change, uuid, consumer);
    for (const [uuid, provider] of this.#providers) this.#addProvider(change, uuid, provider);
    return change;
  }

  #keep({ consumers, providers }: WriteEffect): Settled<ConsumerGenerations> {
    const generations = new Map<string, bigint>();
    for (const [uuid, provider] of providers) this.#providers.set(uuid, provider);
    for (const [uuid, consumer] of consumers) {
      this.#consumers.set(uuid, consumer);
      if (consumer !== undefined) generations.set(uuid, consumer.generation);
    }
    return { ok: true, value: generations };
  }

  #addConsumer(change: MutableChange, uuid: string, consumer: Consumer | undefined): void {
    const before = this.locked.consumers.get(uuid);
    if (before === undefined) {
      if (consumer === undefined) return;
      const grants = consumer.allocations.map((allocation) => this.#grant(allocation));
      change.created.push({ uuid, consumer, grants });
      return;
    }
    const kept = new Set<string>();
    for (const allocation of consumer?.allocations ?? []) {
      kept.add(placeOf(allocation));
      change.granted.push({ consumerId: before.id, ...this.#grant(allocation) });
    }
    for (const allocation of before.consumer.allocations)
      if (!kept.has(placeOf(allocation)))
        change.freed.push({ consumerId: before.id, ...this.#grant(allocation) });
    if (consumer === undefined) change.gone.push(before.id);
    else change.changed.push({ id: before.id, consumer });
  }

  #addProvider(change: MutableChange, uuid: string, { generation, stocks }: Provider): void {
    const before = this.locked.providers.get(uuid);
    if (before === undefined) throw new Error(`Provider ${uuid} is not locked`);
    const { id } = before;
    if (generation !== before.generation) change.generations.push({ id, generation });
    for (const [name, { used }] of stocks)
      if (used !== before.stocks.get(name)?.used)
        change.usages.push({ providerId: id, classId: this.#classId(name), used });
  }

  #grant({ provider, resourceClass, amount }: Allocation) {
    const providerId = this.locked.providers.get(provider)?.id;
    if (providerId === undefined) throw new Error(`Provider ${provider} is not locked`);
    return { providerId, classId: this.#classId(resourceClass), amount };
  }

  #classId(name: string): AllocationKey['classId'] {
    const id = this.locked.classIds.get(name);
    if (id === undefined) throw new Error(`Class ${name} was not looked up`);
    return id;
  }
}

/** A change while it is put together. */
type MutableChange = {
  -readonly [Key in keyof LedgerChange]: LedgerChange[Key] extends readonly (infer Row)[]
    ? Row[]
    : LedgerChange[Key];
};

function placeOf({ provider, resourceClass }: Allocation): string {
  return `${provider} ${resourceClass}`;
}

function refused(failure: Failure): Settled<ConsumerGenerations> {
  return { ok: false, failure };
}
