import {
  type GetCommissionResponse,
  type IssueCommissionRequest,
  type ListCommissionsRequest,
  type ListCommissionsResponse,
  type ResolveCommissionRequest,
  type ResolveCommissionResponse,
  type ResolveCommissionsRequest,
  type ResolveCommissionsResponse,
  Settlement_Outcome,
} from '../gen/apportion/quotas/v1/commissions_service.js';
import type {
  ProjectQuota as ProjectQuotaMessage,
  UserQuota as UserQuotaMessage,
} from '../gen/apportion/quotas/v1/quotas.js';
import type {
  ListServiceProjectQuotasRequest,
  ListServiceQuotasRequest,
} from '../gen/apportion/quotas/v1/quotas_service.js';
import type { ListResourcesResponse } from '../gen/apportion/quotas/v1/resources_service.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import { invalid } from '../kernel/failure.js';
import { type Page, pageFromRequest, pageTokenAfter } from '../kernel/page.js';
import { attempt, type Parsed, unwrap } from '../kernel/parsed.js';
import { isQuantity } from '../kernel/quantity.js';
import {
  type Commission,
  type CommissionSummary,
  type EarlierSettlement,
  type IssueCommand,
  mergeProvisions,
  type Resolution,
  type ResolveCommand,
  settledOtherwise,
  storableName,
  storableReason,
  storableRequestId,
  validExpiry,
} from './domain/commission.js';
import { effectiveLimit, type ProjectQuota, type UserQuota } from './domain/counters.js';
import type { Settlement } from './domain/holding.js';
import type { ListCommand, ResolveOneCommand, ResolveOneResult } from './service/commissions.js';
import type {
  PageOfList,
  Reading,
  ResourcePage,
  ServiceQuotasCommand,
} from './service/readings.js';

/** Returns the command of an IssueCommission request. */
export function issueFromMessage(
  request: IssueCommissionRequest,
  maxProvisions: number,
): Parsed<IssueCommand> {
  return attempt(() => {
    if (request.provisions.length > maxProvisions)
      throw invalid(`A commission has at most ${maxProvisions} provisions`);
    const provisions = request.provisions.map((provision) => ({
      holder: provision.holder,
      source: provision.source ?? null,
      resource: provision.resource,
      quantity: provision.quantity,
    }));
    return {
      provisions: mergeProvisions(provisions),
      force: request.force,
      autoAccept: request.autoAccept,
      name: storableName(request.name),
      dryRun: request.dryRun,
      requestId: storableRequestId(request.requestId),
      expiresInMs: validExpiry(millisecondsOf(request.expiresIn)),
    };
  });
}

/** Returns the command of a ListCommissions request. */
export function listFromMessage(request: ListCommissionsRequest): Parsed<ListCommand> {
  return attempt(() => ({
    page: serialPage(request),
    minAgeMs: millisecondsOf(request.minAge),
    maxAgeMs: millisecondsOf(request.maxAge),
  }));
}

function serialPage(request: ListCommissionsRequest): Page<bigint> {
  const { size, after } = unwrap(pageFromRequest(request, 1));
  if (after === undefined) return { size, after };
  const [serial = ''] = after;
  if (!/^\d{1,19}$/.test(serial) || !isQuantity(BigInt(serial)))
    throw invalid('page_token is not one of this list');
  return { size, after: BigInt(serial) };
}

/** Returns a page of pending commissions as a message. */
export async function commissionsToMessage(
  reading: Reading<CommissionSummary, bigint>,
): Promise<ListCommissionsResponse> {
  const commissions = await collect(reading);
  const last = commissions.at(-1);
  const isFull = commissions.length === reading.page?.size;
  return {
    serials: commissions.map(({ serial }) => serial),
    nextPageToken: isFull && last !== undefined ? pageTokenAfter([String(last.serial)]) : '',
    commissions: commissions.map((commission) => ({
      ...summaryToMessage(commission),
      provisions: [],
    })),
    rest: undefined,
  };
}

function summaryToMessage({ serial, name, issuedAt, expiresAt }: CommissionSummary) {
  return { serial, name, issueTime: issuedAt, expireTime: expiresAt ?? undefined };
}

/** Returns a pending commission as a message. */
export function commissionToMessage(commission: Commission): GetCommissionResponse {
  return {
    commission: {
      ...summaryToMessage(commission),
      provisions: commission.provisions.map((provision) => ({
        ...provision,
        source: provision.source ?? undefined,
      })),
    },
    rest: undefined,
  };
}

/** Returns the command of a ResolveCommission request. */
export function resolveOneFromMessage(
  request: ResolveCommissionRequest,
): Parsed<ResolveOneCommand> {
  return attempt(() => {
    const { serial, action } = request;
    if (action === undefined) throw invalid('Set accept or reject');
    return { serial, how: action.$case, reason: storableReason(action.value.reason) };
  });
}

/** Returns the command of a ResolveCommissions request. */
export function resolveFromMessage(
  { accept, reject, reason }: ResolveCommissionsRequest,
  maxSerials: number,
): Parsed<ResolveCommand> {
  return attempt(() => {
    if (accept.length + reject.length > maxSerials)
      throw invalid(`At most ${maxSerials} serials are settled in one call`);
    return { accept, reject, reason: storableReason(reason) };
  });
}

/** Returns that one commission is settled; throws when it is not, or was settled the other way. */
export function settledToMessage({
  serial,
  how,
  failed,
}: ResolveOneResult): ResolveCommissionResponse {
  if (failed === undefined) return { alreadySettled: false, rest: undefined };
  const { earlier, failure } = failed;
  if (earlier === undefined) throw failure;
  if (earlier.how !== how) throw settledOtherwise(serial, earlier.how);
  return { alreadySettled: true, rest: undefined };
}

