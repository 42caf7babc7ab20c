import { type Failure, invalid } from '../kernel/failure.js';

/** Request headers by lower-case name; several values of one name are joined with a comma. */
export type HttpHeaders = Readonly<Record<string, string | undefined>>;

/** A REST request as the caller sent it. */
export interface HttpRequest {
  /** Upper-case, for instance `GET`. */
  readonly method: string;
  /** Path and query exactly as sent. */
  readonly target: string;
  /** The path exactly as sent, percent-encoding included. */
  readonly path: string;
  /** What stood in the variable places of the matched template, percent-decoded, in their order. */
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: HttpHeaders;
  /** As sent, empty when absent. */
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Scheme and authority by which the caller reached the edge, for instance `http://host:8080`. */
  readonly origin: string;
  /** Names the call in logs and, where a document has it, in the answer. */
  readonly requestId: string;
}

/** The tokens a call carries, as sent. */
export interface Credentials {
  /** Value of `x-auth-token`. */
  readonly authToken: string | undefined;
  /** Scheme and rest of `authorization`. */
  readonly authorization: string | undefined;
  /** All headers or metadata, for families with test modes that read further ones. */
  header(name: string): string | undefined;
}

/** A documented answer. Large bodies come in pieces, which are put on the wire as one. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string | readonly Uint8Array[];
}

/** One of the documented APIs, or Apportion's own paths: how it fails, and what it owns. */
export interface Family {
  /** Appears in logs and `envoy/routes.md`. */
  readonly name: string;
  /** Whether `/path/` means `/path`. */
  readonly ignoresTrailingSlash: boolean;
  /** Whether a path that no route takes belongs to this family. */
  owns(path: string, headers: HttpHeaders): boolean;
  /**
   * Returns the path by which the route table knows a path of this family, which may also live below
   * a prefix that only the running server knows; undefined when no route is meant. Absent: the path
   * itself.
   */
  routePath?(path: string, headers: HttpHeaders): string | undefined;
  /** Returns the documented answer to a failure; INTERNAL must not show the message. */
  fault(failure: Failure, request: HttpRequest): HttpAnswer;
  /**
   * Returns the documented answer to a path that no route takes with this method.
   *
   * @param allowed - the methods the path has, ascending; none when the path is unknown.
   * @param credentials - for families that judge the caller before the path.
   */
  unmatched(
    request: HttpRequest,
    allowed: readonly string[],
    credentials: Credentials,
  ): HttpAnswer | Promise<HttpAnswer>;
}

/** Returns the last value of a query parameter; empty when present without one. */
export function lastOf(query: URLSearchParams, name: string): string | undefined {
  return query.getAll(name).at(-1);
}

/** Metadata by which `edge.lua` names a header that gRPC does not carry: it was not printable ASCII. */
const UNREADABLE_HEADER = 'x-rest-unreadable';

/**
 * Returns the value of a header that must not be ignored, or undefined when it was not sent.
 *
 * Throws INVALID_REQUEST when it was sent and could not be read.
 */
export function requireReadable(headers: HttpHeaders, name: string): string | undefined {
  if (headers[UNREADABLE_HEADER] === name)
    throw invalid(`The header '${name}' contains other characters than printable ASCII`);
  return headers[name];
}
