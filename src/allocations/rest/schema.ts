import { isCleanText } from '../../kernel/text.js';
import { isArray, isObject, JsonDecimal, type JsonObject, type JsonValue } from '../../rpc/json.js';
import { canonicalUuid } from '../domain/uuid.js';
import { pythonText } from './python-text.js';

/** The kinds of JSON values a schema tells apart. */
export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'null';

/**
 * What a documented body or parameter looks like, in the words of JSON Schema, because the messages
 * of a 400 are made of them and clients look for them (section 3.7).
 */
export interface Schema {
  readonly type: SchemaType | readonly SchemaType[];
  /** Bounds of numbers, inclusive. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Bounds of the number of characters. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression, not anchored unless it says so. */
  readonly pattern?: string;
  /** `uuid`: any spelling; `dashed-uuid`: the one of query strings. */
  readonly format?: 'uuid' | 'dashed-uuid';
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Regular expression → what members have to be whose names match it. */
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly minProperties?: number;
  /** Whether members that are named nowhere are let through; default: they are refused. */
  readonly additionalProperties?: boolean;
}

/** What is wrong with a value. */
export interface Violation {
  readonly message: string;
  /** The word of the schema that does not hold. */
  readonly keyword: string;
  /** Where in the instance, as keys and positions. */
  readonly path: readonly (string | number)[];
  readonly instance: JsonValue;
}

/**
 * Returns what is wrong with a value, or undefined when it is as described. Of several faults the
 * one nearest to the root is told, and of those the first.
 */
export function violationOf(schema: Schema, value: JsonValue): Violation | undefined {
  let level: readonly Node[] = [{ schema, value, path: [] }];
  while (level.length > 0) {
    const next: Node[] = [];
    for (const node of level) {
      const fault = faultOf(node);
      if (fault !== undefined) {
        const [keyword, message] = fault;
        return { keyword, message, path: node.path, instance: node.value };
      }
      addChildren(node, next);
    }
    level = next;
  }
  return undefined;
}

/** Returns a violation as one line, in the words of the validator that clients know. */
export function printViolation({ message, keyword, path, instance }: Violation): string {
  const place = path.map((key) => `[${pythonText(typeof key === 'number' ? BigInt(key) : key)}]`);
  return `${message}  Failed validating '${keyword}' in schema  On instance${place.join('')}:     ${pythonText(instance)}`;
}

/** Returns the integer a number stands for: `10.0` is 10; undefined when it is none. */
export function integerFrom(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (!(value instanceof JsonDecimal)) return undefined;
  const number = Number(value.text);
  return Number.isInteger(number) ? BigInt(number) : undefined;
}

/** Returns a number as a double, infinite when it is beyond; undefined when it is none. */
export function numberFrom(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof JsonDecimal ? Number(value.text) : undefined;
}

interface Node {
  readonly schema: Schema;
  readonly value: JsonValue;
  readonly path: readonly (string | number)[];
}

type Fault = readonly [keyword: string, message: string];

function faultOf({ schema, value }: Node): Fault | undefined {
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (!types.some((type) => isOfType(value, type))) {
    const names = types.map((type) => `'${type}'`).join(', ');
    return ['type', `${pythonText(value)} is not of type ${names}`];
  }
  if (typeof value === 'string') return textFault(schema, value);
  if (typeof value === 'bigint' || value instanceof JsonDecimal) return numberFault(schema, value);
  if (isArray(value)) return arrayFault(schema, value);
  return isObject(value) ? objectFault(schema, value) : undefined;
}

function isOfType(value: JsonValue, type: SchemaType): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return isArray(value);
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return integerFrom(value) !== undefined;
    case 'number':
      return numberFrom(value) !== undefined;
    case 'null':
      return value === null;
  }
}

