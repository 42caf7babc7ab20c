/**
 * Invariant: users and components have separate token spaces, and of several causes of a 401 the
 * first one in the documented order is told (projects specification, section 2.1; quota
 * specification, section 2.2).
 */
import { Failure, type FailureReason } from '../../kernel/failure.js';
import type { ComponentPrincipal, UserPrincipal } from '../../kernel/principal.js';

/** A token that is stored and not revoked, with its user as of the last look. */
export interface KnownUserToken {
  readonly kind: 'user';
  readonly principal: UserPrincipal;
  readonly active: boolean;
  readonly accepted: boolean;
  readonly termsSigned: boolean;
}

/** A token that is stored and not revoked, with its component. */
export interface KnownComponentToken {
  readonly kind: 'component';
  readonly principal: ComponentPrincipal;
}

/** A token that is stored and not revoked. */
export type KnownToken = KnownUserToken | KnownComponentToken;

/** Returns the failure of a call that carries no token, or an empty one. */
export function tokenMissing(): Failure {
  return unauthenticated('TOKEN_MISSING', 'Access denied. No authentication token');
}

/** Returns the user a token belongs to, or throws the first documented cause of a 401. */
export function judgeUserToken(token: KnownToken | undefined, now: Date): UserPrincipal {
  if (token?.kind !== 'user') throw tokenUnknown();
  if (!token.active || !token.accepted) throw unauthenticated('USER_INACTIVE', 'User inactive');
  refuseExpired(token.principal.tokenExpiresAt, now);
  if (!token.termsSigned) throw unauthenticated('TERMS_NOT_SIGNED', 'Pending approval terms');
  return token.principal;
}

/** Returns the component a token belongs to, or throws the first documented cause of a 401. */
export function judgeComponentToken(token: KnownToken | undefined, now: Date): ComponentPrincipal {
  if (token?.kind !== 'component') throw tokenUnknown();
  refuseExpired(token.principal.tokenExpiresAt, now);
  return token.principal;
}

function refuseExpired(expiresAt: Date | null, now: Date): void {
  if (expiresAt !== null && expiresAt.getTime() <= now.getTime())
    throw unauthenticated('TOKEN_EXPIRED', 'Authentication expired');
}

function tokenUnknown(): Failure {
  return unauthenticated('TOKEN_UNKNOWN', 'Invalid X-Auth-Token');
}

function unauthenticated(reason: FailureReason, message: string): Failure {
  return new Failure('unauthenticated', reason, message);
}
