/**
 * Invariant: without authentication a caller is who the token says, and has the roles that headers
 * name; only a token whose user is `admin` has a role by itself (section 3.2).
 */
import { Failure } from '../../kernel/failure.js';
import type { ScopedPrincipal } from '../../kernel/principal.js';

/** The headers, or metadata entries, that say who calls. */
export interface NoAuthHeaders {
  /** Value of `X-Auth-Token`: `user` or `user:project`. */
  readonly token: string | undefined;
  /** Value of `X-Roles`: names behind commas. */
  readonly roles: string | undefined;
  /** Value of `X-Project-Id`. */
  readonly project: string | undefined;
  /** Value of `OpenStack-System-Scope`. */
  readonly systemScope: string | undefined;
}

/** Returns who calls; throws TOKEN_MISSING when the token is absent or empty. */
export function callerFromHeaders(headers: NoAuthHeaders): ScopedPrincipal {
  const { token = '' } = headers;
  if (token === '')
    throw new Failure('unauthenticated', 'TOKEN_MISSING', 'The request has no X-Auth-Token');
  const [user = '', project] = token.split(':', 2);
  return {
    kind: 'scoped',
    user,
    scope: {
      project: headers.project ?? project ?? user,
      roles: headers.roles === undefined ? ownRoles(user) : listOf(headers.roles),
    },
    isSystemScoped: headers.systemScope === 'all',
  };
}

function ownRoles(user: string): readonly string[] {
  return user === 'admin' ? ['admin'] : [];
}

function listOf(roles: string): readonly string[] {
  return roles
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '');
}
