import Table from 'cli-table3';
import { stringify } from 'lossless-json';
import { UNLIMITED } from '../kernel/quantity.js';

/** A value of a column; bigint ids print as plain digits. */
export type Cell = string | bigint | boolean | null;

/** Rows for people, and the same for programs. */
export interface Listing<Row> {
  readonly rows: readonly Row[];
  /** Heading and value of each column, from left to right. */
  readonly columns: Readonly<Record<string, (row: Row) => Cell>>;
  /** Returns what `--json` prints of a row. */
  readonly json: (row: Row) => unknown;
}

/** Prints rows: JSON when asked for, a table on a terminal, plain columns elsewhere. */
export function printListing<Row>(
  listing: Listing<Row>,
  options: { readonly json?: boolean },
): void {
  if (options.json === true) {
    printJson(listing.rows.map(listing.json));
    return;
  }
  const head = Object.keys(listing.columns);
  const body = listing.rows.map((row) =>
    Object.values(listing.columns).map((value) => cellText(value(row))),
  );
  printLine(process.stdout.isTTY ? drawn(head, body) : aligned(head, body));
}

/** Prints a value as JSON, indented; 64-bit integers keep all their digits. */
export function printJson(value: unknown): void {
  printLine(stringify(value, undefined, 2) ?? 'null');
}

/** Prints one line of the answer. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints one line that is not part of the answer, such as a remark. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Returns a text that came from elsewhere so that it cannot steer the terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what it is about.
  return text.replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Returns an amount as people read it; JSON has digits for "unlimited", too. */
export function printedAmount(amount: bigint): string {
  return amount === UNLIMITED ? 'unlimited' : String(amount);
}

/** Returns a moment as operators read it, to the second. */
export function printedTime(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`;
}

function cellText(cell: Cell): string {
  if (cell === null || cell === '') return '-';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return printable(String(cell));
}

function drawn(head: readonly string[], body: readonly (readonly string[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  table.push(...body.map((row) => [...row]));
  return table.toString();
}

function aligned(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [head.map((heading) => heading.toUpperCase()), ...body];
  const widths = head.map((_heading, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
