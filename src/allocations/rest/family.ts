import { Failure, type FailureReason } from '../../kernel/failure.js';
import type { Credentials, Family, HttpAnswer, HttpRequest } from '../../rpc/http.js';
import type { PlacementRequest } from './answers.js';
import { faultToHttp, HttpRefusal, requestIdOf, unauthenticatedToHttp } from './faults.js';
import {
  type Minor,
  minorFrom,
  namesPlacement,
  printMinor,
  VERSION_HEADER,
  VersionRefused,
} from './microversion.js';

/** The path by which the route table knows the root document; `/` itself is another API's. */
export const ROOT_PATH = '/placement';

/** The paths of the API, as they begin at the root and below the prefix. */
const OURS =
  /^\/(allocations|resource_providers|resource_classes|usages|traits|allocation_candidates|reshaper)(\/|$)/;

/** Ours at the root, whatever the prefix is: the route table knows these paths, too. */
const KNOWN = new RegExp(`${OURS.source}|^${ROOT_PATH}(/|$)`);

/** What the family of one server works with. */
export interface PlacementFamilyOptions {
  /** Path below which the API lives besides the root, for instance `/placement`. */
  readonly prefix: string;
  /** Told to callers without a token. */
  readonly authUrl: string;
  /** Returns when the caller may be answered at all; throws the 401. */
  authenticate(credentials: Credentials): unknown;
}

/** What a handler demands of every request (section 3.1, steps 5 and 6). */
export interface Demands {
  /** First microversion that has the handler; default 0. */
  readonly since?: Minor;
  /** What callers below it are answered; default 404. */
  readonly tooOld?: 404 | 405;
  /** Whether `Accept` is judged; default: on GET. */
  readonly judgesAccept?: boolean;
  /** Whether a body of type JSON is needed; default: on PUT and POST. */
  readonly takesBody?: boolean | ((minor: Minor) => boolean);
  /** The media type is judged before the version (aggregates). */
  readonly judgesMediaFirst?: boolean;
}

/** The Placement API as a family, and the checks that all its handlers share. */
export interface PlacementFamily extends Family {
  /**
   * Returns the request once it has passed the checks that come before the policy (section 3.1,
   * steps 2 to 6); throws the refusal.
   */
  enter(request: HttpRequest, demands: Demands): PlacementRequest;
  /** Returns a request that has been entered before. */
  again(request: HttpRequest): PlacementRequest;
  /** Returns an answer with the headers that every answer has. */
  signed(answer: HttpAnswer, request: HttpRequest): HttpAnswer;
  /** Returns the answer to a failure on a route with `code`s of its own. */
  faultWith(
    failure: Failure,
    request: HttpRequest,
    codes: Partial<Record<FailureReason, string>>,
  ): HttpAnswer;
}

/** Returns the family of one server. */
export function createPlacementFamily(options: PlacementFamilyOptions): PlacementFamily {
  const { prefix } = options;
  const isBelow = (path: string) => path === prefix || path.startsWith(`${prefix}/`);
  const again = (request: HttpRequest): PlacementRequest => ({
    ...request,
    minor: minorFrom(request.headers),
    mount: isBelow(request.path) ? prefix : '',
  });
  const family: PlacementFamily = {
    name: 'allocations',
    ignoresTrailingSlash: false,
    owns: (path, headers) =>
      isBelow(path) || KNOWN.test(path) || (path === '/' && namesPlacement(headers)),
    routePath(path) {
      const own = isBelow(path) ? path.slice(prefix.length) : path;
      if (own === '' || own === '/') return ROOT_PATH;
      return OURS.test(own) ? own : undefined;
    },
    fault: (failure, request) => family.faultWith(failure, request, {}),
    async unmatched(request, allowed, credentials) {
      const isRoot = family.routePath?.(request.path, request.headers) === ROOT_PATH;
      if (!isRoot) await options.authenticate(credentials);
      minorFrom(request.headers);
      refuseUntypedBody(request);
      if (allowed.length === 0) throw new HttpRefusal(404, '');
      throw new HttpRefusal(
        405,
        'The method specified is not allowed for this resource.',
        allowHeader(allowed),
      );
    },
    enter(request, demands) {
      const placed = again(request);
      refuseUntypedBody(request);
      if (demands.judgesMediaFirst === true) judgeMedia(placed, demands);
      judgeVersion(placed, demands);
      if (demands.judgesMediaFirst !== true) judgeMedia(placed, demands);
      return placed;
    },
    again,
    signed: (answer, request) => ({
      ...answer,
      headers: { ...commonHeaders(request, minorOf(request)), ...answer.headers },
    }),
    faultWith(failure, request, codes) {
      const minor = minorOf(request);
      const answer =
        failure.kind === 'unauthenticated'
          ? unauthenticatedToHttp(failure, options.authUrl)
          : faultToHttp(failure, request, minor, codes);
      const known = failure.kind === 'unauthenticated' ? undefined : minor;
      return { ...answer, headers: { ...commonHeaders(request, known), ...answer.headers } };
    },
  };
  return family;
}

function allowHeader(allowed: readonly string[]): Readonly<Record<'allow', string>> {
  return { allow: allowed.join(', ') };
}

/** Undefined when the header names no version that is served. */
function minorOf(request: HttpRequest): Minor | undefined {
  try {
    return minorFrom(request.headers);
  } catch (error) {
    if (error instanceof VersionRefused) return undefined;
    throw error;
  }
}

function commonHeaders(
  request: HttpRequest,
  minor: Minor | undefined,
): Readonly<Record<string, string>> {
  const id = { 'x-openstack-request-id': requestIdOf(request) };
  if (minor === undefined) return id;
  return {
    [VERSION_HEADER]: `placement ${printMinor(minor)}`,
    vary: VERSION_HEADER,
    ...id,
  };
}

/** Judged even on unknown routes (section 3.1, step 3). */
function refuseUntypedBody({ body, contentType }: HttpRequest): void {
  if (body.length > 0 && contentType === '')
    throw new Failure(
      'invalid',
      'INVALID_REQUEST',
      'content-type header required when content-length > 0',
    );
}

function judgeVersion({ minor }: PlacementRequest, { since = 0, tooOld = 404 }: Demands): void {
  if (minor < since) throw new HttpRefusal(tooOld, '');
}

function judgeMedia(request: PlacementRequest, demands: Demands): void {
  const { method, contentType, headers, minor } = request;
  if (demands.judgesAccept ?? method === 'GET') {
    if (!takesJson(headers['accept']))
      throw new HttpRefusal(406, 'Only application/json is provided');
  }
  const takesBody = demands.takesBody ?? (method === 'PUT' || method === 'POST');
  if (!(typeof takesBody === 'function' ? takesBody(minor) : takesBody)) return;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return;
  const shown = type === '' ? 'None' : type;
  throw new HttpRefusal(
    415,
    `The media type ${shown} is not supported, use application/json`,
    {},
    shown,
  );
}

/** Whether an `Accept` header takes JSON; one that is absent or empty takes everything. */
function takesJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const isRefused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return !isRefused && ['*/*', 'application/*', 'application/json'].includes(type);
  });
}
