import type { HttpAnswer } from '../../rpc/http.js';
import { member } from '../../rpc/json.js';
import { LONGEST_NAME, NAME_PATTERN } from '../domain/resource-class.js';
import type { ReplaceTraitsCommand, TraitsOfProvider } from '../service/provider-traits.js';
import { jsonAnswer, newestOf, type PlacementRequest } from './answers.js';
import { objectBodyOf } from './input.js';
import { uuidFromPath } from './provider-path.js';
import { integerFrom, type Schema } from './schema.js';

const BODY = {
  type: 'object',
  properties: {
    resource_provider_generation: { type: 'integer' },
    traits: {
      type: 'array',
      items: { type: 'string', pattern: NAME_PATTERN, maxLength: LONGEST_NAME },
      uniqueItems: true,
    },
  },
  required: ['traits', 'resource_provider_generation'],
} as const satisfies Schema;

/** Returns the command of `PUT …/traits`; the body is judged before the look-up (section 3.1). */
export function replaceTraitsFromHttp(request: PlacementRequest): ReplaceTraitsCommand {
  const body = objectBodyOf(request, BODY);
  const generation = integerFrom(member(body, 'resource_provider_generation'));
  if (generation === undefined) throw new Error('The schema asks for a generation');
  const traits = member(body, 'traits') as readonly string[];
  return { uuid: uuidFromPath(request), generation, traits };
}

/** Returns the answer that shows the traits of a provider. */
export function providerTraitsToHttp(
  { generation, traits }: TraitsOfProvider,
  request: PlacementRequest,
): HttpAnswer {
  const body = {
    traits: traits.map(({ name }) => name),
    resource_provider_generation: generation,
  };
  return jsonAnswer(request, body, newestOf(traits.map(({ createdAt }) => createdAt)) ?? 'now');
}
