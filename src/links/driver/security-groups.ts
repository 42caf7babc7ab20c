import { z } from 'zod';
import { OpenStackError } from './errors.js';
import { readPages } from './paging.js';
import type { Session } from './session.js';

/**
 * What may come in, over IPv4. For `icmp` the ports are type and code; −1 means any (section 6).
 */
export interface SecurityGroupRule {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly fromPort: number;
  readonly toPort: number;
  /** Such as `0.0.0.0/0`. */
  readonly cidr: string;
}

/** A security group as a link wants it. */
export interface SecurityGroupPlan {
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SecurityGroupRule[];
  /** The backend's id; absent while it is not known, and the group is then found by its name. */
  readonly backendId?: string;
}

/** A security group as the backend has it. Rules that a link cannot express are left out. */
export interface BackendSecurityGroup extends SecurityGroupPlan {
  readonly backendId: string;
}

/** What became of one group. */
export interface SecurityGroupOutcome {
  readonly name: string;
  /** Absent when the group could not be made. */
  readonly backendId?: string;
  /** Absent when the backend now has the group as wanted, or no longer has it. */
  readonly error?: OpenStackError;
}

const PORT = z.number().int().nullish();
const RULE = z.object({
  id: z.string(),
  direction: z.string(),
  ethertype: z.string().nullish(),
  protocol: z.string().nullish(),
  port_range_min: PORT,
  port_range_max: PORT,
  remote_ip_prefix: z.string().nullish(),
  remote_group_id: z.string().nullish(),
});
const GROUP = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullish(),
  security_group_rules: z.array(RULE).nullish(),
});

type RawGroup = z.infer<typeof GROUP>;

/** Made by Neutron itself in every project; never deleted (19, item 20). */
const DEFAULT_GROUP = 'default';

const ANYWHERE = '0.0.0.0/0';

/** Returns the security groups of a project; throws an OpenStackError. */
export async function listSecurityGroups(
  session: Session,
  projectId: string,
  signal?: AbortSignal,
): Promise<readonly BackendSecurityGroup[]> {
  const groups = await readGroups(session, projectId, signal);
  return groups.map((group) => ({
    backendId: group.id,
    name: group.name,
    description: group.description ?? '',
    rules: rulesOf(group).map(({ rule }) => rule),
  }));
}

/**
 * Makes the backend's groups equal to the plans: missing ones are made, differing ones changed, and
 * with `deleteOthers` those that no plan names are deleted, except `default` (10.1, step 2).
 *
 * Returns what became of each group; one that fails does not keep the others (10.1). May be
 * repeated. Throws an OpenStackError when the groups cannot be read.
 */
export async function pushSecurityGroups(
  session: Session,
  projectId: string,
  plans: readonly SecurityGroupPlan[],
  options: { readonly deleteOthers?: boolean; readonly signal?: AbortSignal } = {},
): Promise<readonly SecurityGroupOutcome[]> {
  const { signal } = options;
  const unmatched = new Set(await readGroups(session, projectId, signal));
  const outcomes: SecurityGroupOutcome[] = [];
  for (const plan of plans) {
    const present = match(unmatched, plan);
    if (present !== undefined) unmatched.delete(present);
    outcomes.push(await pushOne(session, projectId, plan, present, signal));
  }
  if (options.deleteOthers === true) {
    for (const { id, name } of unmatched) {
      if (name === DEFAULT_GROUP) continue;
      const error = await errorOf(() => remove(session, `/security-groups/${id}`, signal));
      if (error !== undefined) outcomes.push({ name, backendId: id, error });
    }
  }
  return outcomes;
}

async function pushOne(
  session: Session,
  projectId: string,
  plan: SecurityGroupPlan,
  present: RawGroup | undefined,
  signal?: AbortSignal,
): Promise<SecurityGroupOutcome> {
  let backendId = present?.id;
  const error = await errorOf(async () => {
    const group = present ?? (await create(session, projectId, plan, signal));
    backendId = group.id;
    const { name, description } = plan;
    if (group.name !== name || (group.description ?? '') !== description) {
      const path = `/security-groups/${group.id}`;
      const body = { security_group: { name, description } };
      await session.call('neutron', { method: 'PUT', path, body, signal });
    }
    await pushRules(session, group, plan.rules, signal);
  });
  return { name: plan.name, backendId, error };
}

