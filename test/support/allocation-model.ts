/**
 * Allocation writes as sections 2 and 8 of the placement specification tell them, small and slow:
 * what the real rules must agree with. Written step by step after the text, on plain rows.
 */

/** A row of what somebody has. */
export interface ModelRow {
  readonly consumer: string;
  readonly provider: string;
  readonly resourceClass: string;
  readonly amount: number;
}

/** What a provider has of a class. */
export interface ModelInventory {
  readonly total: number;
  readonly reserved: number;
  readonly minUnit: number;
  readonly maxUnit: number;
  readonly stepSize: number;
  readonly ratio: number;
}

/** What one consumer is to have; `expected` is undefined below 1.28. */
export interface ModelWrite {
  readonly consumer: string;
  readonly project: string;
  readonly type: string | undefined;
  readonly expected: number | null | undefined;
  readonly rows: readonly ModelRow[];
}

/** How a write ends: nothing when it succeeds, else a word and whom it is about. */
export type ModelOutcome = readonly string[];

interface ModelConsumer {
  generation: number;
  project: string;
  type: string | null;
}

/** The state; every method answers what the real rules must answer. */
export class AllocationModel {
  readonly generations = new Map<string, number>();
  readonly inventories = new Map<string, Map<string, ModelInventory>>();
  readonly consumers = new Map<string, ModelConsumer>();
  rows: readonly ModelRow[] = [];

  constructor(
    providers: readonly string[],
    private readonly classes: readonly string[],
  ) {
    for (const provider of providers) {
      this.generations.set(provider, 0);
      this.inventories.set(provider, new Map());
    }
  }

  usage(provider: string, resourceClass: string, rows = this.rows): number {
    return rows
      .filter((row) => row.provider === provider && row.resourceClass === resourceClass)
      .reduce((sum, { amount }) => sum + amount, 0);
  }

  write(writes: readonly ModelWrite[]): ModelOutcome {
    const wanted = writes.flatMap(({ rows }) => rows);
    for (const { consumer, expected } of writes) {
      const actual = this.consumers.get(consumer)?.generation ?? null;
      if (expected !== undefined && expected !== actual) return ['generation', consumer];
    }
    for (const { provider } of wanted)
      if (!this.generations.has(provider)) return ['no-provider', provider];
    for (const { resourceClass } of wanted)
      if (!this.classes.includes(resourceClass)) return ['no-class', resourceClass];
    const asked = [...new Set(wanted.map(({ resourceClass }) => resourceClass))].sort();
    const bare = [...new Set(wanted.map(({ provider }) => provider))].filter(
      (provider) => !asked.some((name) => this.inventories.get(provider)?.has(name)),
    );
    if (bare.length > 0) return ['no-inventory', bare.sort().join(), asked.join()];
    const writers = writes.map(({ consumer }) => consumer);
    const remaining = this.rows.filter(({ consumer }) => !writers.includes(consumer));
    const taken: ModelRow[] = [];
    for (const row of wanted) {
      const { provider, resourceClass, amount } = row;
      const inventory = this.inventories.get(provider)?.get(resourceClass);
      if (inventory === undefined) return ['no-inventory', provider, resourceClass];
      const { total, reserved, minUnit, maxUnit, stepSize, ratio } = inventory;
      if (amount < minUnit || amount > maxUnit || amount % stepSize !== 0)
        return ['unit', provider, resourceClass];
      taken.push(row);
      const after = this.usage(provider, resourceClass, [...remaining, ...taken]);
      const previous = this.usage(provider, resourceClass);
      if ((total - reserved) * ratio < after && after > previous)
        return ['capacity', provider, resourceClass];
    }
    this.#bump(writes, wanted);
    this.rows = [...remaining, ...taken];
    return [];
  }

  remove(consumer: string): ModelOutcome {
    if (!this.consumers.delete(consumer)) return ['none', consumer];
    this.rows = this.rows.filter((row) => row.consumer !== consumer);
    return [];
  }

  #bump(writes: readonly ModelWrite[], wanted: readonly ModelRow[]): void {
    const cleared = writes.filter(({ rows }) => rows.length === 0).map(({ consumer }) => consumer);
    const moved = [...wanted, ...this.rows.filter(({ consumer }) => cleared.includes(consumer))];
    for (const provider of new Set(moved.map((row) => row.provider)))
      this.generations.set(provider, (this.generations.get(provider) ?? 0) + 1);
    for (const { consumer, project, type, rows } of writes) {
      const before = this.consumers.get(consumer);
      if (rows.length === 0) this.consumers.delete(consumer);
      else
        this.consumers.set(consumer, {
          generation: (before?.generation ?? 0) + 1,
          project,
          type: type ?? before?.type ?? null,
        });
    }
  }
}
