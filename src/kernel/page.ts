import { invalid } from './failure.js';
import { type Parsed, parsed, unparsed, unwrap } from './parsed.js';
import { isQuantity } from './quantity.js';
import { isCleanText } from './text.js';

/** The most entries of one page over gRPC; keeps an answer below a client's default 4 MiB. */
export const LARGEST_PAGE = 10_000;

/** One page of a list: how many entries, and behind which key of the list's order. */
export interface Page<Key> {
  readonly size: number;
  readonly after: Key | undefined;
}

/** The entries of a page and the token of the next one, empty on the last page. */
export interface PageOf<T> {
  readonly entries: readonly T[];
  readonly nextPageToken: string;
}

/** Returns the token by which a caller continues behind `key`; opaque to callers. */
export function pageTokenAfter(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * Returns the page a gRPC request asks for.
 *
 * @param width - how many strings the list's key has; another number means a forged token.
 */
export function pageFromRequest(
  request: { readonly pageSize: number; readonly pageToken: string },
  width: number,
): Parsed<Page<readonly string[]>> {
  if (request.pageSize < 0) return unparsed(invalid('page_size must not be negative'));
  const size = request.pageSize === 0 ? LARGEST_PAGE : Math.min(request.pageSize, LARGEST_PAGE);
  if (request.pageToken === '') return parsed({ size, after: undefined });
  const after = keyOfPageToken(request.pageToken);
  if (after?.length !== width) return unparsed(invalid('page_token is not one of this list'));
  return parsed({ size, after });
}

/** Returns the page that a request asks for of a list in the order of ids; throws its failure. */
export function idPageFromRequest(request: {
  readonly pageSize: number;
  readonly pageToken: string;
}): Page<bigint> {
  const { size, after } = unwrap(pageFromRequest(request, 1));
  if (after === undefined) return { size, after };
  const [id = ''] = after;
  if (!/^\d{1,19}$/.test(id) || !isQuantity(BigInt(id)))
    throw invalid('page_token is not one of this list');
  return { size, after: BigInt(id) };
}

/** Returns the key that `pageTokenAfter` wrote into a token, or undefined when it is none. */
export function keyOfPageToken(token: string): readonly string[] | undefined {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(key) && key.every(isKeyPart)) return key;
  } catch {
    // Not JSON: reported by the caller like any other forged token.
  }
  return undefined;
}

function isKeyPart(part: unknown): part is string {
  return typeof part === 'string' && isCleanText(part);
}
