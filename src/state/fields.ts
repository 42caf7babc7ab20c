import { z } from 'zod';

/** Returns a text without NUL or broken characters, of `least` to `most` characters. */
export function text(least = 1, most = 255) {
  return z
    .string()
    .refine((value) => !value.includes('\0') && value.isWellFormed(), {
      error: 'must not contain NUL or broken characters',
      abort: true,
    })
    .refine((value) => value.length >= least && value.length <= most, {
      error: `must have ${least} to ${most} characters`,
    });
}

/** A moment with its offset, such as `2030-01-01T00:00:00Z`. */
export const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2030-01-01T00:00:00Z' })
  .transform((value) => new Date(value));

/**
 * Returns a whole number of `least` to `most`. Integers of a state file are read without losing
 * digits and so arrive as bigint, the small ones, too.
 */
export function integer(least: bigint, most: bigint) {
  return z.bigint().refine((value) => value >= least && value <= most, {
    error: `must be ${least} to ${most}`,
  });
}
