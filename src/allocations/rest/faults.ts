import { createHash } from 'node:crypto';
import { Failure, type FailureKind, type FailureReason } from '../../kernel/failure.js';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { writeJson } from '../../rpc/json.js';
import { PLACEMENT_JSON } from './answers.js';
import { HIGHEST_MINOR, type Minor, printMinor, VersionRefused } from './microversion.js';

/** A refusal that only HTTP knows: its status cannot be told from the kind of a failure. */
export class HttpRefusal extends Failure {
  constructor(
    readonly status: 404 | 405 | 406 | 415,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** Word behind "request media type" in the first line of a 415. */
    readonly mediaType = '',
  ) {
    super('invalid', 'INVALID_REQUEST', message);
  }
}

/** The value of `code` where nothing more is known (section 3.5). */
const UNDEFINED_CODE = 'placement.undefined_code';

/** What `code` says of failures, unless the route says otherwise (section 3.5). */
const CODES: Partial<Record<FailureReason, string>> = {
  GENERATION_CONFLICT: 'placement.concurrent_update',
  CONFLICTING_WRITES: 'placement.concurrent_update',
  INVENTORY_IN_USE: 'placement.inventory.inuse',
  PROVIDER_IN_USE: 'placement.resource_provider.inuse',
  PROVIDER_HAS_CHILDREN: 'placement.resource_provider.cannot_delete_parent',
};

const STATUSES: Readonly<Record<FailureKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'already-exists': 409,
  'wrong-state': 409,
  'over-limit': 409,
  'conflicting-writes': 409,
  'too-large': 413,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
  'deadline-exceeded': 504,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The first line of `detail`, blanks at its end included. */
const EXPLANATIONS: Readonly<Record<number, string>> = {
  400: 'The server could not comply with the request since it is either malformed or otherwise incorrect. ',
  403: 'Access was denied to this resource.',
  404: 'The resource could not be found.',
  406: 'The resource could not be generated that was acceptable to your browser (content of type application/json. ',
  409: 'There was a conflict when trying to complete your request.',
  413: 'The body of your request was too large for this server.',
  500: 'The server has either erred or is incapable of performing the requested operation. ',
  503: 'The server is currently unavailable. Please try again at a later time. ',
  504: 'The gateway has timed out. ',
};

/** The failure in the words of section 3.5. */
interface Fault {
  readonly status: number;
  readonly title: string;
  readonly explanation: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns the documented answer to a failure, in the form the caller accepts.
 *
 * @param minor - undefined when no valid version was negotiated; then there is no `code`.
 * @param codes - what `code` says on this route, by reason.
 */
export function faultToHttp(
  failure: Failure,
  request: HttpRequest,
  minor: Minor | undefined,
  codes: Partial<Record<FailureReason, string>> = {},
): HttpAnswer {
  const fault = faultFrom(failure, request);
  switch (renderingFor(request.headers['accept'])) {
    case 'json':
      return jsonFault(fault, failure, request, minor, { ...CODES, ...codes }[failure.reason]);
    case 'html':
      return {
        status: fault.status,
        headers: fault.headers,
        contentType: 'text/html; charset=UTF-8',
        body: htmlOf(fault),
      };
    case 'text':
      return {
        status: fault.status,
        headers: fault.headers,
        contentType: 'text/plain; charset=UTF-8',
        body: `${fault.status} ${fault.title}\n\n${fault.explanation.trim()}\n\n${fault.message}\n\n`,
      };
  }
}

/**
 * Returns the answer to a call without a usable token: it comes from what stands before the API and
 * has not its shape (section 3.2).
 */
export function unauthenticatedToHttp(failure: Failure, authUrl: string): HttpAnswer {
  return {
    status: 401,
    headers: { 'www-authenticate': `Keystone uri="${authUrl}"` },
    contentType: 'application/json',
    body: writeJson(
      { message: failure.message, code: '401 Unauthorized', title: 'Unauthorized' },
      PLACEMENT_JSON,
    ),
  };
}

/** Returns the id under which the answer names the request: `req-` and a uuid (section 3.6). */
export function requestIdOf({ requestId }: HttpRequest): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId)) return `req-${requestId}`;
  // The caller chose an id that is no uuid. The log has it; the answer one that follows from it.
  const hash = createHash('sha256').update(requestId).digest('hex');
  const [a, b, c, d] = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    hash.slice(13, 16),
    hash.slice(17, 20),
  ];
  return `req-${a}-${b}-4${c}-8${d}-${hash.slice(20, 32)}`;
}

