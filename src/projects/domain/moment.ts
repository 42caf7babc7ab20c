/**
 * Invariant: a moment is never guessed: without an offset from UTC a date names none (projects
 * specification, 1.4); and what somebody chose comes back to the microsecond. Years have four digits,
 * so that what is stored can be printed.
 */

/** A date that somebody chose: dates of this language end at the millisecond. */
export class Moment extends Date {
  /** @param microseconds - behind the last whole millisecond: 0 to 999. */
  constructor(
    milliseconds: number,
    readonly microseconds: number,
  ) {
    super(milliseconds);
  }

  /** Returns it as every Date does, with six digits behind the second instead of three if need be. */
  override toISOString(): string {
    const iso = super.toISOString();
    if (this.microseconds === 0) return iso;
    return `${iso.slice(0, -1)}${String(this.microseconds).padStart(3, '0')}Z`;
  }
}

/**
 * Fields may lack their leading zeros, as existing clients send them; seconds may be left out.
 * Anything else is exact.
 */
const MOMENT =
  /^(\d{4})-(\d{1,2})-(\d{1,2})[Tt ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)? ?(?:([Zz])|([+-])(\d{2}):?(\d{2})?)$/;

const MINUTE_MS = 60_000;

/** Returns the moment that a text names, or undefined when it names none. */
export function momentFrom(text: string): Moment | undefined {
  const match = MOMENT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', , sign, hours, minutes] =
    match;
  const local = dateOf(
    [Number(year), Number(month), Number(day)],
    [Number(hour), Number(minute), Number(second)],
  );
  const [offsetHours, offsetMinutes] = [Number(hours ?? 0), Number(minutes ?? 0)];
  if (local === undefined || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const ahead = (offsetHours * 60 + offsetMinutes) * MINUTE_MS * (sign === '-' ? -1 : 1);
  const microseconds = Number(fraction.padEnd(6, '0').slice(0, 6));
  const milliseconds = Math.floor(microseconds / 1000);
  const moment = new Moment(local.getTime() - ahead + milliseconds, microseconds % 1000);
  return isPrintable(moment) ? moment : undefined;
}

/** Whether a moment exists and lies in a year of four digits, as it does wherever clocks are used. */
export function isPrintable(moment: Date): boolean {
  const year = moment.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

type Triple = readonly [number, number, number];

/** Returns undefined for dates that the calendar does not have: JavaScript would carry them over. */
function dateOf([year, month, day]: Triple, [hour, minute, second]: Triple): Date | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isSame = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isSame ? date : undefined;
}
