import { invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, parsed, unwrap } from '../../kernel/parsed.js';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { lastOf } from '../../rpc/http.js';
import { isObject, type JsonObject, member, type Writable } from '../../rpc/json.js';
import type { CatalogService } from '../domain/catalog.js';
import type {
  Access,
  AuthenticateCommand,
  GetTokenCommand,
  Subject,
} from '../service/authentication.js';
import { astakosAnswer, astakosBody } from './astakos.js';
import { astakosTime } from './astakos-time.js';

/** Reads `POST /identity/v2.0/tokens`; an empty body asks for the catalogue, whatever its type. */
export function authenticateFromHttp(request: HttpRequest): Parsed<AuthenticateCommand> {
  if (request.body.length === 0) return parsed({});
  return attempt(() => {
    const auth = member(unwrap(astakosBody(request)), 'auth');
    if (!isObject(auth)) throw invalid('Malformed request: missing credentials');
    const token = tokenIdIn(auth);
    const tenant = member(auth, 'tenantName') ?? '';
    if (typeof tenant !== 'string') throw invalid('Malformed request: tenantName is not a string');
    return { token, ...(tenant !== '' && { tenant }) };
  });
}

function tokenIdIn(auth: JsonObject): string {
  const token = member(auth, 'token');
  const id = isObject(token) ? member(token, 'id') : undefined;
  if (typeof id !== 'string' || id === '') throw invalid('Malformed request: missing credentials');
  return id;
}

/** Writes the answer to `POST /identity/v2.0/tokens`. */
export function accessToHttp({ services, subject }: Access): HttpAnswer {
  return astakosAnswer(200, {
    access: { ...(subject && subjectMembers(subject)), serviceCatalog: services.map(entryOf) },
  });
}

/** Reads `GET /identity/v2.0/tokens/{token_id}`. */
export function getTokenFromHttp(request: HttpRequest): GetTokenCommand {
  const belongsTo = lastOf(request.query, 'belongsTo');
  return { token: request.parameters[0] ?? '', ...(belongsTo !== undefined && { belongsTo }) };
}

/** Writes the answer to `GET /identity/v2.0/tokens/{token_id}`. */
export function subjectToHttp(subject: Subject): HttpAnswer {
  return astakosAnswer(200, { access: subjectMembers(subject) });
}

function subjectMembers({ token, user, tenant, projects }: Subject): Record<string, Writable> {
  return {
    token: {
      id: token,
      expires: user.tokenExpiresAt === null ? null : astakosTime(user.tokenExpiresAt),
      tenant: { id: tenant.id, name: tenant.name },
    },
    user: {
      id: user.uuid,
      name: user.username,
      roles: user.scope.roles.map((role) => ({ id: role, name: role })),
      roles_links: [],
      projects,
    },
  };
}

function entryOf({ name, type, endpoints }: CatalogService): Writable {
  return {
    name,
    type,
    endpoints_links: [],
    endpoints: endpoints.map(({ versionId, region, publicUrl, uiUrl }) => ({
      versionId,
      region,
      publicURL: publicUrl,
      // The key is there without web pages, too: a client fails on its absence (section 11).
      'SNF:uiURL': uiUrl ?? '',
    })),
  };
}
