import { Failure } from '../../kernel/failure.js';
import type { HttpHeaders } from '../../rpc/http.js';

/** A microversion 1.n of the Placement API, as its n; they are all of the form 1.n (section 3.3). */
export type Minor = number;

/** The highest microversion that is served; all from 0 up to it are. */
export const HIGHEST_MINOR: Minor = 39;

/** The word by which a version header names this API. */
const SERVICE = 'placement';

/** The request header that names the version, and the response header that tells it. */
export const VERSION_HEADER = 'openstack-api-version';

/** The version header does not name a version, or one that is not served. */
export class VersionRefused extends Failure {
  constructor(
    message: string,
    /** Whether it is a version at all. */
    readonly isVersion: boolean,
  ) {
    super('invalid', 'INVALID_REQUEST', message);
  }
}

/** Returns a microversion as headers and the root document write it. */
export function printMinor(minor: Minor): string {
  return `1.${minor}`;
}

/**
 * Returns the microversion that a request asks for: 1.0 when it names none.
 *
 * Of several values the last one that names this API counts. Throws VersionRefused.
 */
export function minorFrom(headers: HttpHeaders): Minor {
  const header = headers[VERSION_HEADER];
  if (header === undefined) return 0;
  const asked = askedOf(header);
  if (asked === undefined) return 0;
  if (asked.toLowerCase() === 'latest') return HIGHEST_MINOR;
  const [, major, minor] = /^(\d{1,9})\.(\d{1,9})$/.exec(asked) ?? [];
  if (major === undefined || minor === undefined)
    throw new VersionRefused(`invalid version string: ${asked}`, false);
  if (Number(major) !== 1 || Number(minor) > HIGHEST_MINOR)
    throw new VersionRefused(`Unacceptable version header: ${asked}`, true);
  return Number(minor);
}

/** Whether a version header is meant for this API. */
export function namesPlacement(headers: HttpHeaders): boolean {
  return askedOf(headers[VERSION_HEADER] ?? '') !== undefined;
}

function askedOf(header: string): string | undefined {
  const words = header.split(',').map((value) => value.trim().split(/\s+/));
  const ours = words.findLast(([service]) => service?.toLowerCase() === SERVICE);
  return ours?.slice(1).join(' ');
}
