import type {
  GetProjectUsagesRequest,
  GetProjectUsagesResponse,
  GetProviderUsagesResponse,
} from '../../gen/apportion/allocations/v1/usages_service.js';
import { NAME_PATTERN, ownerName } from '../domain/consumer-claim.js';
import { UNKNOWN_TYPE } from '../domain/consumer.js';
import { ALL_TYPES, type ProviderUsages, type Usage, type UsageGroup } from '../domain/usage.js';
import type { ProjectUsagesCommand } from '../service/usages.js';

/** Returns the answer of UsagesService.GetProviderUsages. */
export function providerUsagesToMessage({
  generation,
  usages,
}: ProviderUsages): GetProviderUsagesResponse {
  return {
    resourceProviderGeneration: generation,
    usages: sumsToMessage(usages),
    rest: undefined,
  };
}

/** Returns the command of UsagesService.GetProjectUsages. */
export function projectUsagesFromMessage(request: GetProjectUsagesRequest): ProjectUsagesCommand {
  const { projectId, userId, consumerType } = request;
  return {
    projectId: ownerName('project_id', projectId),
    userId: userId === undefined ? undefined : ownerName('user_id', userId),
    consumerType: consumerType === undefined ? undefined : typeFrom(consumerType),
  };
}

function typeFrom(text: string): string {
  if (text === UNKNOWN_TYPE || text === ALL_TYPES) return text;
  return ownerName('consumer_type', text, NAME_PATTERN);
}

/** Returns the answer of UsagesService.GetProjectUsages. */
export function projectUsagesToMessage(groups: readonly UsageGroup[]): GetProjectUsagesResponse {
  const usages = groups.map(({ name, consumers, usages: sums }) => [
    name,
    { consumerCount: consumers, resources: sumsToMessage(sums) },
  ]);
  return {
    usages: Object.fromEntries(usages) as GetProjectUsagesResponse['usages'],
    rest: undefined,
  };
}

function sumsToMessage(usages: readonly Usage[]): Record<string, bigint> {
  return Object.fromEntries(usages.map(({ resourceClass, used }) => [resourceClass, used]));
}
