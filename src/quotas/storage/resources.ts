import type { Tx } from '../../db/tx.js';
import type { Resource, ResourceDefaults } from '../domain/resource.js';

const COLUMNS = `name, service, description, unit, ui_visible as "uiVisible", api_visible as "apiVisible"`;

const LIST_VISIBLE = {
  name: 'quotas.list_visible_resources',
  text: `select ${COLUMNS} from resources where api_visible and name > $1 order by name limit $2`,
};

/**
 * Returns resources visible in the API, ascending by name.
 *
 * @param limit - null returns all of them.
 */
export async function listVisibleResources(
  tx: Tx,
  after: string,
  limit: number | null,
): Promise<readonly Resource[]> {
  return tx.query<Resource>(LIST_VISIBLE, [after, limit]);
}

/** A registered resource with everything an operator decides about it. */
export type StoredResource = Resource & ResourceDefaults;

/** Returns those of the named resources that are registered; all of them when no names are given. */
export async function findResources(
  tx: Tx,
  names: readonly string[] | null,
): Promise<readonly StoredResource[]> {
  return tx.query<StoredResource>(
    {
      name: 'quotas.find_resources',
      text: `
        select ${COLUMNS}, system_default as "systemDefault", project_default as "projectDefault"
          from resources
         where $1::text[] is null or name = any($1)
         order by name`,
    },
    [names],
  );
}

/** Returns the names of resources that originate from one of the services. */
export async function resourcesOfServices(
  tx: Tx,
  services: readonly string[],
): Promise<readonly string[]> {
  const rows = await tx.query<{ name: string }>(
    {
      name: 'quotas.resources_of_services',
      text: `select name from resources where service = any($1) order by name`,
    },
    [services],
  );
  return rows.map(({ name }) => name);
}

/** Creates the resources, or replaces all but the name of those that exist. */
export async function saveResources(tx: Tx, resources: readonly StoredResource[]): Promise<void> {
  await tx.query(
    {
      name: 'quotas.save_resources',
      text: `
        insert into resources (name, service, description, unit, ui_visible, api_visible,
                               system_default, project_default)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[],
                             $6::boolean[], $7::bigint[], $8::bigint[])
        on conflict (name) do update set
          service = excluded.service, description = excluded.description, unit = excluded.unit,
          ui_visible = excluded.ui_visible, api_visible = excluded.api_visible,
          system_default = excluded.system_default, project_default = excluded.project_default,
          updated_at = now()`,
    },
    [
      resources.map(({ name }) => name),
      resources.map(({ service }) => service),
      resources.map(({ description }) => description),
      resources.map(({ unit }) => unit),
      resources.map(({ uiVisible }) => uiVisible),
      resources.map(({ apiVisible }) => apiVisible),
      resources.map(({ systemDefault }) => systemDefault),
      resources.map(({ projectDefault }) => projectDefault),
    ],
  );
}