function faultFrom(failure: Failure, request: HttpRequest): Fault {
  const status = statusOf(failure);
  return {
    status,
    title: TITLES[status] ?? 'Error',
    explanation: explanationOf(failure, status, request),
    message: oneLine(messageOf(failure)),
    headers: {
      ...(failure instanceof HttpRefusal && failure.headers),
      ...((status === 503 || status === 504) && { 'retry-after': '1' }),
    },
  };
}

function statusOf(failure: Failure): number {
  if (failure instanceof HttpRefusal) return failure.status;
  if (failure instanceof VersionRefused) return failure.isVersion ? 406 : 400;
  return STATUSES[failure.kind];
}

function explanationOf(failure: Failure, status: number, request: HttpRequest): string {
  if (status === 405) return `The method ${request.method} is not allowed for this resource. `;
  if (status === 415) {
    const type = failure instanceof HttpRefusal ? failure.mediaType : '';
    return `The request media type ${type} is not supported by this server. `;
  }
  return EXPLANATIONS[status] ?? '';
}

function messageOf(failure: Failure): string {
  if (failure.kind === 'internal') return '';
  if (failure instanceof VersionRefused) return `Invalid microversion: ${failure.message}`;
  if (failure.reason === 'CONFLICTING_WRITES') return CONCURRENT_UPDATE;
  return failure.message;
}

/** What clients are told when the server lost against other writers until it gave up (section 6). */
const CONCURRENT_UPDATE =
  'Inventory and/or allocations changed while attempting to allocate: Another thread concurrently updated the data. Please retry your update';

/** Clients show the last line of `detail`; what looks like a tag is stripped (section 3.5). */
function oneLine(message: string): string {
  return message
    .replace(/[\r\n]+/g, ' ')
    .replace(/<[^>]*>/g, '')
    .trim();
}

/** Which rendering of an error an `Accept` header asks for. */
function renderingFor(accept: string | undefined): 'json' | 'html' | 'text' {
  const wanted = accept?.trim().toLowerCase() ?? '';
  if (wanted === '' || wanted === '*/*' || wanted.includes('application/json')) return 'json';
  if (wanted.includes('text/html')) return 'html';
  return wanted.includes('*/*') || wanted.includes('application/*') ? 'json' : 'text';
}

function jsonFault(
  fault: Fault,
  failure: Failure,
  request: HttpRequest,
  minor: Minor | undefined,
  code: string | undefined,
): HttpAnswer {
  const error = {
    status: BigInt(fault.status),
    title: fault.title,
    detail: `${fault.explanation}\n\n ${fault.message}  `,
    code: minor !== undefined && minor >= 23 ? (code ?? UNDEFINED_CODE) : undefined,
    request_id: requestIdOf(request),
    ...(failure instanceof VersionRefused &&
      failure.isVersion && {
        max_version: printMinor(HIGHEST_MINOR),
        min_version: printMinor(0),
      }),
  };
  return {
    status: fault.status,
    headers: fault.headers,
    contentType: 'application/json',
    body: writeJson({ errors: [error] }, PLACEMENT_JSON),
  };
}

function htmlOf({ status, title, explanation, message }: Fault): string {
  const heading = `${status} ${title}`;
  return (
    `<html>\n <head>\n  <title>${heading}</title>\n </head>\n <body>\n  <h1>${heading}</h1>\n` +
    `  ${escaped(explanation)}<br /><br />\n${escaped(message)}\n\n\n </body>\n</html>`
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
