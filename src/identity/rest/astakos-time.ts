/**
 * Returns a moment as the Astakos APIs print it (projects specification, section 1.4): `+00:00`,
 * and six digits of a second's fraction unless they are zero.
 */
export function astakosTime(moment: Date): string {
  const iso = moment.toISOString();
  const fraction = moment.getUTCMilliseconds() === 0 ? '' : `${iso.slice(-5, -1)}000`;
  return `${iso.slice(0, -5)}${fraction}+00:00`;
}
