import type {
  ListProviderAggregatesResponse,
  ReplaceProviderAggregatesRequest,
} from '../../gen/apportion/allocations/v1/aggregates_service.js';
import { invalid } from '../../kernel/failure.js';
import { attempt } from '../../kernel/parsed.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { ProviderAggregates, ReplaceAggregatesCommand } from '../service/aggregates.js';

/** Returns the command of a ReplaceProviderAggregates request. */
export function replaceAggregatesFromMessage({
  uuid,
  aggregates,
  resourceProviderGeneration: generation,
}: ReplaceProviderAggregatesRequest): ReplaceAggregatesCommand {
  return { uuid, change: attempt(() => ({ aggregates: aggregates.map(uuidFrom), generation })) };
}

function uuidFrom(text: string): string {
  const uuid = canonicalUuid(text);
  if (uuid === undefined) throw invalid('aggregates must be UUIDs');
  return uuid;
}

/** Returns the aggregates of a provider as a message. */
export function aggregatesToMessage({
  aggregates,
  generation,
}: ProviderAggregates): ListProviderAggregatesResponse {
  return {
    resourceProviderGeneration: generation,
    aggregates: [...aggregates],
    rest: undefined,
  };
}
