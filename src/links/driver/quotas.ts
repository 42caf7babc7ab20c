import { z } from 'zod';
import type { CataloguedService } from './catalogue.js';
import { OpenStackError } from './errors.js';
import { readPages } from './paging.js';
import type { Session } from './session.js';

/** The six quotas of a link, in the documented order (section 4.1). */
export const QUOTA_NAMES = [
  'vcpu',
  'ram',
  'storage',
  'max_instances',
  'security_group_count',
  'security_group_rule_count',
] as const;

/** Name of a quota of a link. */
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** What a backend says about a project; −1 is its "unlimited". RAM and storage are in MiB. */
export interface BackendQuotas {
  readonly limits: Readonly<Record<QuotaName, bigint>>;
  readonly usage: Readonly<Record<QuotaName, bigint>>;
}

/** What became of the values for one service. */
export interface PushOutcome {
  readonly service: CataloguedService;
  /** The values that went there together; all of them were stored, or none. */
  readonly quotas: readonly QuotaName[];
  /** Why none was stored; absent: all were. After `unavailable` either may be the case. */
  readonly error?: OpenStackError;
}

/** The table of section 12.2, in the order in which services are called. */
const GROUPS = [
  { service: 'cinder', keys: { storage: 'gigabytes' } },
  { service: 'nova', keys: { max_instances: 'instances', ram: 'ram', vcpu: 'cores' } },
  {
    service: 'neutron',
    keys: {
      security_group_count: 'security_group',
      security_group_rule_count: 'security_group_rule',
    },
  },
] as const satisfies readonly {
  service: CataloguedService;
  keys: Partial<Record<QuotaName, string>>;
}[];

/** The most that any of the services stores (errata, `number forms`). */
const LARGEST = 2_147_483_647n;

const MIB_PER_GIB = 1024n;

/**
 * Sends limits, each service's in one call; values are as a link has them (RAM and storage in MiB,
 * −1 unlimited). Services without a value are not called, and without any value nothing is.
 *
 * Returns what became of each group: a refusal or failure at one service does not keep the others
 * from being called (12.2, Rule). Throws an OpenStackError of `keystone` when the sign-in fails;
 * nothing has been called then.
 */
export async function pushQuotas(
  session: Session,
  projectId: string,
  values: Partial<Readonly<Record<QuotaName, bigint>>>,
  signal?: AbortSignal,
): Promise<readonly PushOutcome[]> {
  const outcomes: PushOutcome[] = [];
  for (const { service, keys } of GROUPS) {
    const entries = QUOTA_NAMES.flatMap((name) => {
      const key = (keys as Partial<Record<QuotaName, string>>)[name];
      const value = values[name];
      return key === undefined || value === undefined ? [] : [{ name, key, value }];
    });
    if (entries.length === 0) continue;
    if (outcomes.length === 0) await session.signIn(signal);
    const error = await pushGroup(session, service, projectId, entries, signal);
    outcomes.push({ service, quotas: entries.map(({ name }) => name), error });
  }
  return outcomes;
}

interface Entry {
  readonly name: QuotaName;
  readonly key: string;
  readonly value: bigint;
}

async function pushGroup(
  session: Session,
  service: CataloguedService,
  projectId: string,
  entries: readonly Entry[],
  signal?: AbortSignal,
): Promise<OpenStackError | undefined> {
  const sent: Record<string, number> = {};
  for (const { name, key, value } of entries) {
    const backend = toBackend(name, value);
    if (backend < -1n || backend > LARGEST) {
      const message = `${service} was not asked: ${name} must be from -1 to ${mostOf(name)}`;
      return new OpenStackError(service, 'refused', message);
    }
    sent[key] = Number(backend);
  }
  const [path, envelope] = place(service, projectId);
  try {
    await session.call(service, { method: 'PUT', path, body: { [envelope]: sent }, signal });
    return undefined;
  } catch (error) {
    if (error instanceof OpenStackError) return error;
    throw error;
  }
}

/**
 * Reads the limits and the usage of a project as the services themselves count it (12.5).
 *
 * Throws an OpenStackError when one of the three does not answer: half of the truth would look like
 * all of it. Nova also refuses a project that Keystone does not know (400).
 */
