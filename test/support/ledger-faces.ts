/** The calls of a component over either face, with answers in the same words. */
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../src/rpc/json.js';
import { connectGrpc, type GrpcClient, grpcFailure } from './grpc-client.js';
import type { RestAnswer, RestClient } from './rest-client.js';
import type { Stack } from './stack.js';

/** What issuing came to. */
export type Issued =
  | { readonly serial: bigint }
  | { readonly refused: string; readonly facts: Readonly<Record<string, string>> };

/** What settling one commission came to: by this call, not any more, or something else. */
export type Settled = 'settled' | 'too late' | `failed: ${string}`;

/** What settling many came to. */
export interface Resolved {
  readonly accepted: readonly bigint[];
  readonly rejected: readonly bigint[];
  readonly failed: readonly bigint[];
}

/** The six counters of one resource against one project. */
export interface SixCounters {
  readonly usage: bigint;
  readonly limit: bigint;
  readonly pending: bigint;
  readonly project_usage: bigint;
  readonly project_limit: bigint;
  readonly project_pending: bigint;
}

/** A user's counters, and whose they are. */
export interface KeyedCounters extends SixCounters {
  readonly project: string;
  readonly resource: string;
}

/** A project's own counters of one resource. */
export interface ProjectCounters {
  readonly resource: string;
  readonly usage: bigint;
  readonly pending: bigint;
}

/** How to issue, when not as usual. */
export interface IssueOptions {
  readonly autoAccept?: boolean;
  readonly force?: boolean;
  readonly name?: string;
}

/** A component's side of the ledger. Calls go out on many connections. */
export interface LedgerFace {
  issue(provisions: readonly Provision[], options?: IssueOptions): Promise<Issued>;
  settle(serial: bigint, how: 'accept' | 'reject'): Promise<Settled>;
  resolve(accept: readonly bigint[], reject: readonly bigint[]): Promise<Resolved>;
  pending(): Promise<readonly bigint[]>;
  /** Counters of a user by project and resource; none when the ledger does not know the user. */
  quotasOf(user: string): Promise<readonly KeyedCounters[]>;
  /** Counters of a project by resource; none when the ledger does not know the project. */
  projectQuotasOf(project: string): Promise<readonly ProjectCounters[]>;
  close(): void;
}

/** Both faces of a stack, by name. */
export function ledgerFaces(stack: Stack, token: string): Record<'REST' | 'gRPC', LedgerFace> {
  return { REST: restFace(stack.rest, token), gRPC: grpcFace(stack, token) };
}

const COMMISSIONS = '/account/v1.0/commissions';

/** Every call has a connection of its own, which Envoy hands to one of the servers. */
function restFace(rest: RestClient, token: string): LedgerFace {
  const post = (target: string, json: unknown) =>
    rest.post(`${COMMISSIONS}${target}`, { token, json });
  const rows = async (target: string, key: string) => {
    const answer = await rest.get(`/account/v1.0/${target}`, { token });
    if (answer.status === 404) return [];
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return Object.entries(memberOf(answer.json, key) as JsonObject);
  };
  return {
    async issue(provisions, { autoAccept, ...options } = {}) {
      const sent = provisions.map((one) => ({ ...one, source: one.source ?? null }));
      const answer = await post('', { ...options, provisions: sent, auto_accept: autoAccept });
      if (answer.status === 201) return { serial: memberOf(answer.json, 'serial') as bigint };
      return refusalFrom(answer);
    },
    async settle(serial, how) {
      const { status, text } = await post(`/${serial}/action`, { [how]: '' });
      if (status === 200) return 'settled';
      if (status === 404 && text === '') return 'too late';
      return `failed: ${status} ${text}`;
    },
    async resolve(accept, reject) {
      const answer = await post('/action', { accept, reject });
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
      const list = (key: string) => memberOf(answer.json, key) as readonly JsonValue[];
      return {
        accepted: list('accepted') as bigint[],
        rejected: list('rejected') as bigint[],
        failed: list('failed').map((pair) => (isArray(pair) ? pair[0] : undefined) as bigint),
      };
    },
    async pending() {
      return (await rest.get(COMMISSIONS, { token })).json as bigint[];
    },
    async quotasOf(user) {
      const projects = await rows(`service_quotas?user=${user}`, user);
      return projects.flatMap(([project, resources]) =>
        Object.entries(resources as JsonObject).map(([resource, counters]) => ({
          ...(counters as unknown as SixCounters),
          ...{ project, resource },
        })),
      );
    },
    async projectQuotasOf(project) {
      const resources = await rows(`service_project_quotas?project=${project}`, project);
      return resources.map(([resource, counters]) => ({
        resource,
        usage: memberOf(counters, 'project_usage') as bigint,
        pending: memberOf(counters, 'project_pending') as bigint,
      }));
    },
    close: () => undefined,
  };
}

