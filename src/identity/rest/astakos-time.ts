/**
 * Returns a moment as the Astakos APIs print it (projects specification, section 1.4): `+00:00`,
 * and six digits of a second's fraction unless they are zero.
 */
export function astakosTime(moment: Date): string {
  const [seconds = '', fraction = ''] = moment.toISOString().slice(0, -1).split('.');
  return `${seconds}${/^0*$/.test(fraction) ? '' : `.${fraction.padEnd(6, '0')}`}+00:00`;
}