/**
 * Returns what became of serials as a message. A serial that was settled before the way this call
 * wanted counts as settled: that is what makes the call safe to repeat.
 */
export function resolutionToMessage({
  command,
  resolution,
}: {
  readonly command: ResolveCommand;
  readonly resolution: Resolution;
}): ResolveCommissionsResponse {
  const accepted = [...resolution.accepted];
  const rejected = [...resolution.rejected];
  const failed: ResolveCommissionsResponse['failed'] = [];
  const accept = new Set(command.accept);
  for (const { serial, failure, earlier } of resolution.failed) {
    const wanted: Settlement = accept.has(serial) ? 'accept' : 'reject';
    if (earlier?.how === wanted) (wanted === 'accept' ? accepted : rejected).push(serial);
    else {
      const { reason, message } = earlier ? settledOtherwise(serial, earlier.how) : failure;
      failed.push({ serial, reason, message });
    }
  }
  return {
    accepted: accepted.sort(ascending),
    rejected: rejected.sort(ascending),
    failed,
    alreadySettled: resolution.failed.flatMap(({ serial, earlier }) =>
      earlier === undefined ? [] : [settlementToMessage(serial, earlier)],
    ),
    rest: undefined,
  };
}

function settlementToMessage(serial: bigint, { how, at, reason }: EarlierSettlement) {
  const outcome =
    how === 'accept' ? Settlement_Outcome.OUTCOME_ACCEPTED : Settlement_Outcome.OUTCOME_REJECTED;
  return { serial, outcome, settleTime: at, reason };
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns a page of resources as a message. */
export function resourcesToMessage({ resources, next }: ResourcePage): ListResourcesResponse {
  return {
    resources: resources.map((resource) => ({
      name: resource.name,
      service: resource.service,
      description: resource.description ?? undefined,
      unit: resource.unit ?? undefined,
      uiVisible: resource.uiVisible,
      apiVisible: resource.apiVisible,
      allowInProjects: resource.uiVisible,
    })),
    nextPageToken: next === undefined ? '' : pageTokenAfter([next]),
    rest: undefined,
  };
}

/** Returns the command of a ListServiceQuotas request. */
export function serviceQuotasFromMessage(
  request: ListServiceQuotasRequest,
): Parsed<ServiceQuotasCommand> {
  return attempt(() => ({
    users: someOf(request.users),
    projects: someOf(request.projects),
    page: unwrap(pageFromRequest(request, 3)),
  }));
}

/** Returns the command of a ListServiceProjectQuotas request. */
export function serviceProjectQuotasFromMessage(
  request: ListServiceProjectQuotasRequest,
): Parsed<Omit<ServiceQuotasCommand, 'users'>> {
  return attempt(() => ({
    projects: someOf(request.projects),
    page: unwrap(pageFromRequest(request, 2)),
  }));
}

/** Returns the page of user quotas that was read, as a message. */
export async function userQuotasToMessage(reading: Reading<UserQuota>) {
  const quotas = await collect(reading);
  return {
    quotas: quotas.map(userQuotaToMessage),
    nextPageToken: nextPage(reading.page, quotas, ({ user, project, resource }) => [
      user,
      project,
      resource,
    ]),
    rest: undefined,
  };
}

/** Returns the page of project quotas that was read, as a message. */
export async function projectQuotasToMessage(reading: Reading<ProjectQuota>) {
  const quotas = await collect(reading);
  return {
    quotas: quotas.map(projectQuotaToMessage),
    nextPageToken: nextPage(reading.page, quotas, ({ project, resource }) => [project, resource]),
    rest: undefined,
  };
}

async function collect<Entry, Key>(reading: Reading<Entry, Key>): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  await reading.read((piece) => {
    for (const entry of piece) entries.push(entry);
  });
  return entries;
}

function nextPage<Entry>(
  page: PageOfList,
  entries: readonly Entry[],
  keyOf: (entry: Entry) => readonly string[],
): string {
  const last = entries.at(-1);
  const isFull = page !== undefined && entries.length === page.size;
  return isFull && last !== undefined ? pageTokenAfter(keyOf(last)) : '';
}

function userQuotaToMessage(quota: UserQuota): UserQuotaMessage {
  return {
    user: quota.user,
    limit: quota.userCounters.limit,
    usage: quota.userCounters.usage,
    pending: quota.userCounters.pending,
    projectQuota: projectQuotaToMessage(quota),
    effectiveLimit: effectiveLimit(quota),
  };
}

function projectQuotaToMessage({
  project,
  resource,
  projectCounters,
}: ProjectQuota): ProjectQuotaMessage {
  return {
    project,
    resource,
    projectLimit: projectCounters.limit,
    projectUsage: projectCounters.usage,
    projectPending: projectCounters.pending,
  };
}

/** An empty repeated field cannot be told from an absent one: both mean "all". */
function someOf(ids: readonly string[]): readonly string[] | undefined {
  return ids.length === 0 ? undefined : ids;
}

/** Longest duration that protobuf allows, in seconds. */
const LONGEST_DURATION = 315_576_000_000n;

function millisecondsOf(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  if (seconds < 0n || seconds > LONGEST_DURATION || nanos < 0 || nanos > 999_999_999)
    throw invalid('A duration must be positive and at most 10,000 years');
  return Number(seconds) * 1000 + nanos / 1e6;
}
