import { type Page, pageTokenAfter } from '../../kernel/page.js';

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
