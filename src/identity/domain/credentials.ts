/**
 * Invariant: a call carries at most one token, and an empty one is none.
 */

/** The two headers, or metadata entries, that may carry a token. */
export interface TokenHeaders {
  readonly authToken: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * Returns the token a call carries, or undefined when it carries none.
 *
 * `X-Auth-Token` wins; then `Authorization: Token T` and `Authorization: Bearer T` count. The
 * Astakos documents know the first header only, and answer 401 without it; a call that brings a
 * good token in the other one is served all the same, over both faces.
 */
export function tokenIn(headers: TokenHeaders): string | undefined {
  if (headers.authToken !== undefined && headers.authToken !== '') return headers.authToken;
  return /^(?:token|bearer) +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}
