/**
 * Invariant: a version is listed only when all of its features that belong to sharing exist; clients
 * test for ids (specification, section 9.2).
 */

/** A version of the API; minor ones announce features and are not negotiated. */
export interface ApiVersion {
  /** For instance `v2.5`. */
  readonly id: string;
  readonly status: 'CURRENT' | 'SUPPORTED';
}

/** Path below which all versions are served. */
export const API_PATH = '/v2/';

/** The newest minor version: the one with shared and community images. */
const NEWEST = 5;

/** Every version, newest first. */
export const API_VERSIONS: readonly ApiVersion[] = Array.from({ length: NEWEST + 1 }, (_, age) => ({
  id: `v2.${NEWEST - age}`,
  status: age === 0 ? 'CURRENT' : 'SUPPORTED',
}));