function textFault(schema: Schema, text: string): Fault | undefined {
  const { minLength, maxLength, pattern, format } = schema;
  const shown = pythonText(text);
  // What no column can hold is refused by name, not by the database.
  if (!isCleanText(text)) return ['format', `${shown} has characters that cannot be stored`];
  const length = lengthOf(text);
  if (minLength !== undefined && length < minLength)
    return [
      'minLength',
      minLength === 1 ? `${shown} should be non-empty` : `${shown} is too short`,
    ];
  if (maxLength !== undefined && length > maxLength) return ['maxLength', `${shown} is too long`];
  if (pattern !== undefined && !expression(pattern).test(text))
    return ['pattern', `${shown} does not match ${pythonText(pattern)}`];
  if (format !== undefined && !hasFormat(text, format))
    return ['format', `${shown} is not a 'uuid'`];
  return undefined;
}

/** In characters: the two halves of a surrogate pair are one. */
function lengthOf(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

function hasFormat(text: string, format: 'uuid' | 'dashed-uuid'): boolean {
  if (format === 'uuid') return canonicalUuid(text) !== undefined;
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

function numberFault(schema: Schema, value: bigint | JsonDecimal): Fault | undefined {
  const number = numberFrom(value) ?? NaN;
  const { minimum, maximum } = schema;
  if (minimum !== undefined && number < minimum)
    return ['minimum', `${pythonText(value)} is less than the minimum of ${minimum}`];
  if (maximum !== undefined && number > maximum)
    return ['maximum', `${pythonText(value)} is greater than the maximum of ${maximum}`];
  return undefined;
}

function arrayFault(schema: Schema, value: readonly JsonValue[]): Fault | undefined {
  const { minItems, uniqueItems } = schema;
  if (minItems !== undefined && value.length < minItems)
    return ['minItems', value.length === 0 ? '[] should be non-empty' : 'the array is too short'];
  if (uniqueItems === true && new Set(value.map(pythonText)).size < value.length)
    return ['uniqueItems', `${pythonText(value)} has non-unique elements`];
  return undefined;
}

function objectFault(schema: Schema, value: JsonObject): Fault | undefined {
  const keys = Object.keys(value);
  for (const key of schema.required ?? [])
    if (!Object.hasOwn(value, key))
      return ['required', `${pythonText(key)} is a required property`];
  if (schema.minProperties !== undefined && keys.length < schema.minProperties)
    return [
      'minProperties',
      `${pythonText(value)} ${keys.length === 0 ? 'should be non-empty' : 'does not have enough properties'}`,
    ];
  if (schema.additionalProperties === true) return undefined;
  const extra = keys.filter((key) => schemaOf(schema, key) === undefined);
  return extra.length === 0 ? undefined : ['additionalProperties', extraMessage(schema, extra)];
}

function extraMessage({ patternProperties }: Schema, extra: readonly string[]): string {
  const names = extra
    .slice(0, 10)
    .map((key) => pythonText(key))
    .join(', ');
  const isOne = extra.length === 1;
  if (patternProperties !== undefined) {
    const patterns = Object.keys(patternProperties).map((pattern) => pythonText(pattern));
    return `${names} ${isOne ? 'does' : 'do'} not match any of the regexes: ${patterns.join(', ')}`;
  }
  return `Additional properties are not allowed (${names} ${isOne ? 'was' : 'were'} unexpected)`;
}

function addChildren({ schema, value, path }: Node, nodes: Node[]): void {
  if (isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    value.forEach((entry, index) => {
      nodes.push({ schema: items, value: entry, path: [...path, index] });
    });
  } else if (isObject(value)) {
    for (const [key, entry] of Object.entries(value)) {
      const child = schemaOf(schema, key);
      if (child !== undefined) nodes.push({ schema: child, value: entry, path: [...path, key] });
    }
  }
}

function schemaOf({ properties, patternProperties }: Schema, key: string): Schema | undefined {
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  for (const [pattern, schema] of Object.entries(patternProperties ?? {}))
    if (expression(pattern).test(key)) return schema;
  return undefined;
}

const expressions = new Map<string, RegExp>();

/** Patterns are those of our own schemas, so that there is an end to them. */
function expression(pattern: string): RegExp {
  let found = expressions.get(pattern);
  if (found === undefined) {
    found = new RegExp(pattern, 'u');
    expressions.set(pattern, found);
  }
  return found;
}
