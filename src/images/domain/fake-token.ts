/**
 * Invariant: in the test mode the token says who calls: `user:project:roles`, in exactly three parts
 * (specification, section 2.1).
 */
import { Failure } from '../../kernel/failure.js';
import type { ScopedPrincipal } from '../../kernel/principal.js';
import { isCleanText } from '../../kernel/text.js';
import { isLongerThan } from './text-length.js';

/** Returns who a fake token says it is of; throws TOKEN_MISSING or TOKEN_UNKNOWN. */
export function callerOfFakeToken(token: string | undefined): ScopedPrincipal {
  if (token === undefined || token === '')
    throw new Failure('unauthenticated', 'TOKEN_MISSING', 'No token');
  const [user, project, roles, ...more] = decodedToken(token).split(':');
  if (user === undefined || project === undefined || roles === undefined || more.length > 0)
    throw unknown('A fake token is user:project:roles');
  if (!isId(user) || !isId(project)) throw unknown('Its parts must be storable');
  return {
    kind: 'scoped',
    user,
    scope: {
      project: project === '' || project.toLowerCase() === 'none' ? null : project,
      roles: roles
        .split(',')
        .map((role) => role.trim())
        .filter((role) => role !== ''),
    },
    isSystemScoped: false,
  };
}

function isId(text: string): boolean {
  return !isLongerThan(text, LONGEST_ID) && isCleanText(text);
}

/** What the columns of owners and members hold. */
const LONGEST_ID = 255;

function unknown(message: string): Failure {
  return new Failure('unauthenticated', 'TOKEN_UNKNOWN', message);
}

/** Returns a token as it is meant: some clients send `:` and `,` percent-encoded. */
export function decodedToken(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
