import { invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { isObject, type Writable } from '../../rpc/json.js';
import type { Image } from '../domain/image.js';
import { IMAGE_PROPERTIES } from '../domain/image-properties.js';
import type { ImageLimits } from '../domain/limits.js';
import { type NewImage, newImageFrom } from '../domain/new-image.js';
import { imagesTime, jsonAnswer } from './answers.js';
import { bodyFrom, givenValue, refuseBody } from './requests.js';
import { baseUrl } from './versions.js';

/** Returns the command of `POST /v2/images` (section 8.2). */
export function newImageFromHttp(request: HttpRequest, limits: ImageLimits): Parsed<NewImage> {
  return attempt(() => {
    const body = unwrap(bodyFrom(request));
    if (!isObject(body)) throw invalid('Expected a JSON object.');
    const given = Object.entries(body).map(([name, value]) => [name, givenValue(value)] as const);
    return newImageFrom(given, limits);
  });
}

/** Returns the id of an image from a request that has no body. */
export function imageIdFromHttp(request: HttpRequest): string {
  refuseBody(request);
  return request.parameters[0] ?? '';
}

/** Returns the answer to `POST /v2/images`. */
export function createdToHttp(
  image: Image,
  request: HttpRequest,
  publicUrl: string | undefined,
): HttpAnswer {
  const location = `${baseUrl(request, publicUrl)}/v2/images/${image.id}`;
  return jsonAnswer(201, imageToJson(image), { location });
}

/** Returns the answer that is one image. */
export function imageToHttp(image: Image): HttpAnswer {
  return jsonAnswer(200, imageToJson(image));
}

/** Returns the documented entity (section 8.1): base properties always, custom ones beside them. */
export function imageToJson(image: Image): Writable {
  const base = IMAGE_PROPERTIES.map(({ name, source }): readonly [string, Writable] => [
    name,
    'path' in source ? source.path(image.id) : writable(image[source.field]),
  ]);
  // Not by assignment: a property may be called `__proto__`.
  return Object.fromEntries([...base, ...Object.entries(image.properties)]);
}

function writable(value: Image[Exclude<keyof Image, 'properties'>]): Writable {
  return value instanceof Date ? imagesTime(value) : value;
}
