import type { Family, HttpAnswer, HttpHeaders } from './http.js';

/**
 * Returns the family that owns a path. The first of the list that claims it does; the last one of
 * the list claims everything.
 */
export function familyOf(families: readonly Family[], path: string, headers: HttpHeaders): Family {
  return families.find((family) => family.owns(path, headers)) ?? OWN_FAMILY;
}

/** Apportion's own paths, and every path that no API claims. */
export const OWN_FAMILY: Family = {
  name: 'apportion',
  ignoresTrailingSlash: false,
  owns: () => true,
  fault: (failure) =>
    plain(
      STATUSES[failure.kind] ?? 400,
      failure.kind === 'internal' ? 'Unexpected error' : failure.message,
    ),
  unmatched: (_request, allowed) =>
    allowed.length === 0
      ? plain(404, 'No API owns this path')
      : plain(405, 'Method not allowed', { allow: allowed.join(', ') }),
};

const STATUSES: Readonly<Record<string, number>> = {
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'already-exists': 409,
  'wrong-state': 409,
  'conflicting-writes': 409,
  'over-limit': 413,
  'too-large': 413,
  internal: 500,
  unavailable: 503,
  overloaded: 503,
  'deadline-exceeded': 504,
};

/** Returns a plain JSON answer with a message. */
export function plain(
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status: code,
    headers,
    contentType: 'application/json',
    body: JSON.stringify({ code, message }),
  };
}
