import {
  ASTAKOS_JSON,
  astakosAnswer,
  astakosBody,
  astakosEmpty,
  astakosFaultName,
  astakosText,
  astakosTime,
} from '../../identity/index.js';
import { type Failure, invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, parsed, unwrap } from '../../kernel/parsed.js';
import { type HttpAnswer, type HttpRequest, lastOf, requireReadable } from '../../rpc/http.js';
import {
  isArray,
  isObject,
  type JsonObject,
  type JsonValue,
  member,
  type Writable,
} from '../../rpc/json.js';
import {
  type Commission,
  type CommissionSummary,
  type IssueCommand,
  mergeProvisions,
  type Provision,
  type RawProvision,
  type Resolution,
  type ResolveCommand,
  storableName,
  storableRequestId,
} from '../domain/commission.js';
import type { ProjectQuota, UserQuota } from '../domain/counters.js';
import type { ResolveOneCommand, ResolveOneResult } from '../service/commissions.js';
import type { Reading, ResourcePage, ServiceQuotasCommand } from '../service/readings.js';
import { NestedJson } from './nested-json.js';

/** Returns the command of `POST commissions`, checked in the documented order (section 5.2). */
export function issueFromHttp(request: HttpRequest, maxProvisions: number): Parsed<IssueCommand> {
  return attempt(() => {
    const body = unwrap(astakosBody(request));
    const provisions = member(body, 'provisions');
    if (provisions === undefined || provisions === null)
      throw invalid("Expected a 'provisions' field");
    if (!isArray(provisions)) throw invalid("'provisions' must be a list");
    if (provisions.length > maxProvisions)
      throw invalid(`A commission has at most ${maxProvisions} provisions`);
    const raw = provisions.map(provisionFrom);
    const force = flag(body, 'force');
    const autoAccept = flag(body, 'auto_accept');
    const name = text(body, 'name') ?? '';
    return {
      force,
      autoAccept,
      name: storableName(name),
      provisions: mergeProvisions(raw),
      dryRun: false,
      requestId: storableRequestId(requireReadable(request.headers, 'idempotency-key')),
      expiresInMs: null,
    };
  });
}

/** Returns the answer to `POST commissions`. */
export function serialToHttp(serial: bigint): HttpAnswer {
  return astakosAnswer(201, { serial });
}

/** Returns the documented fault of a commission that was refused: no `details`, but `data`. */
export function issueFault(failure: Failure): HttpAnswer | undefined {
  const name = EXCEPTIONS[failure.reason];
  if (name === undefined) return undefined;
  const [code, fault] = astakosFaultName(failure);
  const { facts, message } = failure;
  const provision = {
    holder: facts['holder'] ?? '',
    source: facts['source'] ?? null,
    resource: facts['resource'] ?? '',
    quantity: facts['quantity'] ?? 0n,
  };
  const data = { name, provision, usage: facts['usage'], limit: facts['limit'] };
  return astakosAnswer(code, { [fault]: { code, message, data } });
}

const EXCEPTIONS: Readonly<Record<string, string>> = {
  NO_CAPACITY: 'NoCapacityError',
  NO_QUANTITY: 'NoQuantityError',
  NO_HOLDING: 'NoHoldingError',
};

/** Returns the answer to `GET commissions`: a bare array of serials. */
export async function serialsToHttp(
  reading: Reading<CommissionSummary, bigint>,
): Promise<HttpAnswer> {
  const pieces: Buffer[] = [];
  await reading.read((commissions) => {
    const serials = commissions.map(({ serial }) => serial).join(', ');
    pieces.push(Buffer.from(pieces.length === 0 ? serials : `, ${serials}`));
  });
  return astakosText(200, [Buffer.from('['), ...pieces, Buffer.from(']')]);
}

/** Whether the place of the serial holds digits; anything else is an unknown path. */
export function isSerial([text = '']: readonly string[]): boolean {
  return /^\d+$/.test(text);
}

/** Returns the serial in the path. */
export function serialFromHttp({ parameters: [text = ''] }: HttpRequest): bigint {
  // Reading a number of thousands of digits is slow, and no serial is that long.
  return BigInt(text.replace(/^0+(?=\d)/, '').slice(0, 40));
}

/** Returns the answer to `GET commissions/<serial>` (section 5.5). */
export function commissionToHttp(commission: Commission): HttpAnswer {
  return astakosAnswer(200, {
    serial: commission.serial,
    issue_time: astakosTime(commission.issuedAt),
    name: commission.name,
    provisions: commission.provisions.map(provisionToJson),
  });
}

/** Returns the empty 404 by which two calls say that a serial is not pending. */
export function commissionNotFoundFault(failure: Failure): HttpAnswer | undefined {
  return failure.reason === 'COMMISSION_NOT_FOUND' ? astakosEmpty(404) : undefined;
}

/** Returns the command of `POST commissions/<serial>/action`; the action's value is ignored. */
export function resolveOneFromHttp(request: HttpRequest): Parsed<ResolveOneCommand> {
  return attempt(() => {
    const body = unwrap(astakosBody(request));
    const accepts = member(body, 'accept') !== undefined;
    const rejects = member(body, 'reject') !== undefined;
    if (accepts === rejects) throw invalid("Specify either 'accept' or 'reject' action");
    return { serial: serialFromHttp(request), how: accepts ? 'accept' : 'reject', reason: '' };
  });
}

/** Returns the answer to a settled commission: nothing at all, or 404 when it was not pending. */
export function settledToHttp({ failed }: ResolveOneResult): HttpAnswer {
  return astakosEmpty(failed === undefined ? 200 : 404);
}

