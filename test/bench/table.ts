/** Writes measurements as Markdown. */
import type { Rates } from './load.js';

/** Prints a table; columns that start with `#` hold numbers. */
export function printMarkdown(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const names = columns.map((name) => name.replace(/^#/, ''));
  const rules = columns.map((name) => (name.startsWith('#') ? '---:' : '---'));
  const lines = [names.join(' | '), rules.join('|'), ...rows.map((row) => row.join(' | '))];
  const framed = lines.map((line, index) => (index === 1 ? `|${line}|` : `| ${line} |`));
  process.stdout.write(`${framed.join('\n')}\n\n`);
}

/** Returns how much was done per second, and how often it failed. */
export function rateOf({ perSecond, failures }: Rates): string {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return `${Math.round(perSecond)}${failed > 0 ? ` (${failed} failed)` : ''}`;
}
