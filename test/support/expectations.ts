/** Compares JSON answers with what a case says about them. */
import { isArray, isObject, JsonDecimal, type JsonValue } from '../../src/rpc/json.js';

/** A value of an answer of which a document says only how it looks. */
export class Pattern {
  constructor(
    private readonly says: string,
    readonly matches: (actual: JsonValue | undefined) => boolean,
  ) {}

  toString(): string {
    return this.says;
  }
}

/** What `!text`, `!integer` and `!like <regular expression>` stand for in a case file. */
export const patternTags = [
  {
    tag: '!text',
    resolve: () => new Pattern('a text', (actual) => typeof actual === 'string' && actual !== ''),
  },
  {
    tag: '!integer',
    resolve: () => new Pattern('an integer', (actual) => typeof actual === 'bigint'),
  },
  {
    tag: '!like',
    resolve: (source: string) => {
      const expression = new RegExp(source, 'u');
      return new Pattern(
        `a text like ${source}`,
        (actual) => typeof actual === 'string' && expression.test(actual),
      );
    },
  },
];

/**
 * Returns what is wrong with a value, or undefined when it is as expected.
 *
 * @param isWhole - false lets objects have more members than expected, at every level.
 */
export function difference(
  actual: JsonValue | undefined,
  expected: unknown,
  isWhole: boolean,
  path = 'body',
): string | undefined {
  if (expected instanceof Pattern)
    return expected.matches(actual) ? undefined : unequal(actual, String(expected), path);
  if (Array.isArray(expected)) return arrayDifference(actual, expected, isWhole, path);
  if (typeof expected === 'object' && expected !== null)
    return objectDifference(actual, expected as Record<string, unknown>, isWhole, path);
  return actual === expected ? undefined : unequal(actual, print(expected), path);
}

function arrayDifference(
  actual: JsonValue | undefined,
  expected: readonly unknown[],
  isWhole: boolean,
  path: string,
): string | undefined {
  if (!isArray(actual)) return unequal(actual, 'an array', path);
  if (actual.length !== expected.length)
    return unequal(actual, `${String(expected.length)} entries`, path);
  return firstOf(
    expected.map((entry, at) => [at, entry]),
    (at, entry) => difference(actual[at], entry, isWhole, `${path}/${String(at)}`),
  );
}

function objectDifference(
  actual: JsonValue | undefined,
  expected: Readonly<Record<string, unknown>>,
  isWhole: boolean,
  path: string,
): string | undefined {
  if (!isObject(actual)) return unequal(actual, 'an object', path);
  const more = Object.keys(actual).find((key) => !Object.hasOwn(expected, key));
  if (isWhole && more !== undefined) return `${path} has a member ${JSON.stringify(more)}`;
  return firstOf(Object.entries(expected), (key, value) =>
    Object.hasOwn(actual, key)
      ? difference(actual[key], value, isWhole, `${path}/${key}`)
      : `${path} lacks ${JSON.stringify(key)}`,
  );
}

function firstOf<Key>(
  entries: readonly (readonly [Key, unknown])[],
  compare: (key: Key, value: unknown) => string | undefined,
): string | undefined {
  for (const [key, value] of entries) {
    const found = compare(key, value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unequal(actual: JsonValue | undefined, expected: string, path: string): string {
  return `${path} is ${print(actual)}, not ${expected}`;
}

function print(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (typeof entry === 'bigint') return `number ${entry}`;
    return entry instanceof JsonDecimal ? `number ${entry.text}` : entry;
  });
}

/** Returns the value at a path such as `failed/0/1/badRequest`, or undefined when it is absent. */
export function memberAt(value: JsonValue, path: string): JsonValue | undefined {
  let found: JsonValue | undefined = value;
  for (const key of path === '' ? [] : path.split('/')) {
    if (isArray(found)) found = found[Number(key)];
    else if (isObject(found)) found = Object.hasOwn(found, key) ? found[key] : undefined;
    else return undefined;
  }
  return found;
}
