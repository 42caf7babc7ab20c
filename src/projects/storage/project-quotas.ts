import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { Capacities } from '../domain/capacities.js';
import { INITIALIZED_STATES } from '../domain/project-states.js';

/** The capacities of one project for one resource. */
export interface ProjectQuotaRow extends Capacities {
  readonly projectId: bigint;
  readonly resource: string;
}

/** What a project gets of a resource that nobody named for it. */
export interface DefaultCapacities {
  readonly name: string;
  readonly systemDefault: Quantity;
  readonly projectDefault: Quantity;
}

/** Returns the capacities of the projects for the resources. */
export async function projectQuotas(
  tx: Tx,
  projectIds: readonly bigint[],
  resources: readonly string[],
): Promise<ProjectQuotaRow[]> {
  return tx.query(
    {
      name: 'project-quotas-read',
      text: `select project_id as "projectId", resource, project_capacity as "projectCapacity",
                    member_capacity as "memberCapacity"
               from project_quotas
              where project_id = any($1::bigint[]) and resource = any($2::text[])`,
    },
    [projectIds, resources],
  );
}

/** Writes capacities over what is there; each project and resource at most once. */
export async function putProjectQuotas(tx: Tx, rows: readonly ProjectQuotaRow[]): Promise<void> {
  await tx.query(
    {
      name: 'project-quotas-put',
      text: `insert into project_quotas (project_id, resource, project_capacity, member_capacity)
             select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
             on conflict (project_id, resource) do update
                set project_capacity = excluded.project_capacity,
                    member_capacity = excluded.member_capacity`,
    },
    [
      rows.map(({ projectId }) => projectId),
      rows.map(({ resource }) => resource),
      rows.map(({ projectCapacity }) => projectCapacity),
      rows.map(({ memberCapacity }) => memberCapacity),
    ],
  );
}

/**
 * Gives every initialized project, or those of `projectIds` that are, the default capacities of
 * the resources it has no row for.
 */
export async function completeProjectQuotas(
  tx: Tx,
  projectIds: readonly bigint[] | 'all',
  resources: readonly DefaultCapacities[],
): Promise<void> {
  await tx.query(
    {
      text: `insert into project_quotas (project_id, resource, project_capacity, member_capacity)
             select p.id, r.name, c.capacity, c.capacity
               from projects p
               cross join unnest($1::text[], $2::bigint[], $3::bigint[])
                 as r (name, system_default, project_default)
               cross join lateral (values (
                 case when p.is_system then r.system_default else r.project_default end
               )) as c (capacity)
              where p.state = any($4::text[]) and ($5::bigint[] is null or p.id = any($5))
             on conflict (project_id, resource) do nothing`,
    },
    [
      resources.map(({ name }) => name),
      resources.map(({ systemDefault }) => systemDefault),
      resources.map(({ projectDefault }) => projectDefault),
      INITIALIZED_STATES,
      projectIds === 'all' ? null : projectIds,
    ],
  );
}
