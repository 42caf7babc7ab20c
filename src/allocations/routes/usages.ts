import { UsagesServiceService } from '../../gen/apportion/allocations/v1/usages_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/usages.js';
import * as rest from '../rest/usages.js';
import type { Usages } from '../service/usages.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of usages (section 13.3). */
export function usageRoutes(endpoints: EndpointDeps, usages: Usages): BoundService {
  return bindService(UsagesServiceService, {
    getProviderUsages: endpoint(endpoints, {
      rule: 'placement:resource_providers:usages',
      grpc: { decode: ({ uuid }) => uuid, encode: messages.providerUsagesToMessage },
      rest: { decode: rest.providerFromPath, encode: rest.providerUsagesToHttp },
      run: (_caller, uuid) => usages.ofProvider(uuid),
    }),
    getProjectUsages: endpoint(endpoints, {
      rule: 'placement:usages',
      since: 9,
      grpc: {
        decode: messages.projectUsagesFromMessage,
        encode: messages.projectUsagesToMessage,
        project: ({ projectId }) => projectId,
      },
      rest: {
        decode: rest.projectUsagesFromHttp,
        encode: rest.projectUsagesToHttp,
        project: rest.projectOfQuery,
      },
      run: (_caller, command) => usages.ofProject(command),
    }),
  });
}
