import { RootServiceService } from '../../gen/apportion/allocations/v1/root_service.js';
import { ANONYMOUS, type AnonymousPrincipal } from '../../kernel/principal.js';
import { bindService, type BoundService, type Caller, route } from '../../rpc/route.js';
import { jsonAnswer } from '../rest/answers.js';
import { HIGHEST_MINOR, printMinor } from '../rest/microversion.js';
import type { EndpointDeps } from './endpoint.js';

const anyone: Caller<AnonymousPrincipal> = { name: 'anyone', authenticate: () => ANONYMOUS };

/** The one version there is (section 4). */
const VERSION = {
  id: 'v1.0',
  minVersion: printMinor(0),
  maxVersion: printMinor(HIGHEST_MINOR),
  status: 'CURRENT',
};

/** Returns the RPC of the root document, by which clients negotiate (section 4). */
export function rootRoutes({ family }: EndpointDeps): BoundService {
  return bindService(RootServiceService, {
    listVersions: route({
      caller: anyone,
      grpc: {
        decode: () => undefined,
        encode: () => ({ versions: [VERSION], rest: undefined }),
      },
      rest: {
        family,
        decode(request) {
          family.enter(request, { judgesAccept: false });
        },
        encode: (_result, request) => family.signed(documentFor(family.again(request)), request),
      },
      run: () => Promise.resolve(undefined),
    }),
  });
}

function documentFor(request: Parameters<typeof jsonAnswer>[0]) {
  const version = {
    id: VERSION.id,
    min_version: VERSION.minVersion,
    max_version: VERSION.maxVersion,
    status: VERSION.status,
    // Empty on purpose: relative to wherever the document was found.
    links: [{ rel: 'self', href: '' }],
  };
  return jsonAnswer(request, { versions: [version] }, 'now');
}
