import type { Identity } from '../../identity/index.js';
import type { ScopedPrincipal, UserPrincipal } from '../../kernel/principal.js';
import type { Caller } from '../../rpc/route.js';
import { callerFromHeaders } from '../domain/no-auth.js';

/** How callers are known: by tokens of users, or not at all (section 3.2). */
export type AuthMode = 'token' | 'noauth2';

/** Returns the caller of all routes of the slice: whoever has a token; the policy judges the rest. */
export function createCaller(
  mode: AuthMode,
  identity: Pick<Identity, 'callers'>,
): Caller<ScopedPrincipal> {
  if (mode === 'noauth2') {
    return {
      name: 'token',
      authenticate: (credentials) =>
        callerFromHeaders({
          token: credentials.authToken,
          roles: credentials.header('x-roles'),
          project: credentials.header('x-project-id'),
          systemScope: credentials.header('openstack-system-scope'),
        }),
    };
  }
  const { user } = identity.callers;
  return {
    name: 'token',
    authenticate(credentials) {
      const found = user.authenticate(credentials);
      return found instanceof Promise ? found.then(scoped) : scoped(found);
    },
  };
}

function scoped({ uuid, scope }: UserPrincipal): ScopedPrincipal {
  return { kind: 'scoped', user: uuid, scope, isSystemScoped: false };
}
