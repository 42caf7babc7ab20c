import { invalid } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';
import type { HttpAnswer } from '../../rpc/http.js';
import { isArray, type JsonObject, type Writable, writeJson } from '../../rpc/json.js';
import type { ConsumerWrite } from '../domain/allocation-write.js';
import { type Allocation, INCOMPLETE_CONSUMER, UNKNOWN_TYPE } from '../domain/consumer.js';
import { requireDistinct, writtenConsumer } from '../domain/consumer-claim.js';
import type { Amount, ConsumerHoldings, HoldingOfProvider } from '../domain/holdings.js';
import type {
  ProviderAllocations,
  ProviderAllocationsCommand,
  WriteCommand,
} from '../service/allocations.js';
import {
  GUARDS_CONSUMERS,
  NAMES_TYPES,
  OBJECT_FORM,
  postSchema,
  putSchema,
} from './allocation-schemas.js';
import { jsonAnswer, PLACEMENT_JSON, type PlacementRequest, writtenAnswer } from './answers.js';
import { objectBodyOf } from './input.js';
import { integerFrom } from './schema.js';

/** Returns the consumer in the path as sent; any text that can be stored is one (section 5). */
export function consumerFromPath({ parameters: [text = ''] }: PlacementRequest): string {
  if (!isCleanText(text)) throw invalid(`Malformed consumer_uuid: ${text}`);
  return text;
}

/** Returns the command of `PUT /allocations/{consumer_uuid}` (sections 6 and 9). */
export function replaceFromHttp(request: PlacementRequest): WriteCommand {
  const { minor } = request;
  const consumer = writtenConsumer(consumerFromPath(request));
  const body = objectBodyOf(request, putSchema(minor));
  return { write: [claimFrom(consumer, body)], isBatch: false };
}

/** Returns the command of `POST /allocations` (section 10). */
export function replaceBatchFromHttp(request: PlacementRequest): WriteCommand {
  const body = objectBodyOf(request, postSchema(request.minor));
  const write = Object.entries(body).map(([key, claim]) =>
    claimFrom(writtenConsumer(key), claim as JsonObject),
  );
  requireDistinct(write.map(({ consumer }) => consumer));
  return { write, isBatch: true };
}

/** Reads a claim that its schema has let through: what it must not name at its version is absent. */
function claimFrom(consumer: string, claim: JsonObject): ConsumerWrite {
  const generation = claim['consumer_generation'];
  return {
    consumer,
    projectId: (claim['project_id'] as string | undefined) ?? INCOMPLETE_CONSUMER,
    userId: (claim['user_id'] as string | undefined) ?? INCOMPLETE_CONSUMER,
    type: claim['consumer_type'] as string | undefined,
    expected: generation === null ? null : integerFrom(generation),
    allocations: [...resourcesByProvider(claim)].flatMap(([provider, resources]) =>
      Object.entries(resources).map(([resourceClass, amount]): Allocation => {
        const units = integerFrom(amount);
        if (units === undefined) throw new Error('The schema let an amount through');
        return { provider, resourceClass, amount: units };
      }),
    ),
  };
}

/** Of several entries for one provider the later one counts, in the place of the first. */
function resourcesByProvider(claim: JsonObject): ReadonlyMap<string, JsonObject> {
  const allocations = claim['allocations'];
  if (!isArray(allocations))
    return new Map(
      Object.entries(allocations as JsonObject).map(([provider, entry]) => [
        provider,
        (entry as JsonObject)['resources'] as JsonObject,
      ]),
    );
  return new Map(
    (allocations as readonly JsonObject[]).map((entry) => [
      (entry['resource_provider'] as JsonObject)['uuid'] as string,
      entry['resources'] as JsonObject,
    ]),
  );
}

/** Returns the answer to `GET /allocations/{consumer_uuid}`; there is no 404 (section 5). */
export function holdingsToHttp(
  holdings: ConsumerHoldings | undefined,
  request: PlacementRequest,
): HttpAnswer {
  if (holdings === undefined) return jsonAnswer(request, { allocations: {} }, 'now');
  const { minor } = request;
  const allocations = holdings.providers.map(({ provider, generation, resources }) => [
    provider,
    { generation, resources: amountsToJson(resources) },
  ]);
  const body: Writable = {
    allocations: Object.fromEntries(allocations) as Writable,
    ...(minor >= OBJECT_FORM && { project_id: holdings.projectId, user_id: holdings.userId }),
    ...(minor >= GUARDS_CONSUMERS && { consumer_generation: holdings.generation }),
    ...(minor >= NAMES_TYPES && { consumer_type: holdings.type ?? UNKNOWN_TYPE }),
  };
  return jsonAnswer(request, body, holdings.changedAt);
}

/** Returns the command of `GET /resource_providers/{uuid}/allocations`; it has no pages. */
export function providerAllocationsFromHttp({
  parameters: [uuid = ''],
}: PlacementRequest): ProviderAllocationsCommand {
  return { uuid, page: undefined };
}

/** Returns the answer to `GET /resource_providers/{uuid}/allocations`, written piece by piece. */
export async function providerAllocationsToHttp(
  allocations: ProviderAllocations,
  request: PlacementRequest,
): Promise<HttpAnswer> {
  const isGuarded = request.minor >= GUARDS_CONSUMERS;
  const pieces: Buffer[] = [];
  let newest: Date | undefined;
  const generation = await allocations.read((holdings) => {
    const members = holdings.map((holding) => memberOf(holding, isGuarded)).join(', ');
    pieces.push(Buffer.from(pieces.length === 0 ? members : `, ${members}`));
    for (const { changedAt } of holdings)
      if (newest === undefined || changedAt > newest) newest = changedAt;
  });
  const opening = `{"resource_provider_generation": ${generation}, "allocations": {`;
  const body = [Buffer.from(opening), ...pieces, Buffer.from('}}')];
  return writtenAnswer(request, body, newest ?? 'now');
}

function memberOf(holding: HoldingOfProvider, isGuarded: boolean): string {
  const { consumer, consumerGeneration, resources } = holding;
  const value = {
    resources: amountsToJson(resources),
    ...(isGuarded && { consumer_generation: consumerGeneration }),
  };
  // A uuid needs no escaping.
  return `"${consumer}": ${writeJson(value, PLACEMENT_JSON)}`;
}

function amountsToJson(amounts: readonly Amount[]): Writable {
  return Object.fromEntries(amounts.map(({ resourceClass, amount }) => [resourceClass, amount]));
}
