/**
 * Invariant: a token value is never kept, only its SHA-256; what could not have been issued as a
 * token is unknown without anybody being asked.
 */
import { hash, randomBytes } from 'node:crypto';

/** SHA-256 of a token, in hexadecimal. */
export type TokenHash = string & { readonly __brand: 'TokenHash' };

/** Longest token value in characters. */
export const LONGEST_TOKEN = 255;

/** How long a user's token works unless something else is asked for, in milliseconds: 30 days. */
export const USER_TOKEN_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000;

/** Whether a text can be a token at all: Postgres stores neither NUL nor half a surrogate pair. */
export function mayBeToken(value: string): boolean {
  return (
    value.length > 0 &&
    value.length <= LONGEST_TOKEN &&
    !value.includes('\0') &&
    value.isWellFormed()
  );
}

/** Returns what is stored of a token. */
export function hashToken(value: string): TokenHash {
  return hash('sha256', value) as TokenHash;
}

/** Returns a new token value: 32 random bytes, 43 characters that are safe in URLs and headers. */
export function generateToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Returns when a token that is made now stops working, or null when it never does. */
export function expiryOf(
  owner: 'user' | 'component',
  asked: Date | null | undefined,
  now: Date,
): Date | null {
  if (asked !== undefined) return asked;
  return owner === 'user' ? new Date(now.getTime() + USER_TOKEN_LIFETIME_MS) : null;
}
