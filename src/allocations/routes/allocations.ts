import { AllocationsServiceService } from '../../gen/apportion/allocations/v1/allocations_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/allocations.js';
import * as rest from '../rest/allocations.js';
import { emptyAnswer, type PlacementRequest } from '../rest/answers.js';
import type { Allocations } from '../service/allocations.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of allocations (sections 5 to 11). */
export function allocationRoutes(endpoints: EndpointDeps, allocations: Allocations): BoundService {
  return bindService(AllocationsServiceService, {
    getAllocations: endpoint(endpoints, {
      rule: 'placement:allocations:list',
      grpc: { decode: ({ consumerUuid }) => consumerUuid, encode: messages.holdingsToMessage },
      rest: { decode: rest.consumerFromPath, encode: rest.holdingsToHttp },
      run: (_caller, consumer) => allocations.get(consumer),
    }),
    replaceAllocations: endpoint(endpoints, {
      rule: 'placement:allocations:update',
      grpc: { decode: messages.replaceFromMessage, encode: messages.replacedToMessage },
      rest: { decode: rest.replaceFromHttp, encode: nothing },
      run: (caller, command, call) => allocations.write(caller, command, call),
    }),
    deleteAllocations: endpoint(endpoints, {
      rule: 'placement:allocations:delete',
      grpc: {
        decode: ({ consumerUuid }) => consumerUuid,
        encode: () => ({ rest: undefined }),
      },
      rest: { decode: rest.consumerFromPath, encode: nothing },
      run: (caller, consumer, call) => allocations.remove(caller, consumer, call),
    }),
    replaceAllocationsBatch: endpoint(endpoints, {
      rule: 'placement:allocations:manage',
      since: 13,
      grpc: { decode: messages.replaceBatchFromMessage, encode: messages.replacedBatchToMessage },
      rest: { decode: rest.replaceBatchFromHttp, encode: nothing },
      run: (caller, command, call) => allocations.write(caller, command, call),
    }),
    listProviderAllocations: endpoint(endpoints, {
      rule: 'placement:resource_providers:allocations:list',
      grpc: {
        decode: messages.providerAllocationsFromMessage,
        encode: messages.providerAllocationsToMessage,
      },
      rest: {
        decode: rest.providerAllocationsFromHttp,
        encode: rest.providerAllocationsToHttp,
      },
      run: (_caller, command) => Promise.resolve(allocations.ofProvider(command)),
    }),
  });
}

/** Writes of allocations have no body to answer, and so no cache headers (section 3.6). */
function nothing(_result: unknown, request: PlacementRequest) {
  return emptyAnswer(request, 204);
}
