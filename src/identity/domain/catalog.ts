/**
 * Invariant: every URL of the catalogue is absolute; a stored path lies below the deployment's own
 * base URL, wherever that is today.
 */

/** A named API that one component offers. */
export interface CatalogService {
  readonly name: string;
  readonly type: string;
  readonly endpoints: readonly Endpoint[];
}

/** One place where a service can be called. */
export interface Endpoint {
  readonly versionId: string;
  readonly region: string;
  readonly publicUrl: string;
  /** Null when the service has no web pages. */
  readonly uiUrl: string | null;
}

/** Returns the services with the deployment's base URL before every URL that is only a path. */
export function withAbsoluteUrls(
  services: readonly CatalogService[],
  baseUrl: string,
): readonly CatalogService[] {
  const absolute = (url: string) => (url.startsWith('/') ? baseUrl + url : url);
  return services.map((service) => ({
    ...service,
    endpoints: service.endpoints.map((endpoint) => ({
      ...endpoint,
      publicUrl: absolute(endpoint.publicUrl),
      uiUrl: endpoint.uiUrl === null ? null : absolute(endpoint.uiUrl),
    })),
  }));
}

/** Whether two lists of endpoints say the same, order included. */
export function sameEndpoints(one: readonly Endpoint[], other: readonly Endpoint[]): boolean {
  return (
    one.length === other.length &&
    one.every((endpoint, index) => {
      const counterpart = other[index];
      return (
        endpoint.versionId === counterpart?.versionId &&
        endpoint.region === counterpart.region &&
        endpoint.publicUrl === counterpart.publicUrl &&
        endpoint.uiUrl === counterpart.uiUrl
      );
    })
  );
}
