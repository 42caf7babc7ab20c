import {
  EdgeServiceService,
  GetHealthResponse_Status,
} from '../gen/apportion/edge/v1/edge_service.js';
import { Failure } from '../kernel/failure.js';
import { ANONYMOUS, type AnonymousPrincipal } from '../kernel/principal.js';
import { OWN_FAMILY, plain } from './fallback.js';
import { bindService, type BoundService, type Caller, route } from './route.js';

const anyone: Caller<AnonymousPrincipal> = { name: 'anyone', authenticate: () => ANONYMOUS };

/** Returns the routes that belong to no API: the health check and the answer to unknown paths. */
export function createEdgeService(isServing: () => boolean): BoundService {
  return bindService(EdgeServiceService, {
    getHealth: route({
      caller: anyone,
      grpc: {
        decode: () => undefined,
        encode: (serving) => ({
          status: serving
            ? GetHealthResponse_Status.STATUS_SERVING
            : GetHealthResponse_Status.STATUS_NOT_SERVING,
          rest: undefined,
        }),
      },
      rest: {
        family: OWN_FAMILY,
        decode: () => undefined,
        encode: (serving) => (serving ? plain(200, 'serving') : plain(503, 'not serving')),
      },
      run: () => Promise.resolve(isServing()),
    }),
    answerUnmatched: route({
      caller: anyone,
      grpc: { decode: () => undefined, encode: () => ({ rest: undefined }) },
      // Never reached over REST: the face sends what no route takes to its family.
      rest: {
        family: OWN_FAMILY,
        decode: () => undefined,
        encode: () => plain(404, 'No API owns this path'),
      },
      run: () =>
        Promise.reject(new Failure('not-found', 'ROUTE_NOT_FOUND', 'No route has this path')),
    }),
  });
}
