import { randomUUID } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { type JsonStyle, type Writable, writeJson } from '../../rpc/json.js';

/** How this family prints JSON: UTF-8 as it is, a space behind commas and colons. */
export const IMAGES_JSON: JsonStyle = { ascii: false, spaced: true };

/** Below this path every answer to an authenticated caller names its request. */
const IDENTIFIED_PATHS = /^\/v2(\/|$)/;

/** Longest request id that is taken over from a client (section 11). */
const LONGEST_REQUEST_ID = 64;

/** Returns an answer with a JSON body. */
export function jsonAnswer(
  status: number,
  body: Writable,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status, headers, contentType: 'application/json', body: writeJson(body, IMAGES_JSON) };
}

/** Returns the answer to a deletion: nothing. */
export function emptyAnswer(): HttpAnswer {
  return { status: 204, headers: {}, contentType: 'application/json', body: '' };
}

/** Returns a moment as this family prints it: UTC, whole seconds (section 3.2). */
export function imagesTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Returns an answer with the id by which clients name the request. */
export function identified(answer: HttpAnswer, request: HttpRequest): HttpAnswer {
  if (!IDENTIFIED_PATHS.test(request.path)) return answer;
  const headers = { ...answer.headers, 'x-openstack-request-id': requestIdOf(request) };
  return { ...answer, headers };
}

/** The client's own id when it may be taken over, else the one that the log knows the call by. */
function requestIdOf({ headers, requestId }: HttpRequest): string {
  const sent = headers['x-openstack-request-id'];
  if (sent !== undefined && sent !== '' && sent.length <= LONGEST_REQUEST_ID)
    return sent.startsWith('req-') ? sent : `req-${sent}`;
  return `req-${UUID.test(requestId) ? requestId : randomUUID()}`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
