/** What the services of the fake cloud read and answer. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from './world.js';

/** The four services. */
export type FakeService = 'keystone' | 'nova' | 'cinder' | 'neutron';

/** A request, as its service sees it: below the service's root, decoded as WSGI does. */
export interface FakeRequest {
  readonly service: FakeService;
  readonly method: string;
  /** Begins with the version, such as `/v2.1/servers/42`; `%2F` has become a slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The parsed body; undefined when there was none or it was no JSON. */
  readonly body: unknown;
  /** Whose token came along; undefined for none, an unknown or an expired one. */
  readonly access: Access | undefined;
}

/** An answer; a text body is sent as HTML. */
export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One entry of a service's table; the groups of the pattern reach `answer` as `ids`. */
export interface FakeRoute {
  readonly method: string;
  readonly pattern: RegExp;
  readonly answer: (request: FakeRequest, ...ids: string[]) => FakeAnswer;
}

/** Returns the answer of the first route that fits. */
export function answerBy(routes: readonly FakeRoute[], request: FakeRequest): FakeAnswer {
  for (const { method, pattern, answer } of routes) {
    const match = method === request.method ? pattern.exec(request.path) : null;
    if (match !== null) return answer(request, ...match.slice(1));
  }
  // Errata, `error shapes`: what no route takes, such as an empty server id, is a page.
  return { status: 404, body: '<html><head><title>404 Not Found</title></head></html>' };
}

/** Returns a fault of Nova or Cinder (errata, `error shapes`). */
export function fault(status: 400 | 403 | 404 | 409 | 500, message: string): FakeAnswer {
  const key = {
    400: 'badRequest',
    403: 'forbidden',
    404: 'itemNotFound',
    409: 'conflictingRequest',
    500: 'computeFault',
  }[status];
  return { status, body: { [key]: { code: status, message } } };
}

/** Returns a fault of Neutron (errata, `error shapes`). */
export function neutronFault(status: number, type: string, message: string): FakeAnswer {
  return { status, body: { NeutronError: { type, message, detail: '' } } };
}

/** Returns a fault of Keystone, which every service's 401 has too (errata, `error shapes`). */
export function keystoneFault(status: number, title: string, message: string): FakeAnswer {
  return { status, body: { error: { code: status, title, message } } };
}

/** Returns what all services answer without a good token. */
export function unauthorized(): FakeAnswer {
  const message = 'The request you have made requires authentication.';
  return keystoneFault(401, 'Unauthorized', message);
}

/** Returns a member of a body that should be an object, or undefined when it is none. */
export function objectAt(body: unknown, key: string): Record<string, unknown> | undefined {
  if (!isObject(body)) return undefined;
  const value = body[key];
  return isObject(value) ? value : undefined;
}

/** Returns the text at a key of a body, or '' when there is none. */
export function textAt(body: Record<string, unknown> | undefined, key: string): string {
  const value = body?.[key];
  return typeof value === 'string' ? value : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The most that any service stores (errata, `number forms`). */
export const LARGEST = 2_147_483_647;
