import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { Failure, invalid, notFound } from '../../kernel/failure.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { ComponentPrincipal, UserPrincipal } from '../../kernel/principal.js';
import { type CatalogService, withAbsoluteUrls } from '../domain/catalog.js';
import { type TokenHeaders, tokenIn } from '../domain/credentials.js';
import {
  judgeComponentToken,
  judgeUserToken,
  type KnownToken,
  tokenMissing,
} from '../domain/known-token.js';
import { type Tenant, tenantFor } from '../domain/tenant.js';
import { listServices } from '../storage/catalog.js';
import type { TokenLookup } from './token-lookup.js';

/** Asks for the catalogue, and with a token for its owner. */
export interface AuthenticateCommand {
  /** Absent asks for the catalogue alone. */
  readonly token?: string;
  /** Id of the project to speak for; absent means the base project. */
  readonly tenant?: string;
}

/** Asks for the owner of a token. */
export interface GetTokenCommand {
  readonly token: string;
  /** Id of a project the user must belong to; absent asks for none. */
  readonly belongsTo?: string;
}

/** Who a token belongs to and which project it speaks for. */
export interface Subject {
  readonly token: string;
  readonly user: UserPrincipal;
  readonly tenant: Tenant;
  /** Ids of the user's projects, ascending. */
  readonly projects: readonly string[];
}

/** The catalogue, and the owner of the token when one was sent. */
export interface Access {
  readonly services: readonly CatalogService[];
  readonly subject: Subject | undefined;
}

/** What authentication works with. */
export interface AuthenticationDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly publicUrl: string;
  readonly lookup: TokenLookup;
  projectsOf(tx: Tx, userUuid: string): Promise<readonly Tenant[]>;
}

/** Tells who calls, and who a token belongs to. */
export class Authentication {
  constructor(private readonly deps: AuthenticationDeps) {}

  /** Returns the user whose token a call carries, at once when remembered; throws the 401. */
  user(headers: TokenHeaders): UserPrincipal | Promise<UserPrincipal> {
    return this.#judged(headers, judgeUserToken);
  }

  /** Returns the component whose token a call carries, at once when remembered; throws the 401. */
  component(headers: TokenHeaders): ComponentPrincipal | Promise<ComponentPrincipal> {
    return this.#judged(headers, judgeComponentToken);
  }

  /** Returns the catalogue, and the token's owner when the command names a token. */
  async access(command: Parsed<AuthenticateCommand>): Promise<Access> {
    const { token, tenant } = unwrap(command);
    const user = token === undefined ? undefined : await this.#userOf(token);
    return this.deps.database.snapshot(async (tx) => {
      const services = withAbsoluteUrls(await listServices(tx), this.deps.publicUrl);
      if (token === undefined || user === undefined) return { services, subject: undefined };
      const subject = await this.#subject(tx, token, user, tenant);
      if (subject === undefined) throw invalid('Not conforming tenantName');
      return { services, subject };
    });
  }

  /** Returns the token's owner; what is unknown or unusable or belongs elsewhere is not found. */
  async token(command: GetTokenCommand): Promise<Subject> {
    const user = await this.#userOf(command.token).catch((error: unknown) => {
      throw error instanceof Failure && error.kind === 'unauthenticated' ? tokenNotFound() : error;
    });
    const subject = await this.deps.database.snapshot((tx) =>
      this.#subject(tx, command.token, user, command.belongsTo),
    );
    if (subject === undefined) throw tokenNotFound();
    return subject;
  }

  async #userOf(token: string): Promise<UserPrincipal> {
    return judgeUserToken(await this.deps.lookup.find(token), this.deps.clock.now());
  }

  async #subject(
    tx: Tx,
    token: string,
    user: UserPrincipal,
    tenantId: string | undefined,
  ): Promise<Subject | undefined> {
    const projects = await this.deps.projectsOf(tx, user.uuid);
    const tenant = tenantFor(user.uuid, projects, tenantId);
    if (tenant === undefined) return undefined;
    return { token, user, tenant, projects: projects.map(({ id }) => id).sort() };
  }

  #judged<P>(
    headers: TokenHeaders,
    judge: (token: KnownToken | undefined, now: Date) => P,
  ): P | Promise<P> {
    const value = tokenIn(headers);
    if (value === undefined) throw tokenMissing();
    const found = this.deps.lookup.find(value);
    // Remembered tokens cost no turn of the event loop; that is most calls.
    if (!(found instanceof Promise)) return judge(found, this.deps.clock.now());
    return found.then((token) => judge(token, this.deps.clock.now()));
  }
}

/** The token itself stays out of the failure, and so of the log. */
function tokenNotFound(): Failure {
  return notFound('token', '', 'Unknown token');
}
