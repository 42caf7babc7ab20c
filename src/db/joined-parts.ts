import type { Statement } from './tx.js';

/** One part of a statement made of several; `$n` counts within the part. */
export interface Part {
  /** By which later parts may refer to what it returns. */
  readonly name: string;
  readonly text: string;
}

/** A part, its values, and how many rows it is about. */
export type FilledPart = readonly [part: Part, values: readonly unknown[], rows: number];

/**
 * Makes one statement of the parts that have rows, so that a batch costs one round trip, and a
 * small batch no more of a plan than it needs. Each combination is prepared under its own name,
 * which tells the parts by their positions: Postgres reads 63 characters of a name and no more.
 *
 * @param prefix - begins the names of the prepared statements, for instance `quotas.write`.
 * @param parts - always the same ones in the same order.
 */
export function joinParts(
  prefix: string,
  parts: readonly FilledPart[],
): { readonly statement: Statement; readonly values: readonly unknown[] } {
  const filled = parts.filter(([, , rows]) => rows > 0);
  const values: unknown[] = [];
  const texts = filled.map(([part, own]) => {
    const before = values.length;
    values.push(...own);
    const text = part.text.replace(/\$(\d+)/g, (_place, number) => `$${before + Number(number)}`);
    return `${part.name} as (${text})`;
  });
  const places = parts.map(([, , rows]) => (rows > 0 ? '1' : '0')).join('');
  const text = texts.length === 0 ? 'select' : `with ${texts.join(', ')} select`;
  return { statement: { name: `${prefix}_${places}`, text }, values };
}
