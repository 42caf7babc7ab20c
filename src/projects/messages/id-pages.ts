import { invalid } from '../../kernel/failure.js';
import { type Page, pageFromRequest, pageTokenAfter } from '../../kernel/page.js';
import { unwrap } from '../../kernel/parsed.js';
import { isQuantity } from '../../kernel/quantity.js';

/** Returns the page that a request asks for of a list in the order of ids; throws its failure. */
export function idPage(request: {
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

/**
 * Returns the token of the next page, empty behind the last one.
 *
 * @param isCut - whether entries of this page were left for the next one.
 */
export function nextIdPage(
  page: Page<bigint> | undefined,
  entries: readonly { readonly id: bigint }[],
  isCut = false,
): string {
  const last = entries.at(-1);
  return last !== undefined && (isCut || entries.length === page?.size)
    ? pageTokenAfter([String(last.id)])
    : '';
}
