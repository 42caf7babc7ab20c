import { type Failure, invalid } from '../../kernel/failure.js';
import { type Parsed, unparsed } from '../../kernel/parsed.js';
import type { HttpRequest } from '../../rpc/http.js';
import { isArray, isObject, JsonDecimal, type JsonValue, readJson } from '../../rpc/json.js';
import { type GivenValue, UNFIT } from '../domain/property-values.js';

/** Whether the percent-encoded bytes of path and query are UTF-8. */
export function isUtf8Target({ target }: HttpRequest): boolean {
  const encoded = target.match(/(%[0-9a-f]{2})+/gi) ?? [];
  return encoded.every((bytes) => {
    try {
      decodeURIComponent(bytes);
      return true;
    } catch {
      return false;
    }
  });
}

/** Returns the failure of a target whose bytes are not UTF-8. */
export function notUtf8(): Failure {
  return invalid('The URL contains bytes that are not valid UTF-8.');
}

/** Throws INVALID_REQUEST when a request brings a body where none belongs (section 3.1). */
export function refuseBody({ body }: HttpRequest): void {
  if (body.length > 0) throw invalid('A body is not expected with this request.');
}

/** Returns the JSON object or array of a body whose content type does not matter (section 3.1). */
export function bodyFrom({ body }: HttpRequest): Parsed<JsonValue> {
  if (body.length === 0) return unparsed(invalid('A body is expected with this request.'));
  const json = readJson(body, () => invalid('Malformed JSON in request body.'));
  if (!json.ok) return json;
  return isObject(json.value) || isArray(json.value)
    ? json
    : unparsed(invalid('Request body must be a JSON array or object.'));
}

/** Returns a JSON value as a property's value; what no property can be is `UNFIT`. */
export function givenValue(value: JsonValue): GivenValue {
  if (isArray(value)) return value.map(givenValue);
  if (isObject(value) || value instanceof JsonDecimal) return UNFIT;
  return value;
}
