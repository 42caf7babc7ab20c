import { ProviderTraitsServiceService } from '../../gen/apportion/allocations/v1/provider_traits_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/provider-traits.js';
import { emptyAnswer } from '../rest/answers.js';
import { uuidFromPath } from '../rest/provider-path.js';
import * as rest from '../rest/provider-traits.js';
import type { ProviderTraits } from '../service/provider-traits.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of the traits of a provider (section 14.1). */
export function providerTraitRoutes(endpoints: EndpointDeps, traits: ProviderTraits): BoundService {
  const since = 6;
  return bindService(ProviderTraitsServiceService, {
    listProviderTraits: endpoint(endpoints, {
      rule: 'placement:resource_providers:traits:list',
      since,
      grpc: { decode: ({ uuid }) => uuid, encode: messages.providerTraitsToMessage },
      rest: { decode: uuidFromPath, encode: rest.providerTraitsToHttp },
      run: (_caller, uuid) => traits.list(uuid),
    }),
    replaceProviderTraits: endpoint(endpoints, {
      rule: 'placement:resource_providers:traits:update',
      since,
      grpc: {
        decode: messages.replaceTraitsFromMessage,
        encode: messages.providerTraitsToMessage,
      },
      rest: { decode: rest.replaceTraitsFromHttp, encode: rest.providerTraitsToHttp },
      run: (_caller, command) => traits.replace(command),
    }),
    deleteProviderTraits: endpoint(endpoints, {
      rule: 'placement:resource_providers:traits:delete',
      since,
      grpc: { decode: ({ uuid }) => uuid, encode: () => ({ rest: undefined }) },
      rest: {
        decode: uuidFromPath,
        encode: (_result, request) => emptyAnswer(request, 204),
      },
      run: (_caller, uuid) => traits.removeAll(uuid),
    }),
  });
}
