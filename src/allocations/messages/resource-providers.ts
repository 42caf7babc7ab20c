import type { ResourceProvider as ProviderMessage } from '../../gen/apportion/allocations/v1/allocations.js';
import type {
  CreateResourceProviderRequest,
  GetResourceProviderResponse,
  ListResourceProvidersRequest,
  ListResourceProvidersResponse,
  UpdateResourceProviderRequest,
} from '../../gen/apportion/allocations/v1/resource_providers_service.js';
import { invalid } from '../../kernel/failure.js';
import { pageFromRequest, pageTokenAfter } from '../../kernel/page.js';
import { attempt, unwrap } from '../../kernel/parsed.js';
import type { NameFilter, WantedResources } from '../domain/provider-filter.js';
import { isName } from '../domain/resource-class.js';
import {
  isProviderName,
  LONGEST_PROVIDER_NAME,
  type ResourceProvider,
} from '../domain/resource-provider.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { Reading } from '../service/reading.js';
import type {
  CreateProviderCommand,
  ListProvidersCommand,
  UpdateProviderCommand,
} from '../service/resource-providers.js';

/** Returns the command of a ListResourceProviders request. */
export function listProvidersFromMessage(
  request: ListResourceProvidersRequest,
): ListProvidersCommand {
  const { name, uuid, inTree, resources, memberOf, required } = request;
  const { size, after } = unwrap(pageFromRequest(request, 1));
  return {
    page: { size, after: after?.[0] },
    filter: {
      name: name === '' ? undefined : name,
      uuid: uuid === undefined ? undefined : uuidFrom('uuid', uuid),
      inTree: inTree === undefined ? undefined : uuidFrom('in_tree', inTree),
      resources: amountsFrom(resources),
      aggregates: namesFrom(
        memberOf.map(({ aggregates, forbidden }) => ({
          names: aggregates.map((aggregate) => uuidFrom('member_of', aggregate)),
          forbidden,
        })),
      ),
      traits: namesFrom(
        required.map(({ traits, forbidden }) => {
          if (!traits.every(isName)) throw invalid('required must name traits');
          return { names: traits, forbidden };
        }),
      ),
    },
  };
}

function uuidFrom(field: string, text: string): string {
  const uuid = canonicalUuid(text);
  if (uuid === undefined) throw invalid(`${field} must be a UUID`);
  return uuid;
}

function amountsFrom(resources: Readonly<Record<string, bigint>>): WantedResources {
  for (const [name, amount] of Object.entries(resources))
    if (amount < 1n) throw invalid(`The amount of ${name} must be at least 1`);
  return new Map(Object.entries(resources));
}

function namesFrom(
  conditions: readonly { readonly names: readonly string[]; readonly forbidden: boolean }[],
): NameFilter {
  if (conditions.some(({ names }) => names.length === 0))
    throw invalid('A condition must name at least one of what it is about');
  const wanted = conditions.filter(({ forbidden }) => !forbidden);
  const unwanted = conditions.filter(({ forbidden }) => forbidden);
  return {
    anyOf: wanted.map(({ names }) => names),
    noneOf: unwanted.flatMap(({ names }) => names),
  };
}

/** Returns the command of a CreateResourceProvider request. */
export function createProviderFromMessage({
  name,
  uuid,
  parentProviderUuid,
}: CreateResourceProviderRequest): CreateProviderCommand {
  return {
    name: nameFrom(name),
    uuid: uuid === undefined ? undefined : uuidFrom('uuid', uuid),
    parent:
      parentProviderUuid === undefined
        ? null
        : uuidFrom('parent_provider_uuid', parentProviderUuid),
  };
}

/** Returns the command of an UpdateResourceProvider request. */
export function updateProviderFromMessage({
  uuid,
  name,
  parent,
}: UpdateResourceProviderRequest): UpdateProviderCommand {
  return {
    uuid,
    change: attempt(() => ({
      name: nameFrom(name),
      parent: parentFrom(parent),
      mayReparent: true,
    })),
  };
}

function nameFrom(name: string): string {
  if (!isProviderName(name))
    throw invalid(`name must have 1 to ${LONGEST_PROVIDER_NAME} characters`);
  return name;
}

function parentFrom(parent: UpdateResourceProviderRequest['parent']): string | null | undefined {
  if (parent === undefined) return undefined;
  if (parent.$case === 'parentProviderUuid') return uuidFrom('parent_provider_uuid', parent.value);
  if (!parent.value) throw invalid('parent_absent can only be true');
  return null;
}

/** Returns a page of providers as a message. */
export async function providersToMessage(
  reading: Reading<ResourceProvider>,
): Promise<ListResourceProvidersResponse> {
  const providers: ProviderMessage[] = [];
  await reading.read((piece) => {
    for (const provider of piece) providers.push(fieldsOf(provider));
  });
  const last = providers.at(-1);
  const isFull = providers.length === reading.page?.size;
  return {
    resourceProviders: providers,
    nextPageToken: isFull && last !== undefined ? pageTokenAfter([last.uuid]) : '',
    rest: undefined,
  };
}

/** Returns one provider as a message. */
export function providerToMessage(provider: ResourceProvider): GetResourceProviderResponse {
  return { resourceProvider: fieldsOf(provider), rest: undefined };
}

function fieldsOf(provider: ResourceProvider): ProviderMessage {
  return {
    uuid: provider.uuid,
    name: provider.name,
    generation: provider.generation,
    parentProviderUuid: provider.parentUuid ?? undefined,
    rootProviderUuid: provider.rootUuid,
  };
}
