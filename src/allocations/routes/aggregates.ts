import { AggregatesServiceService } from '../../gen/apportion/allocations/v1/aggregates_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/aggregates.js';
import * as rest from '../rest/aggregates.js';
import { uuidFromPath } from '../rest/provider-path.js';
import type { Aggregates } from '../service/aggregates.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of aggregates (section 14.2); the version is judged late (section 3.1). */
export function aggregateRoutes(endpoints: EndpointDeps, aggregates: Aggregates): BoundService {
  const demands = { since: 1, judgesMediaFirst: true };
  return bindService(AggregatesServiceService, {
    listProviderAggregates: endpoint(endpoints, {
      rule: 'placement:resource_providers:aggregates:list',
      ...demands,
      grpc: { decode: ({ uuid }) => uuid, encode: messages.aggregatesToMessage },
      rest: { decode: uuidFromPath, encode: rest.aggregatesToHttp },
      run: (_caller, uuid) => aggregates.list(uuid),
    }),
    replaceProviderAggregates: endpoint(endpoints, {
      rule: 'placement:resource_providers:aggregates:update',
      ...demands,
      grpc: {
        decode: messages.replaceAggregatesFromMessage,
        encode: messages.aggregatesToMessage,
      },
      rest: { decode: rest.replaceAggregatesFromHttp, encode: rest.aggregatesToHttp },
      run: (_caller, command) => aggregates.replace(command),
    }),
  });
}
