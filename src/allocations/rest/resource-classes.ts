import type { HttpAnswer } from '../../rpc/http.js';
import type { Writable } from '../../rpc/json.js';
import { CUSTOM_PATTERN, LONGEST_NAME } from '../domain/resource-class.js';
import type {
  EnsureClassCommand,
  EnsuredClass,
  ResourceClass,
  ResourceClassList,
} from '../service/resource-classes.js';
import {
  emptyAnswer,
  hrefOf,
  jsonAnswer,
  locationOf,
  newestOf,
  type PlacementRequest,
} from './answers.js';
import { judge, objectBodyOf } from './input.js';
import type { Minor } from './microversion.js';
import type { Schema } from './schema.js';

const CUSTOM_NAME: Schema = { type: 'string', pattern: CUSTOM_PATTERN, maxLength: LONGEST_NAME };

const BODY = {
  type: 'object',
  properties: { name: CUSTOM_NAME },
  required: ['name'],
} as const satisfies Schema;

/** Below it `PUT` renames a class; from it on it adds one and takes no body (section 13.1). */
const IDEMPOTENT_PUT: Minor = 7;

/** Whether `PUT` takes a body at a microversion. */
export function renamesByPut(minor: Minor): boolean {
  return minor < IDEMPOTENT_PUT;
}

/** Returns the name in the path. */
export function nameFromPath({ parameters: [name = ''] }: PlacementRequest): string {
  return name;
}

/** Returns the name in the body of `POST /resource_classes`. */
export function createClassFromHttp(request: PlacementRequest): string {
  return objectBodyOf(request, BODY)['name'] as string;
}

/** Returns the command of `PUT /resource_classes/{name}`. */
export function ensureClassFromHttp(request: PlacementRequest): EnsureClassCommand {
  const name = nameFromPath(request);
  if (renamesByPut(request.minor)) return { name, newName: createClassFromHttp(request) };
  judge(CUSTOM_NAME, name);
  return { name, newName: undefined };
}

/** Returns the answer to `GET /resource_classes`. */
export function classesToHttp(
  { classes }: ResourceClassList,
  request: PlacementRequest,
): HttpAnswer {
  const body = { resource_classes: classes.map(({ name }) => representation(request, name)) };
  const newest = newestOf(classes.map(({ updatedAt }) => updatedAt));
  return jsonAnswer(request, body, newest ?? 'now');
}

/** Returns the answer to `GET /resource_classes/{name}`. */
export function classToHttp(
  { name, updatedAt }: ResourceClass,
  request: PlacementRequest,
): HttpAnswer {
  return jsonAnswer(request, representation(request, name), updatedAt);
}

/** Returns the answer to `POST /resource_classes`. */
export function createdClassToHttp(name: string, request: PlacementRequest): HttpAnswer {
  return emptyAnswer(request, 201, { headers: locationOf(request, pathOf(name)) });
}

/** Returns the answer to `PUT /resource_classes/{name}`. */
export function ensuredClassToHttp(
  { name, created }: EnsuredClass,
  request: PlacementRequest,
): HttpAnswer {
  if (renamesByPut(request.minor))
    return jsonAnswer(request, representation(request, name), 'none');
  return emptyAnswer(request, created ? 201 : 204, { headers: locationOf(request, pathOf(name)) });
}

function representation(request: PlacementRequest, name: string): Writable {
  return { name, links: [{ rel: 'self', href: hrefOf(request, pathOf(name)) }] };
}

function pathOf(name: string): string {
  return `/resource_classes/${name}`;
}
