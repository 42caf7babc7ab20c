import { parse } from 'lossless-json';
import { type Failure, invalid } from '../kernel/failure.js';
import { type Parsed, parsed, unparsed } from '../kernel/parsed.js';

/** A JSON number that is not an integer in plain digits (`1.0`, `1e3`), or has over 40 of them. */
export class JsonDecimal {
  constructor(readonly text: string) {}
}

/** A decoded JSON object; its members are own properties, whatever their names. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A decoded JSON value that has lost no digit: integers are bigint. */
export type JsonValue =
  null | boolean | string | bigint | JsonDecimal | readonly JsonValue[] | JsonObject;

/** Deeper nesting than this is refused before it can exhaust the stack. */
export const DEEPEST_NESTING = 100;

const LONGEST_INTEGER = 40;

/** What is wrong with a body that is not JSON; each family words it in its own way. */
export type JsonFault = 'not-utf8' | 'not-json' | 'too-deep';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads JSON from bytes. Of repeated keys the last one counts.
 *
 * @param explain - the family's wording of what can be wrong.
 */
export function readJson(
  bytes: Uint8Array,
  explain: (fault: JsonFault) => Failure = (fault) => invalid(`The body is ${fault}`),
): Parsed<JsonValue> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return unparsed(explain('not-utf8'));
  }
  if (nestsTooDeep(text)) return unparsed(explain('too-deep'));
  try {
    return parsed(
      parse(text, null, {
        parseNumber: numberFrom,
        onDuplicateKey: ({ newValue }) => newValue,
      }) as JsonValue,
    );
  } catch {
    return unparsed(explain('not-json'));
  }
}

/** Whether a JSON value is an object. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof JsonDecimal)
  );
}

/** Whether a JSON value is an array. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Returns a member of an object, or undefined when the key is absent (null when it is null). */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function numberFrom(text: string): bigint | JsonDecimal {
  return /^-?\d+$/.test(text) && text.length <= LONGEST_INTEGER
    ? BigInt(text)
    : new JsonDecimal(text);
}

function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === BRACE_OPEN || code === BRACKET_OPEN) {
      depth += 1;
      if (depth > DEEPEST_NESTING) return true;
    } else if (code === BRACE_CLOSE || code === BRACKET_CLOSE) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** What can be written as JSON; members that are undefined are left out. */
export type Writable =
  | null
  | boolean
  | string
  | bigint
  | number
  | readonly Writable[]
  | { readonly [key: string]: Writable | undefined };

/** How a family prints JSON. */
export interface JsonStyle {
  /** Escape everything that is not ASCII. */
  readonly ascii: boolean;
  /** A space behind each comma and colon. */
  readonly spaced: boolean;
}

/** Returns a value as JSON text. */
export function writeJson(value: Writable, style: JsonStyle): string {
  if (typeof value === 'string') return writeString(value, style);
  if (typeof value !== 'object' || value === null) return String(value);
  const comma = style.spaced ? ', ' : ',';
  if (Array.isArray(value)) {
    return `[${(value as readonly Writable[]).map((entry) => writeJson(entry, style)).join(comma)}]`;
  }
  const colon = style.spaced ? ': ' : ':';
  const members: string[] = [];
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined) continue;
    members.push(writeString(key, style) + colon + writeJson(entry, style));
  }
  return `{${members.join(comma)}}`;
}

/** Returns a string as JSON text. */
export function writeString(text: string, style: JsonStyle): string {
  const quoted = JSON.stringify(text);
  if (!style.ascii) return quoted;
  // eslint-disable-next-line no-control-regex -- everything outside ASCII, DEL included.
  return quoted.replace(/[^\x00-\x7e]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
