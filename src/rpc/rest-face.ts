import { Metadata } from '@grpc/grpc-js';
import type { HttpBody } from '../gen/google/api/httpbody.js';
import { Failure } from '../kernel/failure.js';
import { type Call, type Outcome, refuseIfTooLate } from './call.js';
import { familyOf } from './fallback.js';
import { internal, Undecodable } from './grpc-face.js';
import type { Family, HttpAnswer, HttpHeaders, HttpRequest } from './http.js';
import type { BoundMethod } from './route.js';
import type { PathMatch, RouteTable } from './route-table.js';

/** Metadata by which `edge.lua` marks REST calls and learns the status line. */
export const TARGET_HEADER = 'x-rest-target';
const METHOD_HEADER = 'x-rest-method';
const ORIGIN_HEADER = 'x-rest-origin';
const STATUS_HEADER = 'x-http-code';

/** What the REST face needs to know of all routes. */
export interface RestEdge {
  readonly table: RouteTable;
  readonly families: readonly Family[];
  readonly methodOf: (rpc: string) => BoundMethod | undefined;
}

/** A documented answer ready for the wire. */
export interface RestAnswer {
  readonly metadata: Metadata;
  readonly contentType: string;
  readonly body: readonly Uint8Array[];
}

/**
 * Runs the REST face of whatever route the method and target really mean; never throws.
 *
 * Envoy's choice of the RPC is not trusted: its lookup lets variables of one method take literal
 * paths of another. The path is judged before the caller, as the documents demand.
 */
export async function answerRest(
  edge: RestEdge,
  call: Call,
  metadata: Metadata,
  message: unknown,
): Promise<Outcome<RestAnswer>> {
  const request = requestFrom(call, metadata, message);
  const family = familyOf(edge.families, request.path, request.headers);
  try {
    refuseIfTooLate(call.context);
    return succeeded(request, await dispatch(edge, call, request, family));
  } catch (error) {
    const failure = error instanceof Failure ? error : internal(error);
    const outcome = succeeded(request, family.fault(failure, request));
    return failure.kind === 'internal' ? { ...outcome, bug: failure.cause ?? failure } : outcome;
  }
}

async function dispatch(
  edge: RestEdge,
  call: Call,
  request: HttpRequest,
  family: Family,
): Promise<HttpAnswer> {
  const path = family.routePath ? family.routePath(request.path, request.headers) : request.path;
  const match = path === undefined ? undefined : edge.table.find(path, family.ignoresTrailingSlash);
  if (match === undefined) return family.unmatched(request, [], call.credentials);
  const method = methodMeant(edge, match, request.method);
  if (method === undefined)
    return family.unmatched(request, allowedBy(edge, match), call.credentials);
  const placed = { ...request, parameters: match.parameters };
  return method.route.answerRest(placed, call.credentials, call.context);
}

function methodMeant(edge: RestEdge, match: PathMatch, verb: string): BoundMethod | undefined {
  const rpc = match.rpcs.get(verb);
  const method = rpc === undefined ? undefined : edge.methodOf(rpc);
  return method?.route.accepts(match.parameters) === true ? method : undefined;
}

function allowedBy(edge: RestEdge, match: PathMatch): readonly string[] {
  return [...match.rpcs.keys()]
    .filter((verb) => methodMeant(edge, match, verb) !== undefined)
    .sort();
}

function succeeded(request: HttpRequest, answer: HttpAnswer): Outcome<RestAnswer> {
  const metadata = new Metadata();
  metadata.set(STATUS_HEADER, String(answer.status));
  for (const [name, value] of Object.entries(answer.headers)) metadata.set(name, value);
  // A body behind the answer to HEAD would be read as the next answer of a kept-alive connection.
  const body = request.method === 'HEAD' ? [] : bytesOf(answer.body);
  return {
    value: { metadata, contentType: answer.contentType, body },
    label: String(answer.status),
  };
}

function bytesOf(body: HttpAnswer['body']): readonly Uint8Array[] {
  return typeof body === 'string' ? [Buffer.from(body)] : body;
}

function requestFrom(call: Call, metadata: Metadata, message: unknown): HttpRequest {
  const target = String(metadata.get(TARGET_HEADER)[0] ?? '/');
  const mark = target.indexOf('?');
  const rest = message instanceof Undecodable ? undefined : restOf(message);
  return {
    method: String(metadata.get(METHOD_HEADER)[0] ?? 'GET'),
    target,
    path: mark < 0 ? target : target.slice(0, mark),
    parameters: [],
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers: headersFrom(metadata),
    origin: String(metadata.get(ORIGIN_HEADER)[0] ?? ''),
    contentType: rest?.contentType ?? '',
    body: rest?.data ?? new Uint8Array(),
    requestId: call.requestId,
  };
}

function restOf(message: unknown): HttpBody | undefined {
  return (message as { rest?: HttpBody }).rest;
}

function headersFrom(metadata: Metadata): HttpHeaders {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(metadata.getMap())) {
    headers[name] = metadata.get(name).map(String).join(',');
  }
  return headers;
}

const REST_FIELD_TAG = [0xa2, 0x06]; // field 100, length-delimited
const CONTENT_TYPE_TAG = 0x0a;
const DATA_TAG = 0x12;

/**
 * Returns the response message that carries a documented answer, whatever the RPC.
 *
 * Written by hand because every response has the same `google.api.HttpBody rest = 100`, and
 * because the pieces of a large body are copied once this way instead of three times.
 */
export function restMessage(answer: RestAnswer): Buffer {
  const type = Buffer.from(answer.contentType);
  const length = answer.body.reduce((sum, piece) => sum + piece.length, 0);
  const head = Buffer.from([CONTENT_TYPE_TAG, ...varint(type.length), ...type]);
  const dataHead = length === 0 ? [] : [DATA_TAG, ...varint(length)];
  const inner = head.length + dataHead.length + length;
  const prefix = Buffer.from([...REST_FIELD_TAG, ...varint(inner)]);
  return Buffer.concat([prefix, head, Buffer.from(dataHead), ...answer.body]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