export async function pullQuotas(
  session: Session,
  projectId: string,
  signal?: AbortSignal,
): Promise<BackendQuotas> {
  const [nova, cinder, neutron] = await Promise.all([
    readSet(session, 'nova', projectId, '/detail', signal),
    readSet(session, 'cinder', projectId, '?usage=true', signal),
    readNeutron(session, projectId, signal),
  ]);
  const sets = { nova, cinder, neutron };
  const limits = {} as Record<QuotaName, bigint>;
  const usage = {} as Record<QuotaName, bigint>;
  for (const { service, keys } of GROUPS) {
    for (const [name, key] of Object.entries(keys) as [QuotaName, string][]) {
      const read = sets[service][key];
      if (read === undefined) {
        throw new OpenStackError(service, 'garbled', `${service} tells no quota ${key}`);
      }
      limits[name] = fromBackend(name, read.limit);
      usage[name] = fromBackend(name, read.used);
    }
  }
  return { limits, usage };
}

interface Reading {
  readonly limit: number;
  readonly used: number;
}

const WHOLE = z.number().int();
const ALL_READINGS = {
  nova: readings('quota_set', ['instances', 'ram', 'cores'], 'in_use'),
  cinder: readings('quota_set', ['gigabytes'], 'in_use'),
  neutron: readings('quota', ['security_group', 'security_group_rule'], 'used'),
};

/** Other keys of the set are left aside, whatever form they have. */
function readings(envelope: string, keys: readonly string[], used: string) {
  const reading = z
    .object({ limit: WHOLE, [used]: WHOLE })
    .transform((value): Reading => ({ limit: value.limit as number, used: value[used] as number }));
  const set = z.object(Object.fromEntries(keys.map((key) => [key, reading])));
  return z
    .object({ [envelope]: set })
    .transform((value) => value[envelope] as Readonly<Record<string, Reading>>);
}

function readSet(
  session: Session,
  service: CataloguedService,
  projectId: string,
  suffix: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, Reading>>> {
  const [path] = place(service, projectId);
  const answer = ALL_READINGS[service];
  return session.call(service, { method: 'GET', path: `${path}${suffix}`, answer, signal });
}

/** Neutron's figures come from an extension; without it the objects are counted (12.5). */
async function readNeutron(
  session: Session,
  projectId: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, Reading>>> {
  try {
    return await readSet(session, 'neutron', projectId, '/details', signal);
  } catch (error) {
    if (!(error instanceof OpenStackError) || error.kind !== 'not-found') throw error;
  }
  const [path] = place('neutron', projectId);
  const { quota } = await session.call('neutron', {
    method: 'GET',
    path,
    answer: z.object({ quota: z.object({ security_group: WHOLE, security_group_rule: WHOLE }) }),
    signal,
  });
  const groups = await count(session, 'security-groups', 'security_groups', projectId, signal);
  const rules = await count(
    session,
    'security-group-rules',
    'security_group_rules',
    projectId,
    signal,
  );
  return {
    security_group: { limit: quota.security_group, used: groups },
    security_group_rule: { limit: quota.security_group_rule, used: rules },
  };
}

async function count(
  session: Session,
  collection: string,
  key: string,
  projectId: string,
  signal?: AbortSignal,
): Promise<number> {
  const ids = await readPages(session, {
    service: 'neutron',
    path: `/${collection}?project_id=${encodeURIComponent(projectId)}&fields=id`,
    key,
    item: z.object({ id: z.string() }),
    pageSize: 1000,
    signal,
  });
  return ids.length;
}

function place(service: CataloguedService, projectId: string): [path: string, envelope: string] {
  const id = encodeURIComponent(projectId);
  return service === 'neutron' ? [`/quotas/${id}`, 'quota'] : [`/os-quota-sets/${id}`, 'quota_set'];
}

/**
 * Cinder counts whole GiB: what does not fill one is not granted, except that the first is, because
 * zero would forbid what was asked for (12.2, Suggestion).
 */
function toBackend(name: QuotaName, value: bigint): bigint {
  if (name !== 'storage' || value <= 0n) return value;
  return value < MIB_PER_GIB ? 1n : value / MIB_PER_GIB;
}

/** −1 stays what it is (12.3, Rule). */
function fromBackend(name: QuotaName, value: number): bigint {
  return name === 'storage' && value > 0 ? BigInt(value) * MIB_PER_GIB : BigInt(value);
}

function mostOf(name: QuotaName): bigint {
  return name === 'storage' ? LARGEST * MIB_PER_GIB : LARGEST;
}
