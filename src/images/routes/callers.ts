import type { Identity } from '../../identity/index.js';
import { Failure } from '../../kernel/failure.js';
import {
  ANONYMOUS,
  type AnonymousPrincipal,
  type ScopedPrincipal,
  type UserPrincipal,
} from '../../kernel/principal.js';
import type { Caller, Credentials } from '../../rpc/route.js';
import { callerOfFakeToken, decodedToken } from '../domain/fake-token.js';

/** How callers are known: by tokens of users, or by what a token says of itself (section 2.1). */
export type AuthMode = 'token' | 'fake';

/** Asks nobody who he is. */
export const anyone: Caller<AnonymousPrincipal> = { name: 'anyone', authenticate: () => ANONYMOUS };

/** Returns the caller of all routes of the slice but the versions: whoever has a token. */
export function createCaller(
  mode: AuthMode,
  identity: Pick<Identity, 'callers'>,
): Caller<ScopedPrincipal> {
  if (mode === 'fake')
    return { name: 'user', authenticate: ({ authToken }) => callerOfFakeToken(authToken) };
  const { user } = identity.callers;
  return {
    name: 'user',
    authenticate(credentials) {
      const { authToken } = credentials;
      if (authToken?.includes('%') === true) return encodedCaller(user, credentials, authToken);
      const found = user.authenticate(credentials);
      return found instanceof Promise ? found.then(scoped) : scoped(found);
    },
  };
}

/** Some clients percent-encode the token; a token that has a percent sign itself comes first. */
async function encodedCaller(
  user: Caller<UserPrincipal>,
  credentials: Credentials,
  authToken: string,
): Promise<ScopedPrincipal> {
  try {
    return scoped(await user.authenticate(credentials));
  } catch (error) {
    if (!(error instanceof Failure) || error.reason !== 'TOKEN_UNKNOWN') throw error;
    return scoped(await user.authenticate({ ...credentials, authToken: decodedToken(authToken) }));
  }
}

function scoped({ uuid, scope }: UserPrincipal): ScopedPrincipal {
  return { kind: 'scoped', user: uuid, scope, isSystemScoped: false };
}
