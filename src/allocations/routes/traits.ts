import { TraitsServiceService } from '../../gen/apportion/allocations/v1/traits_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/traits.js';
import { emptyAnswer } from '../rest/answers.js';
import { nameFromPath } from '../rest/resource-classes.js';
import * as rest from '../rest/traits.js';
import type { Traits } from '../service/traits.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of traits (section 14.1); all of them exist from 1.6 on. */
export function traitRoutes(endpoints: EndpointDeps, traits: Traits): BoundService {
  const since = 6;
  return bindService(TraitsServiceService, {
    listTraits: endpoint(endpoints, {
      rule: 'placement:traits:list',
      since,
      grpc: { decode: messages.listTraitsFromMessage, encode: messages.traitsToMessage },
      rest: { decode: rest.listTraitsFromHttp, encode: rest.traitsToHttp },
      run: (_caller, command) => traits.list(command),
    }),
    getTrait: endpoint(endpoints, {
      rule: 'placement:traits:show',
      since,
      judgesAccept: false,
      grpc: {
        decode: ({ name }) => name,
        encode: ({ name }) => ({ name, rest: undefined }),
      },
      rest: { decode: nameFromPath, encode: rest.traitToHttp },
      run: (_caller, name) => traits.get(name),
    }),
    ensureTrait: endpoint(endpoints, {
      rule: 'placement:traits:update',
      since,
      takesBody: false,
      grpc: {
        decode: ({ name }) => name,
        encode: ({ trait, created }) => ({ name: trait.name, created, rest: undefined }),
      },
      rest: { decode: nameFromPath, encode: rest.ensuredTraitToHttp },
      run: (_caller, name) => traits.ensure(name),
    }),
    deleteTrait: endpoint(endpoints, {
      rule: 'placement:traits:delete',
      since,
      grpc: { decode: ({ name }) => name, encode: () => ({ rest: undefined }) },
      rest: {
        decode: nameFromPath,
        encode: (_result, request) => emptyAnswer(request, 204),
      },
      run: (_caller, name) => traits.remove(name),
    }),
  });
}
