import type { Tx } from '../../db/tx.js';
import type { ProviderUsages, Usage, UsageGroup } from '../domain/usage.js';

const OF_PROVIDER = {
  name: 'allocations.provider_usages',
  text: `
    select p.generation, r.name as "resourceClass", i.used
      from resource_providers p
      left join (inventories i join resource_classes r on r.id = i.resource_class_id)
        on i.resource_provider_id = p.id
     where p.uuid = $1
     order by i.resource_class_id`,
};

type OfProviderRow = { readonly generation: bigint } & (
  Usage | { readonly resourceClass: null; readonly used: null }
);

/** Returns what is used of a provider, all of one moment, or undefined when there is none. */
export async function readProviderUsages(
  tx: Tx,
  uuid: string,
): Promise<ProviderUsages | undefined> {
  const rows = await tx.query<OfProviderRow>(OF_PROVIDER, [uuid]);
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    generation: first.generation,
    usages: rows.flatMap(({ resourceClass, used }) =>
      resourceClass === null ? [] : [{ resourceClass, used }],
    ),
  };
}

/** Whose usage is summed up, and how. */
export interface UsageFilter {
  readonly projectId: string;
  /** Undefined: all users of the project. */
  readonly userId: string | undefined;
  /** Only consumers of this type, null those without one; undefined: all. */
  readonly type: string | null | undefined;
  /** Whether every type is a group of its own; else all are one. */
  readonly isGrouped: boolean;
}

/** A group by its stored type: null for those without one, and for the one group of all. */
export type StoredUsageGroup = Omit<UsageGroup, 'name'> & { readonly type: string | null };

interface GroupRow {
  readonly type: string | null;
  /** Null in the row that counts the group's consumers. */
  readonly resourceClass: string | null;
  readonly sum: bigint;
}

/** Returns the groups that have a consumer, by type, those without one first; all of one moment. */
export async function readUsageGroups(
  tx: Tx,
  filter: UsageFilter,
): Promise<readonly StoredUsageGroup[]> {
  const values: unknown[] = [filter.projectId];
  const conditions = ['project_id = $1'];
  if (filter.userId !== undefined) conditions.push(`user_id = $${values.push(filter.userId)}`);
  if (filter.type === null) conditions.push('consumer_type is null');
  else if (filter.type !== undefined)
    conditions.push(`consumer_type = $${values.push(filter.type)}`);
  // Counting and adding up apart: a consumer counts once, however many classes it has (20.11).
  const text = `
    with chosen as materialized (
      select id, ${filter.isGrouped ? 'consumer_type' : 'null::text'} as type
        from consumers where ${conditions.join(' and ')})
    select type, null::text as "resourceClass", count(*) as sum
      from chosen
     group by type
    union all
    select c.type, r.name, sum(a.used)::bigint
      from chosen c
      join allocations a on a.consumer_id = c.id
      join resource_classes r on r.id = a.resource_class_id
     group by c.type, r.id
     order by 1 nulls first, 2 nulls first`;
  const groups: (StoredUsageGroup & { readonly usages: Usage[] })[] = [];
  for (const { type, resourceClass, sum } of await tx.query<GroupRow>({ text }, values)) {
    if (resourceClass === null) groups.push({ type, consumers: sum, usages: [] });
    else groups.at(-1)?.usages.push({ resourceClass, used: sum });
  }
  return groups;
}
