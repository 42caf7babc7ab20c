import { type Moment, momentFrom } from '../domain/moment.js';

/** Returns the expression by which a time that somebody chose comes out whole, for momentIn. */
export function momentText(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** Returns the moment that momentText wrote. */
export function momentIn(text: string): Moment {
  const moment = momentFrom(text);
  if (moment === undefined) throw new Error(`a stored date cannot be read: ${text}`);
  return moment;
}
