import { z } from 'zod';
import type { CataloguedService } from './catalogue.js';
import type { Session } from './session.js';

/** A list that a service gives in pages. */
export interface Paged<T> {
  readonly service: CataloguedService;
  /** With a query, to which the page is added. */
  readonly path: string;
  /** Where the answer has the list. */
  readonly key: string;
  readonly item: z.ZodType<T>;
  /** Chosen so that a page stays well below the bound of an answer. */
  readonly pageSize: number;
  readonly signal?: AbortSignal;
}

const LINKS = z.array(z.object({ rel: z.string() }));

/**
 * Returns the whole of a list; throws an OpenStackError.
 *
 * A service may cut pages shorter than it was asked for, and says with a link that there is more. One
 * that knows no pages gives the same list again, which is the end, too.
 */
export async function readPages<T extends { readonly id: string }>(
  session: Session,
  { service, path, key, item, pageSize, signal }: Paged<T>,
): Promise<readonly T[]> {
  const found = new Map<string, T>();
  const answer = z.object({ [key]: z.array(item), [`${key}_links`]: LINKS.optional() });
  for (let marker = ''; ;) {
    const body = await session.call(service, {
      method: 'GET',
      path: `${path}&limit=${pageSize}${marker}`,
      answer,
      signal,
    });
    const page = body[key] as readonly T[];
    const links = (body[`${key}_links`] ?? []) as z.infer<typeof LINKS>;
    const last = page.at(-1);
    if (last === undefined || found.has(last.id)) return [...found.values()];
    for (const one of page) found.set(one.id, one);
    const isMore = page.length >= pageSize || links.some(({ rel }) => rel === 'next');
    if (!isMore) return [...found.values()];
    marker = `&marker=${encodeURIComponent(last.id)}`;
  }
}
