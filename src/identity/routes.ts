import { TokensServiceService } from '../gen/apportion/identity/v1/tokens_service.js';
import { UserCatalogsServiceService } from '../gen/apportion/identity/v1/user_catalogs_service.js';
import type { Parsed } from '../kernel/parsed.js';
import {
  ANONYMOUS,
  type AnonymousPrincipal,
  type ComponentPrincipal,
  type UserPrincipal,
} from '../kernel/principal.js';
import { bindService, type BoundService, type Caller, route } from '../rpc/route.js';
import {
  accessToMessage,
  authenticateFromMessage,
  getTokenFromMessage,
  subjectToMessage,
  userCatalogsFromMessage,
  userCatalogsToMessage,
} from './messages.js';
import { astakos } from './rest/astakos.js';
import {
  accessToHttp,
  authenticateFromHttp,
  getTokenFromHttp,
  subjectToHttp,
} from './rest/tokens.js';
import { userCatalogsFromHttp, userCatalogsToHttp } from './rest/user-catalogs.js';
import type { Authentication } from './service/authentication.js';
import type { UserCatalogs, UserCatalogsCommand } from './service/user-catalogs.js';

/** Who may call a route of the Astakos family. */
export interface Callers {
  /** Nobody is asked who it is; a token that comes along is not looked at. */
  readonly anyone: Caller<AnonymousPrincipal>;
  readonly user: Caller<UserPrincipal>;
  readonly component: Caller<ComponentPrincipal>;
}

/** Returns the callers of the Astakos family, with its causes and messages of a 401. */
export function callersFrom(authentication: Authentication): Callers {
  return {
    anyone: { name: 'anyone', authenticate: () => ANONYMOUS },
    user: { name: 'user', authenticate: (credentials) => authentication.user(credentials) },
    component: {
      name: 'component',
      authenticate: (credentials) => authentication.component(credentials),
    },
  };
}

/** Returns identity's services, each RPC with its caller, codecs and use case. */
export function createRoutes(
  callers: Callers,
  authentication: Authentication,
  translate: (command: Parsed<UserCatalogsCommand>) => Promise<UserCatalogs>,
): readonly BoundService[] {
  const catalogs = {
    grpc: { decode: userCatalogsFromMessage, encode: userCatalogsToMessage },
    rest: { family: astakos, decode: userCatalogsFromHttp, encode: userCatalogsToHttp },
  };
  return [
    bindService(TokensServiceService, {
      authenticate: route({
        caller: callers.anyone,
        grpc: { decode: authenticateFromMessage, encode: accessToMessage },
        rest: { family: astakos, decode: authenticateFromHttp, encode: accessToHttp },
        run: (_caller, command) => authentication.access(command),
      }),
      getToken: route({
        caller: callers.anyone,
        grpc: { decode: getTokenFromMessage, encode: subjectToMessage },
        rest: { family: astakos, decode: getTokenFromHttp, encode: subjectToHttp },
        run: (_caller, command) => authentication.token(command),
      }),
    }),
    bindService(UserCatalogsServiceService, {
      getUserCatalogs: route({
        ...catalogs,
        caller: callers.user,
        run: (_caller, command) => translate(command),
      }),
      getServiceUserCatalogs: route({
        ...catalogs,
        caller: callers.component,
        run: (_caller, command) => translate(command),
      }),
    }),
  ];
}
