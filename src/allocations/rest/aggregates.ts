import { attempt } from '../../kernel/parsed.js';
import type { HttpAnswer } from '../../rpc/http.js';
import { type JsonValue, member } from '../../rpc/json.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { ProviderAggregates, ReplaceAggregatesCommand } from '../service/aggregates.js';
import { jsonAnswer, type PlacementRequest } from './answers.js';
import { bodyOf, objectBodyOf } from './input.js';
import type { Minor } from './microversion.js';
import { uuidFromPath } from './provider-path.js';
import { integerFrom, type Schema } from './schema.js';

/** From it on aggregates come with the generation; below, a bare array is sent (section 14.2). */
const WITH_GENERATION: Minor = 19;

const BARE: Schema = {
  type: 'array',
  items: { type: 'string', format: 'uuid' },
  uniqueItems: true,
};

const BODY = {
  type: 'object',
  properties: { aggregates: BARE, resource_provider_generation: { type: 'integer' } },
  required: ['aggregates', 'resource_provider_generation'],
} as const satisfies Schema;

/** Returns the command of `PUT …/aggregates`; the body is judged after the look-up. */
export function replaceAggregatesFromHttp(request: PlacementRequest): ReplaceAggregatesCommand {
  return {
    uuid: uuidFromPath(request),
    change: attempt(() => {
      if (request.minor < WITH_GENERATION)
        return { aggregates: uuidsFrom(bodyOf(request, BARE)), generation: undefined };
      const body = objectBodyOf(request, BODY);
      return {
        aggregates: uuidsFrom(member(body, 'aggregates')),
        generation: integerFrom(member(body, 'resource_provider_generation')),
      };
    }),
  };
}

function uuidsFrom(value: JsonValue | undefined): readonly string[] {
  return (value as readonly string[]).flatMap((text) => canonicalUuid(text) ?? []);
}

/** Returns the answer that shows the aggregates of a provider. */
export function aggregatesToHttp(
  { aggregates, generation }: ProviderAggregates,
  request: PlacementRequest,
): HttpAnswer {
  const shown = request.minor < WITH_GENERATION ? undefined : generation;
  return jsonAnswer(request, { aggregates, resource_provider_generation: shown }, 'now');
}
