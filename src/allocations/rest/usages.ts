import type { HttpAnswer } from '../../rpc/http.js';
import type { Writable } from '../../rpc/json.js';
import { LONGEST_OWNER } from '../domain/consumer-claim.js';
import { ALL_TYPES, type ProviderUsages, type Usage, type UsageGroup } from '../domain/usage.js';
import type { ProjectUsagesCommand } from '../service/usages.js';
import { NAMES_TYPES } from './allocation-schemas.js';
import { jsonAnswer, type PlacementRequest } from './answers.js';
import { queryOf } from './input.js';
import type { Schema } from './schema.js';

const OWNER: Schema = { type: 'string', minLength: 1, maxLength: LONGEST_OWNER };
const OWNERS = { project_id: OWNER, user_id: OWNER };
const OWNERS_AND_TYPE = {
  ...OWNERS,
  // Whatever begins with `all` is let through, as documented; it names no type.
  consumer_type: { ...OWNER, pattern: '^(?:[A-Z0-9_]+|unknown)$|^all' },
};

/** Returns the provider in the path. */
export function providerFromPath({ parameters: [uuid = ''] }: PlacementRequest): string {
  return uuid;
}

/** Returns the answer to `GET /resource_providers/{uuid}/usages` (section 13.3). */
export function providerUsagesToHttp(
  { generation, usages }: ProviderUsages,
  request: PlacementRequest,
): HttpAnswer {
  const body = { resource_provider_generation: generation, usages: sumsToJson(usages) };
  return jsonAnswer(request, body, 'now');
}

/** Returns the project whose readers may see its usage; judged before the query is. */
export function projectOfQuery({ query }: PlacementRequest): string | undefined {
  return query.getAll('project_id').at(-1);
}

/** Returns the command of `GET /usages`; below 1.38 all consumers are one group. */
export function projectUsagesFromHttp(request: PlacementRequest): ProjectUsagesCommand {
  const knowsTypes = request.minor >= NAMES_TYPES;
  const query = queryOf(request, knowsTypes ? OWNERS_AND_TYPE : OWNERS, {
    required: ['project_id'],
  });
  return {
    projectId: query.one('project_id') ?? '',
    userId: query.one('user_id'),
    consumerType: knowsTypes ? query.one('consumer_type') : ALL_TYPES,
  };
}

/** Returns the answer to `GET /usages`. */
export function projectUsagesToHttp(
  groups: readonly UsageGroup[],
  request: PlacementRequest,
): HttpAnswer {
  if (request.minor < NAMES_TYPES)
    return jsonAnswer(request, { usages: sumsToJson(groups[0]?.usages ?? []) }, 'now');
  const usages = groups.map(({ name, consumers, usages: sums }) => [
    name,
    { consumer_count: consumers, ...sumsToJson(sums) },
  ]);
  return jsonAnswer(request, { usages: Object.fromEntries(usages) as Writable }, 'now');
}

function sumsToJson(usages: readonly Usage[]): Readonly<Record<string, bigint>> {
  return Object.fromEntries(usages.map(({ resourceClass, used }) => [resourceClass, used]));
}
