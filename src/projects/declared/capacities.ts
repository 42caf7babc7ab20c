import type { Tx } from '../../db/tx.js';
import type { Capacities } from '../domain/capacities.js';
import { projectQuotas } from '../storage/project-quotas.js';
import type { ProjectPlan } from './plan.js';

/** Capacities that are not what the file says. */
export interface CapacityChange extends Capacities {
  /** Uuid of the project. */
  readonly project: string;
  readonly resource: string;
}

/** Returns the declared capacities that differ from the stored ones, all of those of new projects. */
export async function capacityChanges(
  tx: Tx,
  plans: readonly ProjectPlan[],
): Promise<readonly CapacityChange[]> {
  const declared = plans.flatMap(({ entry, present }) =>
    Object.entries(entry.resources ?? {}).map(([resource, pair]) => ({
      project: entry.uuid,
      resource,
      ...pair,
      id: present?.id,
    })),
  );
  const stored = await storedCapacities(tx, declared);
  return declared
    .filter(({ id, resource, projectCapacity, memberCapacity }) => {
      const before = id === undefined ? undefined : stored.get(keyOf(id, resource));
      return (
        before?.projectCapacity !== projectCapacity || before.memberCapacity !== memberCapacity
      );
    })
    .map(({ id: _id, ...change }) => change);
}

async function storedCapacities(
  tx: Tx,
  declared: readonly { readonly id: bigint | undefined; readonly resource: string }[],
): Promise<ReadonlyMap<string, Capacities>> {
  const ids = [...new Set(declared.flatMap(({ id }) => id ?? []))];
  if (ids.length === 0) return new Map();
  const resources = [...new Set(declared.map(({ resource }) => resource))];
  const rows = await projectQuotas(tx, ids, resources);
  return new Map(rows.map((row) => [keyOf(row.projectId, row.resource), row]));
}

function keyOf(projectId: bigint, resource: string): string {
  return `${projectId} ${resource}`;
}