/** Calls take turns between connections to every server and to Envoy. */
function grpcFace(stack: Stack, token: string): LedgerFace {
  const clients = [...stack.addresses, ...stack.addresses, stack.edge].map((address) =>
    connectGrpc(address),
  );
  let turn = 0;
  const next = (): GrpcClient => clients[(turn += 1) % clients.length]!;
  return {
    async issue(provisions, options = {}) {
      const request = { ...options, provisions: [...provisions] };
      const call = next().commissions.issueCommission(request, { token });
      return call.catch(async () => {
        const { code, reason, facts } = await grpcFailure(call);
        return { refused: reason ?? code, facts };
      });
    },
    async settle(serial, how) {
      const action = { $case: how, value: { reason: '' } };
      const call = next().commissions.resolveCommission({ serial, action }, { token });
      const outcome = await call.catch(() => undefined);
      if (outcome !== undefined) return outcome.alreadySettled ? 'too late' : 'settled';
      const { code, reason } = await grpcFailure(call);
      return reason === 'COMMISSION_SETTLED' ? 'too late' : `failed: ${code} ${reason ?? ''}`;
    },
    async resolve(accept, reject) {
      const request = { accept: [...accept], reject: [...reject] };
      const answer = await next().commissions.resolveCommissions(request, { token });
      // What an earlier call had settled is listed among the settled ones as well.
      const earlier = new Set(answer.alreadySettled.map(({ serial }) => serial));
      const failed = answer.failed.map(({ serial }) => serial);
      return {
        accepted: answer.accepted.filter((serial) => !earlier.has(serial)),
        rejected: answer.rejected.filter((serial) => !earlier.has(serial)),
        failed: [...new Set([...failed, ...earlier])],
      };
    },
    async pending() {
      return (await next().commissions.listCommissions({}, { token })).serials;
    },
    async quotasOf(user) {
      const call = next().quotas.listServiceQuotas({ users: [user] }, { token });
      const { quotas } = await knownOr(NO_QUOTAS, call);
      return quotas.map(({ usage, limit, pending, projectQuota }) => ({
        project: projectQuota?.project ?? '',
        resource: projectQuota?.resource ?? '',
        ...{ usage, limit, pending },
        project_usage: projectQuota?.projectUsage ?? -1n,
        project_limit: projectQuota?.projectLimit ?? -1n,
        project_pending: projectQuota?.projectPending ?? -1n,
      }));
    },
    async projectQuotasOf(project) {
      const call = next().quotas.listServiceProjectQuotas({ projects: [project] }, { token });
      const { quotas } = await knownOr(NO_QUOTAS, call);
      return quotas.map(({ resource, projectUsage, projectPending }) => ({
        ...{ resource, usage: projectUsage, pending: projectPending },
      }));
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

const NO_QUOTAS = { quotas: [], nextPageToken: '', rest: undefined };

async function knownOr<T>(unknown: NoInfer<T>, call: Promise<T>): Promise<T> {
  return call.catch(async (error: unknown) => {
    if ((await grpcFailure(call)).code === 'NOT_FOUND') return unknown;
    throw error;
  });
}

/** The documented fault, in the words of gRPC. */
function refusalFrom(answer: RestAnswer): Issued {
  const [fault] = Object.values(answer.json as JsonObject);
  const data = isObject(fault) ? fault['data'] : undefined;
  if (!isObject(data)) return { refused: `${answer.status} ${answer.text}`, facts: {} };
  const { provision, name, ...counters } = data;
  const facts: Record<string, string> = {};
  for (const [key, value] of Object.entries({ ...(provision as JsonObject), ...counters })) {
    if (typeof value === 'bigint' || typeof value === 'string') facts[key] = String(value);
  }
  const reason = typeof name === 'string' ? REASONS[name] : undefined;
  const expected = reason === 'NO_HOLDING' ? 404 : 413;
  if (reason === undefined || answer.status !== expected)
    return { refused: `${answer.status} ${answer.text}`, facts: {} };
  return { refused: reason, facts };
}

const REASONS: Readonly<Record<string, string>> = {
  NoCapacityError: 'NO_CAPACITY',
  NoQuantityError: 'NO_QUANTITY',
  NoHoldingError: 'NO_HOLDING',
};

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isObject(value) ? value[key] : undefined;
}
