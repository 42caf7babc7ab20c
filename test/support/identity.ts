/** The identity slice on a database of its own, with the other slices' part taken down. */
import { z } from 'zod';
import { Database } from '../../src/db/database.js';
import type { Tx } from '../../src/db/tx.js';
import { createIdentity, type Identity } from '../../src/identity/index.js';
import type { NestedResource } from '../../src/identity/index.js';
import { type Clock, systemClock } from '../../src/kernel/clock.js';
import { Failure } from '../../src/kernel/failure.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import type { HttpAnswer, HttpRequest } from '../../src/rpc/http.js';
import type { Face } from '../../src/kernel/call-context.js';
import type { Credentials } from '../../src/rpc/route.js';
import { applyStateText } from '../../src/state/apply.js';
import type { ReportLine, StateSection } from '../../src/state/section.js';
import type { TestDatabase } from './database.js';

/** What identity told the other slices, in order. */
export type Told =
  | { readonly accepted: readonly { uuid: string; username: string }[] }
  | { readonly switched: readonly { uuid: string; active: boolean }[] }
  | { readonly resources: readonly NestedResource[] };

/** One process's identity slice, not started. */
export interface IdentityFixture {
  readonly database: Database;
  readonly identity: Identity;
  readonly sections: readonly StateSection[];
  /** Grows with every call of a hook, also in transactions that are rolled back. */
  readonly told: Told[];
  /** Projects by user, as the projects slice would know them. */
  readonly projects: Map<string, readonly { id: string; name: string }[]>;
  apply(yaml: string, options?: { readonly dryRun?: boolean }): Promise<readonly ReportLine[]>;
  /** Applies a state file and returns what was done, an object per line. */
  applied(yaml: string): Promise<readonly string[]>;
  /** Returns why a state file is refused, without the file's name. */
  refusal(yaml: string): Promise<string>;
  /** Returns who a token belongs to, or why it is refused. */
  who(token: string, kind?: 'user' | 'component'): Promise<string>;
  /** Calls an RPC's REST face as if a request had been routed to it. */
  rest(rpc: string, request: Partial<HttpRequest>, headers?: CallHeaders): Promise<HttpAnswer>;
  /** Calls an RPC's gRPC face. */
  grpc(rpc: string, message: unknown, headers?: CallHeaders): Promise<unknown>;
  close(): Promise<void>;
}

type CallHeaders = Readonly<Record<string, string>>;

/** Returns an identity slice on the database, as one more process would have it. */
export function createIdentityFixture(
  { url }: TestDatabase,
  options: { readonly clock?: Clock; readonly rememberTokensMs?: number } = {},
): IdentityFixture {
  const { clock = systemClock, rememberTokensMs } = options;
  const database = new Database({ url, poolSize: 4 });
  const told: Told[] = [];
  const projects: IdentityFixture['projects'] = new Map();
  const tell = (what: Told) => {
    told.push(what);
    return Promise.resolve();
  };
  const identity = createIdentity({
    database,
    databaseUrl: url,
    clock,
    publicUrl: 'http://apportion.test',
    hooks: {
      userAccepted: (_tx: Tx, accepted) => tell({ accepted }),
      userActivityChanged: (_tx: Tx, switched) => tell({ switched }),
      projectsOf: (_tx: Tx, uuid) => Promise.resolve(projects.get(uuid) ?? []),
    },
    maxCatalogEntries: 5,
    rememberTokensMs,
  });
  const sections = identity.stateSections({
    resources: {
      entry: z.strictObject({ name: z.string() }),
      apply: (_tx, resources) => tell({ resources }),
    },
  });
  const routeOf = (rpc: string) => {
    const methods = identity.services.flatMap((service) => service.methods);
    const method = methods.find((candidate) => candidate.rpc.endsWith(`/${rpc}`));
    if (method === undefined) throw new Error(`no RPC ${rpc}`);
    return method.route;
  };
  const apply: IdentityFixture['apply'] = (yaml, { dryRun = false } = {}) =>
    applyStateText({ database, stateSections: sections }, yaml, 'state.yaml', { dryRun });
  return {
    database,
    identity,
    sections,
    told,
    projects,
    apply,
    applied: async (yaml) => (await apply(yaml)).map(printed),
    refusal: (yaml) =>
      apply(yaml).then(
        () => 'applied',
        (error: unknown) => {
          if (error instanceof OperatorError) return error.message.replace('state.yaml: ', '');
          throw error;
        },
      ),
    who: async (token, kind = 'user') => {
      try {
        const caller = identity.callers[kind];
        const principal = await caller.authenticate(credentialsOf({ 'x-auth-token': token }));
        return principal.kind === 'user' ? principal.uuid : principal.name;
      } catch (error) {
        if (error instanceof Failure && error.kind === 'unauthenticated') return error.message;
        throw error;
      }
    },
    rest: (rpc, request, headers = {}) =>
      routeOf(rpc).answerRest(requestOf(request), credentialsOf(headers), contextOf('rest')),
    grpc: (rpc, message, headers = {}) =>
      routeOf(rpc).answerGrpc(message, credentialsOf(headers), contextOf('grpc')),
    close: async () => {
      await identity.stop();
      await database.close();
    },
  };
}

function printed({ outcome, kind, name, note }: ReportLine): string {
  return [outcome, kind, name, ...(note === undefined ? [] : [note])].join(' ');
}

/** Returns the tokens of a call with these headers. */
export function credentialsOf(headers: CallHeaders): Credentials {
  const header = (name: string) => headers[name];
  return { authToken: header('x-auth-token'), authorization: header('authorization'), header };
}

function contextOf(face: Face) {
  return { requestId: 'r', face, deadline: Infinity, isCancelled: () => false };
}

function requestOf(fields: Partial<HttpRequest>): HttpRequest {
  return {
    method: 'POST',
    target: '/',
    path: '/',
    parameters: [],
    query: new URLSearchParams(),
    headers: {},
    origin: 'http://edge.test',
    contentType: 'application/json',
    body: new Uint8Array(),
    requestId: 'r',
    ...fields,
  };
}

/** Leaves what is built in, and nothing else, where no ledger exists that could point to it. */
export async function forgetEverybody(database: TestDatabase): Promise<void> {
  // Components are never deleted while triggers fire; here they are the rest of another test.
  await database.query(`
    begin;
    set local session_replication_role = replica;
    delete from tokens;
    delete from users;
    delete from endpoints where service_id not in (select id from services where name = 'astakos_account');
    delete from services where name <> 'astakos_account';
    delete from components where name <> 'astakos';
    commit`);
}