async function pushRules(
  session: Session,
  group: RawGroup,
  wanted: readonly SecurityGroupRule[],
  signal?: AbortSignal,
): Promise<void> {
  const surplus = new Map(rulesOf(group).map(({ id, rule }) => [keyOf(rule), id]));
  const missing = wanted.filter((rule) => !surplus.delete(keyOf(rule)));
  for (const rule of missing) await addRule(session, group.id, rule, signal);
  for (const id of surplus.values()) await remove(session, `/security-group-rules/${id}`, signal);
}

async function create(
  session: Session,
  projectId: string,
  { name, description }: SecurityGroupPlan,
  signal?: AbortSignal,
): Promise<RawGroup> {
  const { security_group } = await session.call('neutron', {
    method: 'POST',
    path: '/security-groups',
    body: { security_group: { name, description, project_id: projectId } },
    answer: z.object({ security_group: GROUP }),
    signal,
  });
  return security_group;
}

async function addRule(
  session: Session,
  groupId: string,
  rule: SecurityGroupRule,
  signal?: AbortSignal,
): Promise<void> {
  const body = {
    security_group_rule: {
      security_group_id: groupId,
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: rule.protocol,
      // Neutron refuses −1 and says "any" with null (errata, traps).
      port_range_min: rule.fromPort === -1 ? null : rule.fromPort,
      port_range_max: rule.toPort === -1 ? null : rule.toPort,
      remote_ip_prefix: rule.cidr,
    },
  };
  const error = await errorOf(() =>
    session.call('neutron', { method: 'POST', path: '/security-group-rules', body, signal }),
  );
  // The rule is there, though it was not when the groups were read.
  if (error !== undefined && error.fault !== 'SecurityGroupRuleExists') throw error;
}

/** A deletion that finds nothing left to delete has succeeded. */
async function remove(session: Session, path: string, signal?: AbortSignal): Promise<void> {
  const error = await errorOf(() => session.call('neutron', { method: 'DELETE', path, signal }));
  if (error !== undefined && error.kind !== 'not-found') throw error;
}

async function readGroups(
  session: Session,
  projectId: string,
  signal?: AbortSignal,
): Promise<readonly RawGroup[]> {
  return await readPages(session, {
    service: 'neutron',
    path: `/security-groups?project_id=${encodeURIComponent(projectId)}`,
    key: 'security_groups',
    item: GROUP,
    // Each with its rules, half a kilobyte a rule.
    pageSize: 50,
    signal,
  });
}

function match(groups: ReadonlySet<RawGroup>, plan: SecurityGroupPlan): RawGroup | undefined {
  const all = [...groups];
  return all.find(({ id }) => id === plan.backendId) ?? all.find(({ name }) => name === plan.name);
}

/** The rules that a link can express; Neutron's own for outgoing traffic are none of them. */
function rulesOf(group: RawGroup): readonly { id: string; rule: SecurityGroupRule }[] {
  return (group.security_group_rules ?? []).flatMap((raw) => {
    const { direction, ethertype, protocol, remote_group_id: remoteGroup } = raw;
    const isPlain = direction === 'ingress' && (ethertype ?? 'IPv4') === 'IPv4' && !remoteGroup;
    if (!isPlain || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp')) return [];
    const [lowest, highest] = protocol === 'icmp' ? [-1, -1] : [1, 65535];
    const rule = {
      protocol,
      fromPort: raw.port_range_min ?? lowest,
      toPort: raw.port_range_max ?? highest,
      cidr: raw.remote_ip_prefix ?? ANYWHERE,
    } as const;
    return [{ id: raw.id, rule }];
  });
}

function keyOf({ protocol, fromPort, toPort, cidr }: SecurityGroupRule): string {
  return `${protocol} ${fromPort} ${toPort} ${cidr}`;
}

async function errorOf(work: () => Promise<unknown>): Promise<OpenStackError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof OpenStackError) return error;
    throw error;
  }
}
