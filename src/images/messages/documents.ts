import type { GetSchemaResponse } from '../../gen/apportion/images/v1/schemas_service.js';
import {
  type ListVersionsResponse,
  ListVersionsResponse_Version_Status as VersionStatus,
} from '../../gen/apportion/images/v1/versions_service.js';
import type { Schema } from '../domain/schemas.js';
import { API_PATH, type ApiVersion } from '../domain/versions.js';

/** Returns a schema as a message. */
export function schemaResponse(schema: Schema): GetSchemaResponse {
  return { schema: JSON.stringify(schema), rest: undefined };
}

/** Returns the versions as a message. */
export function versionsResponse(versions: readonly ApiVersion[]): ListVersionsResponse {
  return {
    versions: versions.map(({ id, status }) => ({
      id,
      status: status === 'CURRENT' ? VersionStatus.STATUS_CURRENT : VersionStatus.STATUS_SUPPORTED,
      path: API_PATH,
    })),
    rest: undefined,
  };
}
