/** Lists in pages, as Nova and Neutron give them. */
import type { FakeAnswer } from './message.js';

/**
 * Returns the page a query asks for by `limit` and `marker`, with a link to the next when it is full,
 * and only the ids when it asks for `fields=id`.
 */
export function pageOf(
  key: string,
  all: readonly { readonly id: string }[],
  query: URLSearchParams,
  longest: number,
): FakeAnswer {
  const start = all.findIndex(({ id }) => id === query.get('marker')) + 1;
  const size = Math.min(Number(query.get('limit') ?? all.length), longest);
  const page = all.slice(start, start + size);
  const next = [{ rel: 'next', href: `http://elsewhere.test/?marker=${page.at(-1)?.id ?? ''}` }];
  const shown = query.get('fields') === 'id' ? page.map(({ id }) => ({ id })) : page;
  const isFull = page.length > 0 && page.length === size;
  return { status: 200, body: { [key]: shown, ...(isFull ? { [`${key}_links`]: next } : {}) } };
}
