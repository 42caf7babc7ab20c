import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { type JsonStyle, type Writable, writeJson } from '../../rpc/json.js';
import type { Minor } from './microversion.js';

/** How the Placement API prints JSON. */
export const PLACEMENT_JSON: JsonStyle = { ascii: true, spaced: true };

/** A request that has passed the checks every request goes through (section 3.1, steps 1 to 6). */
export interface PlacementRequest extends HttpRequest {
  /** The negotiated microversion 1.`minor`. */
  readonly minor: Minor;
  /** The prefix below which the request came in, which links continue; empty at the root. */
  readonly mount: string;
}

/**
 * What `Last-Modified` says from 1.15 on: the newest time of what is shown, the present, nothing
 * beside `Cache-Control`, or no cache headers at all (section 3.6).
 */
export type Freshness = Date | 'now' | 'undated' | 'none';

/** Returns an answer with a JSON body. */
export function jsonAnswer(
  request: PlacementRequest,
  body: Writable,
  freshness: Freshness,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): HttpAnswer {
  return writtenAnswer(request, writeJson(body, PLACEMENT_JSON), freshness, options);
}

/** Returns an answer whose JSON has been written already, at once or in pieces. */
export function writtenAnswer(
  request: PlacementRequest,
  body: HttpAnswer['body'],
  freshness: Freshness,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): HttpAnswer {
  return {
    status: options.status ?? 200,
    headers: { ...cacheHeaders(request, freshness), ...options.headers },
    contentType: 'application/json',
    body,
  };
}

/** Returns an answer without a body, and so without a content type. */
export function emptyAnswer(
  request: PlacementRequest,
  status: number,
  options: {
    readonly freshness?: Freshness;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): HttpAnswer {
  return {
    status,
    headers: { ...cacheHeaders(request, options.freshness ?? 'none'), ...options.headers },
    contentType: '',
    body: '',
  };
}

/** Returns the reference to a path of this API as `links` have it: without a host. */
export function hrefOf(request: PlacementRequest, path: string): string {
  return `${request.mount}${path}`;
}

/** Returns the `Location` of a path of this API: absolute. */
export function locationOf(
  request: PlacementRequest,
  path: string,
): Readonly<Record<'location', string>> {
  return { location: `${request.origin}${request.mount}${path}` };
}

/** Returns the newest of some times, or undefined when there is none. */
export function newestOf(times: Iterable<Date>): Date | undefined {
  let newest: Date | undefined;
  for (const time of times) if (newest === undefined || time > newest) newest = time;
  return newest;
}

function cacheHeaders(
  { minor }: PlacementRequest,
  freshness: Freshness,
): Readonly<Record<string, string>> {
  if (minor < 15 || freshness === 'none') return {};
  const cache = { 'cache-control': 'no-cache' };
  if (freshness === 'undated') return cache;
  const time = freshness === 'now' ? new Date() : freshness;
  return { 'last-modified': time.toUTCString(), ...cache };
}
