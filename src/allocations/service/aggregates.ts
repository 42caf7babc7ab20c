import type { Database } from '../../db/database.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import { providerNotFound, requireGeneration } from '../domain/resource-provider.js';
import {
  type ProviderAggregates,
  readAggregates,
  replaceAggregates,
} from '../storage/aggregates.js';
import { advanceProvider, lockProvider } from '../storage/provider-rows.js';

export type { ProviderAggregates } from '../storage/aggregates.js';

/** Makes these the aggregates of a provider; the body is judged after the look-up. */
export interface ReplaceAggregatesCommand {
  readonly uuid: string;
  readonly change: Parsed<{
    /** Uuids in canonical spelling. */
    readonly aggregates: readonly string[];
    /** Undefined asks nothing, and leaves the generation as it is. */
    readonly generation: bigint | undefined;
  }>;
}

/** The use cases of aggregates (section 14.2). */
export interface Aggregates {
  list(uuid: string): Promise<ProviderAggregates>;
  replace(command: ReplaceAggregatesCommand): Promise<ProviderAggregates>;
}

/** Returns the use cases of aggregates. */
export function createAggregates(database: Database): Aggregates {
  return {
    async list(uuid) {
      const found = await database.read((tx) => readAggregates(tx, uuid));
      if (found === undefined) throw providerNotFound(uuid);
      return found;
    },
    replace: ({ uuid, change }) =>
      database.transact(async (tx) => {
        const provider = await lockProvider(tx, uuid);
        if (provider === undefined) throw providerNotFound(uuid);
        const { aggregates, generation } = unwrap(change);
        if (generation !== undefined) requireGeneration(provider, generation);
        const distinct = [...new Set(aggregates)].sort();
        await replaceAggregates(tx, provider.id, distinct);
        const isMoved = generation !== undefined;
        return {
          generation: isMoved ? await advanceProvider(tx, provider.id) : provider.generation,
          aggregates: distinct,
        };
      }),
  };
}
