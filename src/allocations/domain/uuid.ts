/**
 * Invariant: a stored uuid has the canonical spelling, 36 lower-case characters with dashes
 * (allocations specification, 3.7); look-ups compare texts and therefore find no other spelling.
 */

/**
 * Returns the canonical spelling of a uuid in whatever spelling a caller may use: upper case,
 * without dashes, in braces, behind `urn:uuid:`; undefined when the text is none.
 */
export function canonicalUuid(text: string): string | undefined {
  const digits = text
    .replace(/^urn:/, '')
    .replace(/^uuid:/, '')
    .replace(/^\{+|\}+$/g, '')
    .replaceAll('-', '')
    .toLowerCase();
  const parts = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(digits);
  return parts?.slice(1).join('-');
}

/** Whether a text is a uuid with its dashes in their places, as query strings demand; any case. */
export function isDashedUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
