import { InvalidArgumentError } from 'commander';

/** Length of a unit in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The last moment that is printed with four digits of a year. */
const LATEST = Date.UTC(9999, 11, 31);

/**
 * Returns when something expires: `never` is null, `30d` counts from now (s, m, h, d or w), and a
 * time such as `2030-01-01T00:00:00Z` is itself. Throws commander's error for anything else.
 */
export function parseExpiry(text: string, now: Date = new Date()): Date | null {
  if (text === 'never') return null;
  const [, amount, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const time =
    amount === undefined
      ? parseTime(text)
      : now.getTime() + Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(time) || time > LATEST)
    throw new InvalidArgumentError('Say never, 30d (s, m, h, d, w) or 2030-01-01T00:00:00Z.');
  return new Date(time);
}

function parseTime(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}
