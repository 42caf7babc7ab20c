/**
 * Invariant: a state is never changed without saying who did it and why, as far as anybody knows.
 */
import { invalid } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';

/** Who had a state changed, and why. */
export interface Cause {
  /** Uuid of a user; null for operators and for the system itself. */
  readonly actor: string | null;
  /** Null when nobody said. */
  readonly reason: string | null;
}

/** Nobody says. */
export const UNSAID: Cause = { actor: null, reason: null };

/** An operator wrote it into a state file. */
export const DECLARED: Cause = { actor: null, reason: 'state_file' };

/** Longest reason that somebody may give, in characters. */
export const LONGEST_REASON = 4096;

/** Returns a reason as it is kept, an empty one as none; throws INVALID_REQUEST for what cannot be. */
export function storableReason(reason: string): string | null {
  if (reason === '') return null;
  if (Array.from(reason).length > LONGEST_REASON)
    throw invalid(`'reason' value exceeds max length ${LONGEST_REASON}`);
  if (!isCleanText(reason)) throw invalid("'reason' contains characters that cannot be stored");
  return reason;
}
