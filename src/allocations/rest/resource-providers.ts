import { attempt } from '../../kernel/parsed.js';
import type { HttpAnswer } from '../../rpc/http.js';
import { member, writeJson, type Writable } from '../../rpc/json.js';
import { memberOfFrom, NO_NAMES, requiredFrom, resourcesFrom } from '../domain/provider-filter.js';
import { LONGEST_PROVIDER_NAME, type ResourceProvider } from '../domain/resource-provider.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { Reading } from '../service/reading.js';
import type {
  CreateProviderCommand,
  ListProvidersCommand,
  UpdateProviderCommand,
} from '../service/resource-providers.js';
import {
  emptyAnswer,
  hrefOf,
  jsonAnswer,
  locationOf,
  PLACEMENT_JSON,
  type PlacementRequest,
  writtenAnswer,
} from './answers.js';
import { objectBodyOf, queryOf } from './input.js';
import type { Minor } from './microversion.js';
import { uuidFromPath } from './provider-path.js';
import type { Schema } from './schema.js';

/** From it on providers have parents (section 14.4). */
const NESTED: Minor = 14;

/** From it on `POST` answers with the provider. */
const CREATED_IS_SHOWN: Minor = 20;

const NAME: Schema = { type: 'string', maxLength: LONGEST_PROVIDER_NAME };
const UUID: Schema = { type: 'string', format: 'uuid' };
const PARENT: Schema = { type: ['string', 'null'], format: 'uuid' };

const CREATE = {
  type: 'object',
  properties: { name: NAME, uuid: UUID },
  required: ['name'],
} as const satisfies Schema;
const CREATE_NESTED = {
  ...CREATE,
  properties: { ...CREATE.properties, parent_provider_uuid: PARENT },
} as const satisfies Schema;

const UPDATE = {
  type: 'object',
  properties: { name: NAME },
  required: ['name'],
} as const satisfies Schema;
const UPDATE_NESTED = {
  ...UPDATE,
  properties: { ...UPDATE.properties, parent_provider_uuid: PARENT },
} as const satisfies Schema;

const TEXT: Schema = { type: 'string' };
const DASHED_UUID: Schema = { type: 'string', format: 'dashed-uuid' };

/** The filters, each with the microversion it came with (section 12). */
const FILTERS: readonly (readonly [since: Minor, name: string, schema: Schema])[] = [
  [0, 'name', TEXT],
  [0, 'uuid', DASHED_UUID],
  [3, 'member_of', TEXT],
  [4, 'resources', TEXT],
  [14, 'in_tree', DASHED_UUID],
  [18, 'required', TEXT],
];

/** Returns the command of `GET /resource_providers`. */
export function listProvidersFromHttp(request: PlacementRequest): ListProvidersCommand {
  const { minor } = request;
  const known = FILTERS.filter(([since]) => minor >= since);
  const query = queryOf(
    request,
    Object.fromEntries(known.map(([, name, schema]) => [name, schema])),
  );
  const name = query.one('name');
  const resources = query.one('resources');
  const memberOf = query.all('member_of');
  const required = query.all('required');
  return {
    page: undefined,
    filter: {
      name: name === '' ? undefined : name,
      uuid: query.one('uuid'),
      inTree: query.one('in_tree'),
      aggregates:
        memberOf.length === 0
          ? NO_NAMES
          : memberOfFrom(memberOf, { mayRepeat: minor >= 24, mayForbid: minor >= 32 }),
      traits:
        required.length === 0
          ? NO_NAMES
          : requiredFrom(required, { mayForbid: minor >= 22, mayChoose: minor >= 39 }),
      resources: resources === undefined ? new Map() : resourcesFrom(resources),
    },
  };
}

/** Returns the command of `POST /resource_providers`. */
export function createProviderFromHttp(request: PlacementRequest): CreateProviderCommand {
  const body = objectBodyOf(request, request.minor >= NESTED ? CREATE_NESTED : CREATE);
  const uuid = member(body, 'uuid') as string | undefined;
  const parent = member(body, 'parent_provider_uuid') as string | null | undefined;
  return {
    name: body['name'] as string,
    uuid: uuid === undefined ? undefined : canonicalUuid(uuid),
    parent: parent ?? null,
  };
}

/** Returns the command of `PUT /resource_providers/{uuid}`; the body is judged after the look-up. */
export function updateProviderFromHttp(request: PlacementRequest): UpdateProviderCommand {
  return {
    uuid: uuidFromPath(request),
    change: attempt(() => {
      const body = objectBodyOf(request, request.minor >= NESTED ? UPDATE_NESTED : UPDATE);
      return {
        name: body['name'] as string,
        parent: member(body, 'parent_provider_uuid') as string | null | undefined,
        mayReparent: request.minor >= 37,
      };
    }),
  };
}

/** Returns the answer to `GET /resource_providers`. */
export async function providersToHttp(
  reading: Reading<ResourceProvider>,
  request: PlacementRequest,
): Promise<HttpAnswer> {
  const pieces: Buffer[] = [];
  let newest: Date | undefined;
  await reading.read((providers) => {
    const texts = providers.map((provider) => {
      if (newest === undefined || provider.updatedAt > newest) newest = provider.updatedAt;
      return writeJson(representation(provider, request), PLACEMENT_JSON);
    });
    if (texts.length > 0)
      pieces.push(Buffer.from((pieces.length === 0 ? '' : ', ') + texts.join(', ')));
  });
  const body = [Buffer.from('{"resource_providers": ['), ...pieces, Buffer.from(']}')];
  return writtenAnswer(request, body, newest ?? 'now');
}

/** Returns the answer that shows one provider. */
export function providerToHttp(provider: ResourceProvider, request: PlacementRequest): HttpAnswer {
  return jsonAnswer(request, representation(provider, request), provider.updatedAt);
}

/** Returns the answer to `POST /resource_providers`: empty below 1.20 (section 12). */
export function createdProviderToHttp(
  provider: ResourceProvider,
  request: PlacementRequest,
): HttpAnswer {
  const headers = locationOf(request, pathOf(provider));
  if (request.minor < CREATED_IS_SHOWN) return emptyAnswer(request, 201, { headers });
  return jsonAnswer(request, representation(provider, request), provider.updatedAt, { headers });
}

function pathOf({ uuid }: ResourceProvider): string {
  return `/resource_providers/${uuid}`;
}

/** What a provider links to, with the microversion from which it does. */
const LINKS: readonly (readonly [since: Minor, rel: string])[] = [
  [0, 'inventories'],
  [0, 'usages'],
  [1, 'aggregates'],
  [6, 'traits'],
  [11, 'allocations'],
];

function representation(provider: ResourceProvider, request: PlacementRequest): Writable {
  const { minor } = request;
  const { uuid, name, generation, parentUuid, rootUuid } = provider;
  const href = hrefOf(request, pathOf(provider));
  const links = LINKS.filter(([since]) => minor >= since);
  return {
    uuid,
    name,
    generation,
    parent_provider_uuid: minor >= NESTED ? parentUuid : undefined,
    root_provider_uuid: minor >= NESTED ? rootUuid : undefined,
    links: [{ rel: 'self', href }, ...links.map(([, rel]) => ({ rel, href: `${href}/${rel}` }))],
  };
}