/** Returns the command of `POST commissions/action` (section 5.8). */
export function resolveFromHttp(request: HttpRequest, maxSerials: number): Parsed<ResolveCommand> {
  return attempt(() => {
    const body = unwrap(astakosBody(request));
    const accept = serials(body, 'accept');
    const reject = serials(body, 'reject');
    if (accept.length + reject.length > maxSerials)
      throw invalid(`At most ${maxSerials} serials are settled in one call`);
    return { accept, reject, reason: '' };
  });
}

/** Returns the answer to `POST commissions/action`. */
export function resolutionToHttp({
  resolution: { accepted, rejected, failed },
}: {
  readonly resolution: Resolution;
}): HttpAnswer {
  return astakosAnswer(200, {
    accepted,
    rejected,
    failed: failed.map(({ serial, failure }) => {
      const [code, fault] = astakosFaultName(failure);
      return [serial, { [fault]: { code, message: failure.message } }];
    }),
  });
}

/** Returns the answer to `GET resources` (section 4.1). */
export function resourcesToHttp({ resources }: ResourcePage): HttpAnswer {
  const members = resources.map(({ name, service, description, unit, uiVisible, apiVisible }) => [
    name,
    {
      service,
      description,
      unit,
      allow_in_projects: uiVisible,
      ui_visible: uiVisible,
      api_visible: apiVisible,
    },
  ]);
  return astakosAnswer(200, Object.fromEntries(members) as Writable);
}

/** Returns the filters of `GET service_quotas`. */
export function serviceQuotasFromHttp({ query }: HttpRequest): Parsed<ServiceQuotasCommand> {
  return parsed({ users: list(query, 'user'), projects: list(query, 'project'), page: undefined });
}

/** Returns the filters of `GET service_project_quotas`. */
export function serviceProjectQuotasFromHttp({
  query,
}: HttpRequest): Parsed<Omit<ServiceQuotasCommand, 'users'>> {
  return parsed({ projects: list(query, 'project'), page: undefined });
}

/** Returns the answer to `GET quotas`: project → resource → counters. */
export async function quotasToHttp(reading: Reading<UserQuota>): Promise<HttpAnswer> {
  const json = new NestedJson(2, ASTAKOS_JSON);
  await reading.read((quotas) => {
    for (const quota of quotas) json.add([quota.project, quota.resource], userCounters(quota));
  });
  return astakosText(200, json.end());
}

/** Returns the answer to `GET service_quotas`: user → project → resource → counters. */
export async function serviceQuotasToHttp(reading: Reading<UserQuota>): Promise<HttpAnswer> {
  const json = new NestedJson(3, ASTAKOS_JSON);
  await reading.read((quotas) => {
    for (const quota of quotas) {
      json.add([quota.user, quota.project, quota.resource], userCounters(quota));
    }
  });
  return astakosText(200, json.end());
}

/** Returns the answer to `GET service_project_quotas`: project → resource → counters. */
export async function serviceProjectQuotasToHttp(
  reading: Reading<ProjectQuota>,
): Promise<HttpAnswer> {
  const json = new NestedJson(2, ASTAKOS_JSON);
  await reading.read((quotas) => {
    for (const quota of quotas) {
      json.add([quota.project, quota.resource], `{${projectCounters(quota)}}`);
    }
  });
  return astakosText(200, json.end());
}

function userCounters(quota: UserQuota): string {
  const { usage, limit, pending } = quota.userCounters;
  return `{"usage": ${usage}, "limit": ${limit}, "pending": ${pending}, ${projectCounters(quota)}}`;
}

function projectCounters({ projectCounters: { usage, limit, pending } }: ProjectQuota): string {
  return `"project_usage": ${usage}, "project_limit": ${limit}, "project_pending": ${pending}`;
}

function provisionToJson({ holder, source, resource, quantity }: Provision): Writable {
  return { holder, source, resource, quantity };
}

function provisionFrom(value: JsonValue): RawProvision {
  if (!isObject(value)) throw invalid('A provision must be a JSON dict');
  const holder = text(value, 'holder');
  const source = member(value, 'source');
  const resource = text(value, 'resource');
  const quantity = member(value, 'quantity');
  if (holder === undefined) throw invalid("A provision lacks 'holder'");
  if (source === undefined) throw invalid("A provision lacks 'source'");
  if (source !== null && typeof source !== 'string')
    throw invalid("'source' must be a string or null");
  if (resource === undefined) throw invalid("A provision lacks 'resource'");
  if (typeof quantity !== 'bigint') throw invalid("'quantity' must be an integer");
  return { holder, source, resource, quantity };
}

function flag(object: JsonObject, key: string): boolean {
  const value = member(object, key);
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalid(`'${key}' must be true or false`);
  return value;
}

function text(object: JsonObject, key: string): string | undefined {
  const value = member(object, key);
  if (value !== undefined && typeof value !== 'string') throw invalid(`'${key}' must be a string`);
  return value;
}

function serials(body: JsonObject, key: string): readonly bigint[] {
  const value = member(body, key);
  if (value === undefined) return [];
  if (!isArray(value)) throw invalid(`'${key}' must be a list`);
  return value.map((serial) => {
    if (typeof serial !== 'bigint') throw invalid(`'${key}' must be a list of integers`);
    return serial;
  });
}

/** Splits a comma list without trimming; a present but empty parameter names the empty id. */
function list(query: URLSearchParams, name: string): readonly string[] | undefined {
  return lastOf(query, name)?.split(',');
}
