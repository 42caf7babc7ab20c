/**
 * Invariant: a claim that may be judged names every provider and class of a consumer once, amounts
 * of at least 1, and texts that can be stored. What REST finds out by its schemas is asked here of
 * callers who send messages.
 */
import { invalid } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';
import { canonicalUuid } from './uuid.js';

/** What the name of a consumer type looks like, and that of a resource class. */
export const NAME_PATTERN = '^[A-Z0-9_]+$';

/** Longest project id, user id and consumer type, in characters. */
export const LONGEST_OWNER = 255;

/** Returns the canonical uuid of a consumer that is written; throws INVALID_REQUEST. */
export function writtenConsumer(text: string): string {
  const uuid = canonicalUuid(text);
  if (uuid === undefined) throw invalid(`Malformed consumer_uuid: ${text}`);
  return uuid;
}

/** Returns a text that names a project, a user or a type; throws INVALID_REQUEST. */
export function ownerName(field: string, text: string, pattern?: string): string {
  const { length } = Array.from(text);
  if (length < 1 || length > LONGEST_OWNER)
    throw invalid(`${field} must have 1 to ${LONGEST_OWNER} characters`);
  if (!isCleanText(text)) throw invalid(`${field} has characters that cannot be stored`);
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text))
    throw invalid(`${field} does not match ${pattern}`);
  return text;
}

/** Throws INVALID_REQUEST when two of the consumers are the same one in two spellings. */
export function requireDistinct(consumers: readonly string[]): void {
  const seen = new Set<string>();
  for (const consumer of consumers) {
    if (seen.has(consumer)) throw invalid(`Consumer ${consumer} is named twice`);
    seen.add(consumer);
  }
}
