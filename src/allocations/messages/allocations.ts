import type { ConsumerClaim } from '../../gen/apportion/allocations/v1/allocations.js';
import type {
  GetAllocationsResponse,
  ListProviderAllocationsRequest,
  ListProviderAllocationsResponse,
  ReplaceAllocationsBatchRequest,
  ReplaceAllocationsBatchResponse,
  ReplaceAllocationsRequest,
  ReplaceAllocationsResponse,
} from '../../gen/apportion/allocations/v1/allocations_service.js';
import { invalid } from '../../kernel/failure.js';
import { idPageFromRequest, pageTokenAfter } from '../../kernel/page.js';
import { isCleanText } from '../../kernel/text.js';
import type { ConsumerWrite } from '../domain/allocation-write.js';
import type { Allocation, ExpectedGeneration } from '../domain/consumer.js';
import {
  NAME_PATTERN,
  ownerName,
  requireDistinct,
  writtenConsumer,
} from '../domain/consumer-claim.js';
import type { Amount, ConsumerHoldings, HoldingOfProvider } from '../domain/holdings.js';
import type { ConsumerGenerations } from '../service/allocation-ledger.js';
import type {
  ProviderAllocations,
  ProviderAllocationsCommand,
  WriteCommand,
} from '../service/allocations.js';

/** Returns the command of AllocationsService.ReplaceAllocations. */
export function replaceFromMessage(request: ReplaceAllocationsRequest): WriteCommand {
  const { consumerUuid, claim } = request;
  if (claim === undefined) throw invalid('claim is missing');
  return { write: [claimFrom(consumerUuid, claim)], isBatch: false };
}

/** Returns the command of AllocationsService.ReplaceAllocationsBatch. */
export function replaceBatchFromMessage(request: ReplaceAllocationsBatchRequest): WriteCommand {
  const write = Object.entries(request.consumers).map(([uuid, claim]) => claimFrom(uuid, claim));
  if (write.length === 0) throw invalid('consumers is empty');
  requireDistinct(write.map(({ consumer }) => consumer));
  return { write, isBatch: true };
}

function claimFrom(consumerUuid: string, claim: ConsumerClaim): ConsumerWrite {
  const { projectId, userId, consumerType } = claim;
  return {
    consumer: writtenConsumer(consumerUuid),
    projectId: ownerName('project_id', projectId),
    userId: ownerName('user_id', userId),
    type:
      consumerType === undefined
        ? undefined
        : ownerName('consumer_type', consumerType, NAME_PATTERN),
    expected: expectedFrom(claim.precondition),
    allocations: Object.entries(claim.allocations).flatMap(([provider, { resources }]) =>
      allocationsFrom(provider, resources),
    ),
  };
}

function expectedFrom(precondition: ConsumerClaim['precondition']): ExpectedGeneration {
  switch (precondition?.$case) {
    case undefined:
      return undefined;
    case 'consumerGeneration':
      return precondition.value;
    case 'consumerAbsent':
      if (!precondition.value) throw invalid('consumer_absent can only be true');
      return null;
  }
}

function allocationsFrom(
  provider: string,
  resources: Readonly<Record<string, bigint>>,
): readonly Allocation[] {
  const entries = Object.entries(resources);
  if (!isCleanText(provider)) throw invalid('A provider has characters that cannot be stored');
  if (entries.length === 0) throw invalid(`Nothing is taken from provider '${provider}'`);
  return entries.map(([resourceClass, amount]) => {
    if (!isCleanText(resourceClass))
      throw invalid('A resource class has characters that cannot be stored');
    if (amount < 1n) throw invalid(`The amount of ${resourceClass} is less than 1`);
    return { provider, resourceClass, amount };
  });
}

/** Returns the answer of AllocationsService.ReplaceAllocations. */
export function replacedToMessage(generations: ConsumerGenerations): ReplaceAllocationsResponse {
  const [consumerGeneration] = generations.values();
  return { consumerGeneration, rest: undefined };
}

/** Returns the answer of AllocationsService.ReplaceAllocationsBatch. */
export function replacedBatchToMessage(
  generations: ConsumerGenerations,
): ReplaceAllocationsBatchResponse {
  return { consumerGenerations: Object.fromEntries(generations), rest: undefined };
}

/** Returns the answer of AllocationsService.GetAllocations. */
export function holdingsToMessage(holdings: ConsumerHoldings | undefined): GetAllocationsResponse {
  if (holdings === undefined)
    return { allocations: {}, projectId: '', userId: '', rest: undefined };
  const allocations = holdings.providers.map(({ provider, generation, resources }) => [
    provider,
    { generation, resources: amountsToMessage(resources) },
  ]);
  return {
    allocations: Object.fromEntries(allocations) as GetAllocationsResponse['allocations'],
    projectId: holdings.projectId,
    userId: holdings.userId,
    consumerGeneration: holdings.generation,
    consumerType: holdings.type ?? undefined,
    rest: undefined,
  };
}

/** Returns the command of AllocationsService.ListProviderAllocations. */
export function providerAllocationsFromMessage(
  request: ListProviderAllocationsRequest,
): ProviderAllocationsCommand {
  return { uuid: request.uuid, page: idPageFromRequest(request) };
}

/** Returns the answer of AllocationsService.ListProviderAllocations. */
export async function providerAllocationsToMessage(
  reading: ProviderAllocations,
): Promise<ListProviderAllocationsResponse> {
  const holdings: HoldingOfProvider[] = [];
  const generation = await reading.read((piece) => {
    holdings.push(...piece);
  });
  const last = holdings.at(-1);
  const isFull = holdings.length === reading.page?.size;
  return {
    resourceProviderGeneration: generation,
    allocations: holdings.map(({ consumer, consumerGeneration, resources }) => ({
      consumerUuid: consumer,
      consumerGeneration,
      resources: amountsToMessage(resources),
    })),
    nextPageToken: isFull && last !== undefined ? pageTokenAfter([String(last.consumerId)]) : '',
    rest: undefined,
  };
}

function amountsToMessage(amounts: readonly Amount[]): Record<string, bigint> {
  return Object.fromEntries(amounts.map(({ resourceClass, amount }) => [resourceClass, amount]));
}
