import { ResourceProvidersServiceService } from '../../gen/apportion/allocations/v1/resource_providers_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/resource-providers.js';
import { emptyAnswer } from '../rest/answers.js';
import { uuidFromPath } from '../rest/provider-path.js';
import * as rest from '../rest/resource-providers.js';
import type { ResourceProviders } from '../service/resource-providers.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** What `code` says of a uuid or name that is taken (section 3.5). */
const codes = { ALREADY_EXISTS: 'placement.duplicate_name' };

/** Returns the RPCs of resource providers (section 12). */
export function resourceProviderRoutes(
  endpoints: EndpointDeps,
  providers: ResourceProviders,
): BoundService {
  return bindService(ResourceProvidersServiceService, {
    listResourceProviders: endpoint(endpoints, {
      rule: 'placement:resource_providers:list',
      grpc: {
        decode: messages.listProvidersFromMessage,
        encode: messages.providersToMessage,
      },
      rest: { decode: rest.listProvidersFromHttp, encode: rest.providersToHttp },
      run: (_caller, command) => providers.list(command),
    }),
    createResourceProvider: endpoint(endpoints, {
      rule: 'placement:resource_providers:create',
      grpc: {
        decode: messages.createProviderFromMessage,
        encode: messages.providerToMessage,
      },
      rest: { decode: rest.createProviderFromHttp, encode: rest.createdProviderToHttp, codes },
      run: (_caller, command) => providers.create(command),
    }),
    getResourceProvider: endpoint(endpoints, {
      rule: 'placement:resource_providers:show',
      grpc: { decode: ({ uuid }) => uuid, encode: messages.providerToMessage },
      rest: { decode: uuidFromPath, encode: rest.providerToHttp },
      run: (_caller, uuid) => providers.get(uuid),
    }),
    updateResourceProvider: endpoint(endpoints, {
      rule: 'placement:resource_providers:update',
      grpc: {
        decode: messages.updateProviderFromMessage,
        encode: messages.providerToMessage,
      },
      rest: { decode: rest.updateProviderFromHttp, encode: rest.providerToHttp, codes },
      run: (_caller, command) => providers.update(command),
    }),
    deleteResourceProvider: endpoint(endpoints, {
      rule: 'placement:resource_providers:delete',
      grpc: { decode: ({ uuid }) => uuid, encode: () => ({ rest: undefined }) },
      rest: {
        decode: uuidFromPath,
        encode: (_result, request) => emptyAnswer(request, 204),
      },
      run: (_caller, uuid) => providers.remove(uuid),
    }),
  });
}
