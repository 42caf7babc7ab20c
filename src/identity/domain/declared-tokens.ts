/**
 * Invariant: a token belongs to one owner for ever, a revoked one stays revoked, and declaring the
 * same tokens again changes nothing, also when their values were generated.
 */
import type { TokenHash } from './token.js';

/** A token as a state file declares it. */
export interface DeclaredToken {
  /** Absent when the value is to be generated. */
  readonly hash: TokenHash | undefined;
  /** Null means never; absent leaves a stored one alone. */
  readonly expiresAt: Date | null | undefined;
  readonly project: string | null;
  readonly roles: readonly string[];
}

/** A token that is stored already. */
export interface StoredToken {
  readonly id: bigint;
  readonly hash: TokenHash;
  readonly expiresAt: Date | null;
  readonly project: string | null;
  readonly roles: readonly string[];
  readonly revokedAt: Date | null;
}

/** What to do about a declared token. */
export type TokenPlan<Stored extends StoredToken> =
  | { readonly kind: 'create' }
  | { readonly kind: 'update'; readonly stored: Stored; readonly expiresAt: Date | null }
  | { readonly kind: 'unchanged'; readonly stored: Stored }
  | { readonly kind: 'revoked'; readonly stored: Stored }
  | { readonly kind: 'foreign' };

/** Returns what to do about a token that is declared with its value. */
export function planToken<Stored extends StoredToken>(
  declared: DeclaredToken,
  stored: Stored | undefined,
  isOwn: (stored: Stored) => boolean,
): TokenPlan<Stored> {
  if (stored === undefined) return { kind: 'create' };
  if (!isOwn(stored)) return { kind: 'foreign' };
  if (stored.revokedAt !== null) return { kind: 'revoked', stored };
  const expiresAt = declared.expiresAt === undefined ? stored.expiresAt : declared.expiresAt;
  return expiresAt?.getTime() === stored.expiresAt?.getTime() && sameScope(declared, stored)
    ? { kind: 'unchanged', stored }
    : { kind: 'update', stored, expiresAt };
}

/**
 * Returns what to do about tokens that are declared without a value, in their order: each one takes
 * the oldest stored token of the same scope that nothing else stands for; those left over are made.
 *
 * @param candidates - the owner's tokens that are not revoked and not declared with their value.
 */
export function planGeneratedTokens<Stored extends StoredToken>(
  declared: readonly DeclaredToken[],
  candidates: readonly Stored[],
): readonly TokenPlan<Stored>[] {
  const free = [...candidates];
  return declared.map((token) => {
    const index = free.findIndex((stored) => sameScope(token, stored));
    const [stored] = index < 0 ? [] : free.splice(index, 1);
    return planToken(token, stored, () => true);
  });
}

function sameScope(one: DeclaredToken, other: StoredToken): boolean {
  return (
    one.project === other.project &&
    one.roles.length === other.roles.length &&
    one.roles.every((role, index) => role === other.roles[index])
  );
}
