import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { isSchemaName, type Schema } from '../domain/schemas.js';
import { jsonAnswer } from './answers.js';
import { refuseBody } from './requests.js';

/** Whether the place of the name holds one; anything else is an unknown path. */
export function namesSchema([name = '']: readonly string[]): boolean {
  return isSchemaName(name);
}

/** Returns the name of a schema from a request that has no body. */
export function schemaNameFromHttp(request: HttpRequest): string {
  refuseBody(request);
  return request.parameters[0] ?? '';
}

/** Returns the answer that is a schema. */
export function schemaToHttp(schema: Schema): HttpAnswer {
  return jsonAnswer(200, schema);
}
