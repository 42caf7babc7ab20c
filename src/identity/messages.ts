import type { Service, Token, User } from '../gen/apportion/identity/v1/identity.js';
import type {
  AuthenticateRequest,
  AuthenticateResponse,
  GetTokenRequest,
  GetTokenResponse,
} from '../gen/apportion/identity/v1/tokens_service.js';
import type {
  GetUserCatalogsRequest,
  GetUserCatalogsResponse,
} from '../gen/apportion/identity/v1/user_catalogs_service.js';
import { invalid } from '../kernel/failure.js';
import { type Parsed, parsed, unparsed } from '../kernel/parsed.js';
import type { CatalogService } from './domain/catalog.js';
import type {
  Access,
  AuthenticateCommand,
  GetTokenCommand,
  Subject,
} from './service/authentication.js';
import type { UserCatalogs, UserCatalogsCommand } from './service/user-catalogs.js';

/** Returns the command of TokensService.Authenticate. */
export function authenticateFromMessage(request: AuthenticateRequest): Parsed<AuthenticateCommand> {
  const { tokenId, tenantName } = request;
  if (tokenId === undefined) return parsed({});
  if (tokenId === '') return unparsed(invalid('token_id must not be empty'));
  return parsed({ token: tokenId, ...(tenantName !== undefined && { tenant: tenantName }) });
}

/** Returns the answer of TokensService.Authenticate. */
export function accessToMessage({ services, subject }: Access): AuthenticateResponse {
  return {
    services: services.map(serviceToMessage),
    token: subject && tokenToMessage(subject),
    user: subject && userToMessage(subject),
    rest: undefined,
  };
}

/** Returns the command of TokensService.GetToken. */
export function getTokenFromMessage({ tokenId, belongsTo }: GetTokenRequest): GetTokenCommand {
  return { token: tokenId, ...(belongsTo !== undefined && { belongsTo }) };
}

/** Returns the answer of TokensService.GetToken. */
export function subjectToMessage(subject: Subject): GetTokenResponse {
  return { token: tokenToMessage(subject), user: userToMessage(subject), rest: undefined };
}

/** Returns the command of both user catalogue calls. */
export function userCatalogsFromMessage(
  request: Omit<GetUserCatalogsRequest, 'rest'>,
): Parsed<UserCatalogsCommand> {
  return parsed({ uuids: request.uuids, displaynames: request.displaynames });
}

/** Returns the answer of both user catalogue calls. */
export function userCatalogsToMessage({ names, uuids }: UserCatalogs): GetUserCatalogsResponse {
  return {
    uuidCatalog: Object.fromEntries(names),
    displaynameCatalog: Object.fromEntries(uuids),
    rest: undefined,
  };
}

function serviceToMessage({ name, type, endpoints }: CatalogService): Service {
  return {
    name,
    type,
    endpoints: endpoints.map((endpoint) => ({ ...endpoint, uiUrl: endpoint.uiUrl ?? undefined })),
  };
}

function tokenToMessage({ token, user, tenant }: Subject): Token {
  return {
    id: token,
    expires: user.tokenExpiresAt ?? undefined,
    tenantId: tenant.id,
    tenantName: tenant.name,
  };
}

function userToMessage({ user, projects }: Subject): User {
  return { id: user.uuid, name: user.username, projects: [...projects] };
}
