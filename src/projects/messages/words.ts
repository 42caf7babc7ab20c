import { invalid } from '../../kernel/failure.js';

/**
 * Returns the documented word for an enum value, or undefined when none was sent; throws
 * INVALID_REQUEST for a value that a newer client may know.
 */
export function wordOf<Word extends string, Value extends string>(
  values: Readonly<Record<Word, Value>>,
  sent: Value | undefined,
  unspecified: Value,
  field: string,
): Word | undefined {
  if (sent === undefined || sent === unspecified) return undefined;
  for (const [word, value] of Object.entries(values)) if (value === sent) return word as Word;
  throw invalid(`${field} has an unknown value`);
}
