/**
 * Invariant: lengths count characters, as JSON schema and Postgres do, not UTF-16 units.
 */

/** Whether a text has more characters than this. */
export function isLongerThan(text: string, most: number): boolean {
  // Most texts are short; only those that could be too long are counted.
  return text.length > most && Array.from(text).length > most;
}
