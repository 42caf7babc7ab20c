import { Failure, invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { isArray, isObject, type JsonObject, type JsonValue, member } from '../../rpc/json.js';
import { IMAGE_PROPERTY_BY_NAME, isReserved } from '../domain/image-properties.js';
import type { ImageLimits } from '../domain/limits.js';
import type { PatchOperation } from '../domain/patch.js';
import { fitValue } from '../domain/property-values.js';
import type { UpdateImageCommand } from '../service/images.js';
import { PATCH_TYPES } from './family.js';
import { faultAnswer } from './faults.js';
import { bodyFrom, givenValue } from './requests.js';

const OPERATIONS = ['add', 'replace', 'remove'] as const;

type Op = (typeof OPERATIONS)[number];

/** Returns the command of `PATCH /v2/images/<id>` (section 8.5). */
export function updateFromHttp(request: HttpRequest, limits: ImageLimits): UpdateImageCommand {
  return { imageId: request.parameters[0] ?? '', operations: operationsFrom(request, limits) };
}

function operationsFrom(
  request: HttpRequest,
  limits: ImageLimits,
): Parsed<readonly PatchOperation[]> {
  return attempt(() => {
    const type = request.contentType.split(';')[0]?.trim().toLowerCase() ?? '';
    const [newer, older] = PATCH_TYPES;
    if (type !== newer && type !== older) throw unsupported(request.contentType);
    const body = unwrap(bodyFrom(request));
    if (!isArray(body)) throw invalid('Request body must be a JSON array of operation objects.');
    return body.map((element) => {
      if (!isObject(element)) throw invalid('Operations must be JSON objects.');
      return type === newer ? newerOperation(element, limits) : olderOperation(element, limits);
    });
  });
}

/** `{"op": "replace", "path": "/name", "value": "x"}`. */
function newerOperation(element: JsonObject, limits: ImageLimits): PatchOperation {
  const op = OPERATIONS.find((one) => one === member(element, 'op'));
  if (op === undefined)
    throw invalid(`Operations must have an 'op' that is one of ${OPERATIONS.join(', ')}.`);
  return operation(op, member(element, 'path'), member(element, 'value'), limits);
}

/** `{"replace": "/name", "value": "x"}`; adding what is there already is refused. */
function olderOperation(element: JsonObject, limits: ImageLimits): PatchOperation {
  const [op, more] = OPERATIONS.filter((one) => member(element, one) !== undefined);
  if (op === undefined || more !== undefined)
    throw invalid(`Operations must have exactly one member of ${OPERATIONS.join(', ')}.`);
  const change = operation(op, member(element, op), member(element, 'value'), limits);
  return change.op === 'remove' ? change : { ...change, refusesExisting: true };
}

function operation(
  op: Op,
  path: JsonValue | undefined,
  value: JsonValue | undefined,
  limits: ImageLimits,
): PatchOperation {
  const name = propertyNamed(path);
  if (op === 'remove') return { op, name };
  if (value === undefined) throw invalid(`Operation "${op}" requires a member named "value".`);
  // What nobody may set is refused later, and its value never looked at.
  const isFixed = isReserved(name) || IMAGE_PROPERTY_BY_NAME.get(name)?.set === 'at-creation';
  return { op, name, value: isFixed ? null : fitValue(name, givenValue(value), limits) };
}

/** Returns the property that a JSON pointer of one level names. */
function propertyNamed(path: JsonValue | undefined): string {
  if (typeof path !== 'string') throw invalid("Operations must have a 'path' that is a text.");
  const pointer = /^\/((?:[^/~]|~[01])+)$/u.exec(path)?.[1];
  if (pointer === undefined) throw invalid(`Invalid JSON pointer for this resource: '${path}'`);
  return pointer.replace(/~1/g, '/').replace(/~0/g, '~');
}

/** Returns the documented 403 of a patch: a general explanation, and what is wrong as its detail. */
export function patchFault(failure: Failure, request: HttpRequest): HttpAnswer | undefined {
  if (failure.kind !== 'forbidden') return undefined;
  const explanation = 'Access was denied to this resource.';
  return faultAnswer(request, { status: 403, explanation, detail: failure.message });
}

function unsupported(type: string): Failure {
  return new Failure(
    'invalid',
    'UNSUPPORTED_MEDIA_TYPE',
    `The media type ${type} is not supported, use one of these media types: ${PATCH_TYPES.join(', ')}`,
  );
}
