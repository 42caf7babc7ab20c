import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import { countersOf, type ProjectQuota, type UserQuota } from '../domain/counters.js';

/** How many rows are in memory at a time. */
const PIECE = 2_000;

const USER_PREFIX = 'user:';
const PROJECT_PREFIX = 'project:';

/** Which user quotas to read; undefined filters let everything pass. */
export interface UserQuotaFilter {
  readonly users: readonly string[] | undefined;
  readonly projects: readonly string[] | undefined;
  readonly resources: readonly string[];
  /** Reads behind this key only: user, project, resource. */
  readonly after: readonly string[] | undefined;
  /** At most this many; undefined reads all. */
  readonly limit: number | undefined;
}

/** Which project quotas to read; undefined filters let everything pass. */
export interface ProjectQuotaFilter {
  readonly projects: readonly string[] | undefined;
  readonly resources: readonly string[];
  /** Reads behind this key only: project, resource. */
  readonly after: readonly string[] | undefined;
  readonly limit: number | undefined;
}

interface UserRow extends ProjectRow {
  readonly user: string;
  readonly limit: Quantity;
  readonly usageMin: Quantity;
  readonly usageMax: Quantity;
}

interface ProjectRow {
  readonly project: string;
  readonly resource: string;
  readonly projectLimit: Quantity;
  readonly projectUsageMin: Quantity;
  readonly projectUsageMax: Quantity;
}

/**
 * Yields user quotas by user, project and resource, each with its project's counters, all from one
 * snapshot: both holdings come out of the same statement.
 */
export async function* readUserQuotas(
  tx: Tx,
  filter: UserQuotaFilter,
): AsyncIterable<readonly UserQuota[]> {
  const values: unknown[] = [filter.resources];
  const conditions = [
    'u.resource = any($1)',
    `u.source is not null`,
    ...bound(values, 'u.holder = any(?)', prefixed(USER_PREFIX, filter.users)),
    ...bound(values, 'u.source = any(?)', prefixed(PROJECT_PREFIX, filter.projects)),
    ...after(values, ['u.holder', 'u.source', 'u.resource'], keyOf(filter.after)),
  ];
  const text = `
    select substr(u.holder, 6) as "user", substr(u.source, 9) as project, u.resource,
           u."limit", u.usage_min as "usageMin", u.usage_max as "usageMax",
           coalesce(p."limit", 0) as "projectLimit",
           coalesce(p.usage_min, 0) as "projectUsageMin",
           coalesce(p.usage_max, 0) as "projectUsageMax"
      from holdings u
      left join holdings p on p.holder = u.source and p.source is null and p.resource = u.resource
     where ${conditions.join(' and ')}
     order by u.holder, u.source, u.resource
     ${filter.limit === undefined ? '' : `limit ${filter.limit}`}`;
  for await (const rows of tx.pieces<UserRow>({ text }, values, PIECE)) yield rows.map(userQuota);
}

/** Yields project quotas by project and resource. */
export async function* readProjectQuotas(
  tx: Tx,
  filter: ProjectQuotaFilter,
): AsyncIterable<readonly ProjectQuota[]> {
  const values: unknown[] = [filter.resources];
  const conditions = [
    'p.resource = any($1)',
    'p.source is null',
    ...bound(values, 'p.holder = any(?)', prefixed(PROJECT_PREFIX, filter.projects)),
    ...after(values, ['p.holder', 'p.resource'], projectKeyOf(filter.after)),
  ];
  const text = `
    select substr(p.holder, 9) as project, p.resource, p."limit" as "projectLimit",
           p.usage_min as "projectUsageMin", p.usage_max as "projectUsageMax"
      from holdings p
     where ${conditions.join(' and ')}
     order by p.holder, p.resource
     ${filter.limit === undefined ? '' : `limit ${filter.limit}`}`;
  for await (const rows of tx.pieces<ProjectRow>({ text }, values, PIECE))
    yield rows.map(projectQuota);
}

function bound(values: unknown[], condition: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  values.push(value);
  return [condition.replace('?', `$${values.length}`)];
}

function after(
  values: unknown[],
  columns: readonly string[],
  key: readonly string[] | undefined,
): readonly string[] {
  if (key === undefined) return [];
  const places = key.map((part) => `$${values.push(part)}`);
  return [`(${columns.join(', ')}) > (${places.join(', ')})`];
}

function prefixed(prefix: string, ids: readonly string[] | undefined) {
  return ids?.map((id) => prefix + id);
}

function keyOf(key: readonly string[] | undefined): readonly string[] | undefined {
  if (key === undefined) return undefined;
  const [user = '', project = '', resource = ''] = key;
  return [USER_PREFIX + user, PROJECT_PREFIX + project, resource];
}

function projectKeyOf(key: readonly string[] | undefined): readonly string[] | undefined {
  if (key === undefined) return undefined;
  const [project = '', resource = ''] = key;
  return [PROJECT_PREFIX + project, resource];
}

function userQuota(row: UserRow): UserQuota {
  return { ...projectQuota(row), user: row.user, userCounters: countersOf(row) };
}

function projectQuota(row: ProjectRow): ProjectQuota {
  return {
    project: row.project,
    resource: row.resource,
    projectCounters: countersOf({
      limit: row.projectLimit,
      usageMin: row.projectUsageMin,
      usageMax: row.projectUsageMax,
    }),
  };
}
