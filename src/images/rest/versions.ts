import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { API_PATH, API_VERSIONS } from '../domain/versions.js';
import { jsonAnswer } from './answers.js';

/** Returns the list of versions, to whoever asks and whatever he accepts (section 9.2). */
export function versionsAnswer(
  status: 200 | 300,
  request: HttpRequest,
  publicUrl: string | undefined,
): HttpAnswer {
  const href = `${baseUrl(request, publicUrl)}${API_PATH}`;
  return jsonAnswer(status, {
    versions: API_VERSIONS.map(({ id, status: age }) => ({
      id,
      status: age,
      links: [{ rel: 'self', href }],
    })),
  });
}

/** Returns the base of absolute URLs: the operator's, or how the caller reached us. */
export function baseUrl({ origin }: HttpRequest, publicUrl: string | undefined): string {
  return publicUrl ?? origin;
}
