const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Returns the moment an ISO 8601 text names, to the second; UTC when it names no zone. Undefined when
 * it is none, or names a day that never was.
 */
export function isoTime(text: string): Date | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', zone = 'Z'] =
    ISO_TIME.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const parts = [year, month, day, hour, minute, second].map(Number);
  const time = new Date(0);
  time.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  time.setUTCHours(Number(hour), Number(minute), Number(second));
  const read = [
    time.getUTCFullYear(),
    time.getUTCMonth() + 1,
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
  ];
  if (read.some((value, index) => value !== parts[index])) return undefined;
  return new Date(time.getTime() - minutesOf(zone) * 60_000);
}

function minutesOf(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
