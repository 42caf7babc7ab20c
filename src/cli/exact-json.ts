import { stringify } from 'lossless-json';
import { UNLIMITED } from '../kernel/quantity.js';
import { type Listing, printLine, printListing } from './output.js';

/** Prints a value as JSON, indented; 64-bit integers keep all their digits. */
export function printExactJson(value: unknown): void {
  printLine(stringify(value, undefined, 2) ?? 'null');
}

/** Prints rows like `printListing`; the JSON keeps all digits of 64-bit integers. */
export function printExactListing<Row>(
  listing: Listing<Row>,
  options: { readonly json?: boolean },
): void {
  if (options.json === true) printExactJson(listing.rows.map(listing.json));
  else printListing(listing, options);
}

/** Returns an amount as people read it; JSON has digits for "unlimited", too. */
export function printedAmount(amount: bigint): string {
  return amount === UNLIMITED ? 'unlimited' : String(amount);
}
