import { Failure } from '../../kernel/failure.js';
import type { ScopedPrincipal } from '../../kernel/principal.js';
import type { Family, HttpAnswer, HttpRequest } from '../../rpc/http.js';
import type { Caller } from '../../rpc/route.js';
import { faultAnswer } from './faults.js';
import { isUtf8Target, notUtf8 } from './requests.js';
import { versionsAnswer } from './versions.js';

/** What the family needs to answer paths that no route takes. */
export interface FamilyOptions {
  /** Knows callers: below `/v2` a missing token is told before a wrong path or method. */
  readonly caller: Caller<ScopedPrincipal>;
  /** Where tokens come from; undefined when there is no such service. */
  readonly identityUrl: string | undefined;
  /** Base URL of links, without a trailing slash; undefined: what the request says. */
  readonly publicUrl: string | undefined;
}

/** The media types of a patch, as a refused one is told. */
export const PATCH_TYPES = [
  'application/openstack-images-v2.1-json-patch',
  'application/openstack-images-v2.0-json-patch',
] as const;

const STATUSES: Readonly<Record<Failure['kind'], number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'already-exists': 409,
  'wrong-state': 409,
  'conflicting-writes': 503,
  'over-limit': 413,
  'too-large': 413,
  overloaded: 503,
  'deadline-exceeded': 503,
  unavailable: 503,
  internal: 500,
};

/** Failures whose documented status is not that of their kind. */
const STATUS_OF_REASON: Readonly<Partial<Record<Failure['reason'], number>>> = {
  IMAGE_NOT_SHAREABLE: 403,
  IMAGE_PROTECTED: 403,
  UNSUPPORTED_MEDIA_TYPE: 415,
};

const UNAUTHORIZED =
  'This server could not verify that you are authorized to access the document you requested. ' +
  'Either you supplied the wrong credentials (e.g., bad password), or your browser does not ' +
  'understand how to supply the credentials required.';

/** The order in which methods are listed where a path has others than the one used. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Returns the Image API: `/`, the versions, and everything below `/v2`. */
export function createFamily(options: FamilyOptions): Family {
  return {
    name: 'images',
    ignoresTrailingSlash: false,
    owns: (path) => path === '/' || path.startsWith('/v'),
    fault: (failure, request) => faultOf(failure, request, options),
    async unmatched(request, allowed, credentials) {
      if (request.path === '/versions') return wrongMethod(request, allowed);
      if (!/^\/v2(\/|$)/.test(request.path)) return versionsAnswer(300, request, options.publicUrl);
      await options.caller.authenticate(credentials);
      if (!isUtf8Target(request)) throw notUtf8();
      if (allowed.length > 0) return wrongMethod(request, allowed);
      throw new Failure('not-found', 'ROUTE_NOT_FOUND', 'The resource could not be found.');
    },
  };
}

function faultOf(failure: Failure, request: HttpRequest, options: FamilyOptions): HttpAnswer {
  const status = STATUS_OF_REASON[failure.reason] ?? STATUSES[failure.kind];
  switch (status) {
    case 401:
      return faultAnswer(request, {
        status,
        explanation: UNAUTHORIZED,
        headers:
          options.identityUrl === undefined
            ? {}
            : { 'www-authenticate': `Keystone uri="${options.identityUrl}"` },
      });
    case 415:
      return faultAnswer(request, {
        status,
        explanation: failure.message,
        headers: { 'accept-patch': PATCH_TYPES.join(', ') },
      });
    case 500:
      return faultAnswer(request, {
        status,
        explanation:
          'The server has either erred or is incapable of performing the requested operation.',
      });
    default:
      return faultAnswer(request, { status, explanation: failure.message });
  }
}

function wrongMethod(request: HttpRequest, allowed: readonly string[]): HttpAnswer {
  const allow = METHODS.filter((method) => allowed.includes(method)).join(', ');
  return faultAnswer(request, {
    status: 405,
    explanation: `The method ${request.method} is not allowed for this resource.`,
    headers: { allow },
  });
}
