/** Chance that can be had again: one number decides everything that is not left to the scheduler. */

/** From the environment, or another one at every run; printed in the titles of the tests. */
export const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** A source of numbers. */
export interface Chance {
  /** Returns a number of at least 0 and below `bound`. */
  below(bound: number): number;
  /** Returns one of the values. */
  of<T>(values: readonly T[]): T;
}

/** Returns a source of numbers that says the same at every run (mulberry32). */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const below = (bound: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound;
  };
  return { below, of: (values) => values[Math.floor(below(values.length))]! };
}
