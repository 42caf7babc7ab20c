import { invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { isArray, type JsonObject, member } from '../../rpc/json.js';
import type { UserCatalogs, UserCatalogsCommand } from '../service/user-catalogs.js';
import { astakosAnswer, astakosBody } from './astakos.js';

/** Reads the body of both user catalogue calls; an absent or null list is an empty one. */
export function userCatalogsFromHttp(request: HttpRequest): Parsed<UserCatalogsCommand> {
  return attempt(() => {
    const body = unwrap(astakosBody(request));
    return { uuids: textsIn(body, 'uuids'), displaynames: textsIn(body, 'displaynames') };
  });
}

function textsIn(body: JsonObject, key: string): readonly string[] {
  const list = member(body, key) ?? [];
  if (!isArray(list)) throw invalid(`${key} should be a list of strings`);
  return list.map((entry) => {
    if (typeof entry !== 'string') throw invalid(`${key} should be a list of strings`);
    return entry;
  });
}

/** Writes the answer of both user catalogue calls; both keys are always there. */
export function userCatalogsToHttp({ names, uuids }: UserCatalogs): HttpAnswer {
  return astakosAnswer(200, {
    uuid_catalog: Object.fromEntries(names),
    displayname_catalog: Object.fromEntries(uuids),
  });
}
