import { z } from 'zod';
import type { ServiceName } from './errors.js';

/** The catalogue of a token: what its project can reach. */
export const CATALOGUE = z.array(
  z.object({
    type: z.string(),
    endpoints: z.array(
      z.object({
        interface: z.string(),
        region_id: z.string().nullish(),
        region: z.string().nullish(),
        url: z.string(),
      }),
    ),
  }),
);

type Catalogue = z.infer<typeof CATALOGUE>;

/** How the catalogue of one deployment or another calls a service, best first. */
const SERVICES = {
  nova: { types: ['compute'], version: '/v2.1' },
  cinder: { types: ['volumev3', 'block-storage', 'block-store'], version: '/v3' },
  neutron: { types: ['network'], version: '/v2.0' },
} as const satisfies Record<Exclude<ServiceName, 'keystone'>, unknown>;

const INTERFACES = ['public', 'internal', 'admin'];

/** A service that is found by the catalogue. */
export type CataloguedService = keyof typeof SERVICES;

/**
 * Returns the base URL of a service with its version and without a slash at the end, or undefined
 * when the catalogue has none.
 *
 * Neutron's URL comes without a version as a rule, and Cinder's with the token's own project, the
 * only one accepted there (errata, `catalogue`); Nova's and Cinder's may lack the version too.
 */
export function findEndpoint(
  catalogue: Catalogue,
  service: CataloguedService,
  region: string | undefined,
): string | undefined {
  const { types, version } = SERVICES[service];
  for (const type of types) {
    const endpoints = catalogue
      .filter((entry) => entry.type === type)
      .flatMap((entry) => entry.endpoints)
      .filter((endpoint) => isIn(region, endpoint) && /^https?:$/.test(protocolOf(endpoint.url)));
    for (const wanted of INTERFACES) {
      const found = endpoints.find((endpoint) => endpoint.interface === wanted);
      if (found !== undefined) return withVersion(found.url, version);
    }
  }
  return undefined;
}

function isIn(
  region: string | undefined,
  endpoint: { region_id?: string | null; region?: string | null },
): boolean {
  return region === undefined || (endpoint.region_id ?? endpoint.region) === region;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function withVersion(url: string, version: string): string {
  const base = url.replace(/\/+$/, '');
  return /\/v\d+(\.\d+)?(\/|$)/.test(new URL(base).pathname) ? base : `${base}${version}`;
}
