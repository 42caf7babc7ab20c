import { type Failure, invalid } from '../../kernel/failure.js';
import { type Parsed, unparsed } from '../../kernel/parsed.js';
import type { Family, HttpAnswer, HttpRequest } from '../../rpc/http.js';
import {
  isObject,
  type JsonFault,
  type JsonObject,
  type JsonStyle,
  readJson,
  type Writable,
  writeJson,
} from '../../rpc/json.js';

/**
 * How Astakos prints JSON: its clients decode answers as ASCII (quota specification, section 3,
 * item 9), and its serializer puts a space behind commas and colons.
 */
export const ASTAKOS_JSON: JsonStyle = { ascii: true, spaced: true };

/** Sent with everything, empty bodies included (section 2.5). */
export const ASTAKOS_CONTENT_TYPE = 'application/json; charset=UTF-8';

const HEADERS = {
  vary: 'X-Auth-Token',
  'cache-control': 'no-cache, no-store, must-revalidate, max-age=0',
};

/** Section 2.4, and the conflict of the projects API. */
const FAULTS: Readonly<Record<Failure['kind'], readonly [status: number, name: string]>> = {
  invalid: [400, 'badRequest'],
  unauthenticated: [401, 'unauthorized'],
  forbidden: [403, 'forbidden'],
  'not-found': [404, 'itemNotFound'],
  'method-not-allowed': [405, 'notAllowed'],
  'already-exists': [409, 'conflict'],
  'wrong-state': [409, 'conflict'],
  'conflicting-writes': [503, 'serviceUnavailable'],
  'over-limit': [413, 'overLimit'],
  'too-large': [413, 'overLimit'],
  overloaded: [503, 'serviceUnavailable'],
  'deadline-exceeded': [503, 'serviceUnavailable'],
  unavailable: [503, 'serviceUnavailable'],
  internal: [500, 'internalServerError'],
};

/** How long a client that was told to come back should wait, in seconds. */
const RETRY_AFTER = '1';

/** The quota, projects and identity APIs: one shape of faults and headers. */
export const astakos: Family = {
  name: 'astakos',
  ignoresTrailingSlash: true,
  owns: (path) => /^\/(account|identity)(\/|$)/.test(path),
  fault: (failure) => astakosFault(failure),
  unmatched: (_request, allowed) =>
    allowed.length === 0
      ? fault(400, 'badRequest', 'API endpoint not found')
      : fault(405, 'notAllowed', 'Method not allowed', { allow: allowed.join(',') }),
};

/** Returns the framework fault of a failure: code, message and empty details. */
export function astakosFault(failure: Failure): HttpAnswer {
  const [status, name] = FAULTS[failure.kind];
  const message = failure.kind === 'internal' ? 'Unexpected error' : failure.message;
  return fault(status, name, message, status === 503 ? { 'retry-after': RETRY_AFTER } : {});
}

/** Returns the documented status and fault name of a failure, for other shapes of its body. */
export function astakosFaultName(failure: Failure): readonly [status: number, name: string] {
  return FAULTS[failure.kind];
}

/** Returns an answer with a JSON body. */
export function astakosAnswer(
  status: number,
  body: Writable,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return astakosText(status, writeJson(body, ASTAKOS_JSON), headers);
}

/** Returns an answer without a body, still called JSON as upstream does. */
export function astakosEmpty(status: number): HttpAnswer {
  return astakosText(status, '');
}

/** Returns an answer whose JSON has been written already, at once or in pieces. */
export function astakosText(
  status: number,
  body: HttpAnswer['body'],
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    headers: { ...HEADERS, ...headers },
    contentType: ASTAKOS_CONTENT_TYPE,
    body,
  };
}

/**
 * Returns the JSON object of a request's body (section 2.3).
 *
 * @param notAnObject - the operation's wording for JSON of another kind.
 */
export function astakosBody(
  request: HttpRequest,
  notAnObject = 'Request should be a JSON dict',
): Parsed<JsonObject> {
  if (request.contentType === '') return unparsed(invalid('Missing Content-Type header field'));
  if (!/^application\/json *(;|$)/i.test(request.contentType))
    return unparsed(invalid(`Unsupported Content-type: '${request.contentType}'`));
  const json = readJson(request.body, (problem) => invalid(WORDING[problem]));
  if (!json.ok) return json;
  if (!isObject(json.value)) return unparsed(invalid(notAnObject));
  return { ok: true, value: json.value };
}

const WORDING: Readonly<Record<JsonFault, string>> = {
  'not-utf8': 'Could not decode request as UTF-8 string',
  'not-json': 'Could not decode request body as JSON',
  'too-deep': 'Could not decode request body as JSON',
};

function fault(
  status: number,
  name: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return astakosAnswer(status, { [name]: { code: status, message, details: '' } }, headers);
}
