import type {
  GetCommissionResponse,
  IssueCommissionRequest,
  ListCommissionsRequest,
  ResolveCommissionRequest,
  ResolveCommissionsRequest,
  ResolveCommissionsResponse,
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
import { invalid } from '../kernel/failure.js';
import { type Page, pageFromRequest, pageTokenAfter } from '../kernel/page.js';
import { attempt, type Parsed, unwrap } from '../kernel/parsed.js';
import { isQuantity } from '../kernel/quantity.js';
import {
  type Commission,
  type IssueCommand,
  mergeProvisions,
  type Resolution,
  type ResolveCommand,
  storableName,
  storableReason,
} from './domain/commission.js';
import { effectiveLimit, type ProjectQuota, type UserQuota } from './domain/counters.js';
import type { ResolveOneCommand } from './service/commissions.js';
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
    };
  });
}

/** Returns the page of a ListCommissions request. */
export function serialPageFromMessage(
  request: ListCommissionsRequest,
): Parsed<Page<bigint> | undefined> {
  return attempt(() => {
    const { size, after } = unwrap(pageFromRequest(request, 1));
    if (after === undefined) return { size, after };
    const [serial = ''] = after;
    const isSerial = /^\d{1,19}$/.test(serial) && isQuantity(BigInt(serial));
    if (!isSerial) throw invalid('page_token is not one of this list');
    return { size, after: BigInt(serial) };
  });
}

/** Returns a pending commission as a message. */
export function commissionToMessage(commission: Commission): GetCommissionResponse {
  return {
    commission: {
      serial: commission.serial,
      name: commission.name,
      issueTime: commission.issuedAt,
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

/** Returns what became of serials as a message. */
export function resolutionToMessage(resolution: Resolution): ResolveCommissionsResponse {
  return {
    accepted: [...resolution.accepted],
    rejected: [...resolution.rejected],
    failed: resolution.failed.map(({ serial, failure }) => ({
      serial,
      reason: failure.reason,
      message: failure.message,
    })),
    rest: undefined,
  };
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

async function collect<Entry>(reading: Reading<Entry>): Promise<readonly Entry[]> {
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
