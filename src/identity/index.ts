import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import type { BoundService } from '../rpc/route.js';
import type { StateSection } from '../state/section.js';
import { type Callers, callersFrom, createRoutes } from './routes.js';
import { Authentication } from './service/authentication.js';
import { TokenLookup } from './service/token-lookup.js';
import { Tokens } from './service/tokens.js';
import { translateUsers } from './service/user-catalogs.js';
import { componentsSection, type NestedResources } from './state/components.js';
import { type UserHooks, usersSection } from './state/users.js';
import { type AccountSelection, type HeldAccount, holdAccounts } from './storage/account-holds.js';
import { AnnouncementListener } from './storage/announcement-listener.js';
import { componentIdOf, componentNamesByService, serviceNamesOf } from './storage/catalog.js';
import { acceptedUuids } from './storage/user-names.js';

export {
  ASTAKOS_CONTENT_TYPE,
  ASTAKOS_JSON,
  astakos,
  astakosAnswer,
  astakosBody,
  astakosEmpty,
  astakosFault,
  astakosFaultName,
  astakosText,
} from './rest/astakos.js';
export { astakosTime } from './rest/astakos-time.js';
export type { Callers } from './routes.js';
export type {
  CreatedToken,
  CreateTokenCommand,
  Revocation,
  Tokens,
  TokenSelector,
  TokenState,
  TokenSummary,
} from './service/tokens.js';
export type { AccountSelection, HeldAccount } from './storage/account-holds.js';
export type { TokenFilter } from './storage/token-list.js';
export type { NestedResource, NestedResources } from './state/components.js';

/** Most ids and names together that one user catalogue call may ask for. */
const MOST_CATALOG_ENTRIES = 10_000;

/** What other slices do and know for identity; everything runs in the transaction given. */
export interface IdentityHooks extends UserHooks {
  /** Projects in which a user is an accepted (or leave-requested) member. */
  projectsOf(tx: Tx, userUuid: string): Promise<readonly { id: string; name: string }[]>;
}

/** What identity works with. */
export interface IdentityDeps {
  readonly database: Database;
  /** For the connection that hears of revoked tokens. */
  readonly databaseUrl: string;
  readonly clock: Clock;
  /** Base URL of the deployment, without a trailing slash. */
  readonly publicUrl: string;
  readonly hooks: IdentityHooks;
  /** Most ids and names together in one user catalogue call; default 10,000. */
  readonly maxCatalogEntries?: number;
  /** How long a token is remembered, in milliseconds; default and most that is promised: 5,000. */
  readonly rememberTokensMs?: number;
}

/** Users, components with their services, tokens, and who calls. */
export interface Identity {
  readonly services: readonly BoundService[];
  readonly callers: Callers;
  /** Returns the names of a component's services, ascending. */
  servicesOf(tx: Tx, componentId: bigint): Promise<readonly string[]>;
  /** Returns the name of the component of each service; what is unknown is left out. */
  componentsOfServices(tx: Tx, services: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Returns the key of the component of this name, or undefined; `astakos` always exists. */
  componentIdOf(tx: Tx, name: string): Promise<bigint | undefined>;
  /** Returns which of the uuids are those of accepted users. */
  acceptedUsers(tx: Tx, uuids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Returns accounts and keeps them as they are; see `storage/account-holds.ts`. */
  holdAccounts(tx: Tx, selection: AccountSelection): Promise<readonly HeldAccount[]>;
  /** Tokens, for operators. */
  readonly tokens: Tokens;
  /** Returns the sections `components` and `users` of the state file, in this order. */
  stateSections(nested: { readonly resources: NestedResources }): readonly StateSection[];
  /** Begins to hear of tokens that other processes revoke; until then they are believed for 5 s. */
  start(): Promise<void>;
  /** Stops hearing of revoked tokens. */
  stop(): Promise<void>;
}

/** Returns the identity slice. */
export function createIdentity(deps: IdentityDeps): Identity {
  const { database, databaseUrl, clock, hooks } = deps;
  const lookup = new TokenLookup(database, deps.rememberTokensMs);
  const listener = new AnnouncementListener(databaseUrl, (hash) => {
    lookup.forget(hash);
  });
  const authentication = new Authentication({
    database,
    clock,
    publicUrl: deps.publicUrl,
    lookup,
    projectsOf: (tx, userUuid) => hooks.projectsOf(tx, userUuid),
  });
  const callers = callersFrom(authentication);
  const maxEntries = deps.maxCatalogEntries ?? MOST_CATALOG_ENTRIES;
  return {
    callers,
    services: createRoutes(callers, authentication, (command) =>
      translateUsers(database, command, maxEntries),
    ),
    servicesOf: serviceNamesOf,
    componentsOfServices: componentNamesByService,
    componentIdOf,
    acceptedUsers: acceptedUuids,
    holdAccounts,
    tokens: new Tokens(database, clock, (hash) => {
      lookup.forget(hash);
    }),
    stateSections: ({ resources }) => [componentsSection(resources), usersSection(clock, hooks)],
    start: () => listener.start(),
    stop: () => listener.stop(),
  };
}
