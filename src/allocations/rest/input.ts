import { invalid } from '../../kernel/failure.js';
import { unwrap } from '../../kernel/parsed.js';
import { type JsonFault, type JsonObject, type JsonValue, readJson } from '../../rpc/json.js';
import type { PlacementRequest } from './answers.js';
import { printViolation, type Schema, violationOf } from './schema.js';

/** Returns the body of a request; throws the documented 400 when it is not as described. */
export function bodyOf(request: PlacementRequest, schema: Schema): JsonValue {
  const body = unwrap(
    readJson(request.body, (problem) => invalid(`Malformed JSON: ${WORDING[problem]}`)),
  );
  judge(schema, body);
  return body;
}

/** Throws the documented 400 when a value, for instance one of the path, is not as described. */
export function judge(schema: Schema, value: JsonValue): void {
  const violation = violationOf(schema, value);
  if (violation !== undefined)
    throw invalid(`JSON does not validate: ${printViolation(violation)}`);
}

/** Returns the body of a request that the schema says is an object. */
export function objectBodyOf(
  request: PlacementRequest,
  schema: Schema & { readonly type: 'object' },
): JsonObject {
  return bodyOf(request, schema) as JsonObject;
}

const WORDING: Readonly<Record<JsonFault, string>> = {
  'not-utf8': 'the body is not UTF-8',
  'not-json': 'Expecting value: line 1 column 1 (char 0)',
  'too-deep': 'the body is nested too deep',
};

/** The parameters of a query string. */
export interface Query {
  /** Returns the last value, or undefined when the parameter is absent. */
  one(name: string): string | undefined;
  /** Returns every value, in the order in which they were sent. */
  all(name: string): readonly string[];
}

/**
 * Returns the query of a request; throws the documented 400 when it has other parameters, or values
 * that are not as described. A parameter given twice is judged and read by its last value, unless
 * `repeatable` names it: then every value is.
 */
export function queryOf(
  request: PlacementRequest,
  properties: Readonly<Record<string, Schema>>,
  options: {
    readonly required?: readonly string[];
    readonly repeatable?: readonly string[];
  } = {},
): Query {
  refuseUndecodable(request.target);
  const { query } = request;
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [
        name,
        options.repeatable?.includes(name) === true ? { type: 'array', items: each } : each,
      ]),
    ),
    required: options.required ?? [],
  };
  const given: [string, JsonValue][] = [...new Set(query.keys())].map((name) => {
    const values = query.getAll(name);
    return [name, options.repeatable?.includes(name) === true ? values : (values.at(-1) ?? '')];
  });
  const violation = violationOf(schema, Object.fromEntries(given));
  if (violation !== undefined)
    throw invalid(`Invalid query string parameters: ${printViolation(violation)}`);
  return { one: (name) => query.getAll(name).at(-1), all: (name) => query.getAll(name) };
}

/** `URLSearchParams` puts U+FFFD in the place of what is not UTF-8 (section 3.7). */
function refuseUndecodable(target: string): void {
  const mark = target.indexOf('?');
  if (mark < 0) return;
  for (const [run] of target.slice(mark).matchAll(/(?:%[0-9a-f]{2})+/gi)) {
    try {
      decodeURIComponent(run);
    } catch {
      throw invalid('Invalid query string parameters: the query string is not UTF-8');
    }
  }
}
