import type { Tx } from '../../db/tx.js';
import type { Endpoint } from '../domain/catalog.js';

/** A stored component. */
export interface ComponentRow {
  readonly id: bigint;
  readonly name: string;
}

/** Returns the components with these names; what is unknown is left out. */
export async function componentsByName(tx: Tx, names: readonly string[]): Promise<ComponentRow[]> {
  return tx.query<ComponentRow>(
    { text: 'select id, name from components where name = any($1::text[])' },
    [names],
  );
}

/** Stores components and returns them. */
export async function insertComponents(tx: Tx, names: readonly string[]): Promise<ComponentRow[]> {
  if (names.length === 0) return [];
  return tx.query<ComponentRow>(
    {
      text: `insert into components (name)
             select name from unnest($1::text[]) with ordinality as c(name, position)
              order by position returning id, name`,
    },
    [names],
  );
}

/** A stored service with its endpoints. */
export interface ServiceRow {
  readonly id: bigint;
  readonly componentId: bigint;
  readonly componentName: string;
  readonly name: string;
  readonly type: string;
  readonly endpoints: readonly Endpoint[];
}

/** Returns the services with these names; what is unknown is left out. */
export async function servicesByName(tx: Tx, names: readonly string[]): Promise<ServiceRow[]> {
  return tx.query<ServiceRow>(
    {
      text: `
        select s.id, s.component_id as "componentId", c.name as "componentName", s.name, s.type,
               coalesce(
                 json_agg(json_build_object('versionId', e.version_id, 'region', e.region,
                                            'publicUrl', e.public_url, 'uiUrl', e.ui_url)
                          order by e.position) filter (where e.service_id is not null),
                 '[]') as endpoints
          from services s
          join components c on c.id = s.component_id
          left join endpoints e on e.service_id = s.id
         where s.name = any($1::text[])
         group by s.id, c.name`,
    },
    [names],
  );
}

/** A service to be stored. */
export interface NewService {
  readonly componentId: bigint;
  readonly name: string;
  readonly type: string;
  readonly endpoints: readonly Endpoint[];
}

/**
 * Stores services: new ones are made, those that exist get the type and the endpoints given, and
 * lose the endpoints they had. Services must not belong to another component.
 */
export async function replaceServices(tx: Tx, services: readonly NewService[]): Promise<void> {
  if (services.length === 0) return;
  const rows = await tx.query<{ id: bigint; name: string }>(
    {
      text: `
        insert into services (component_id, name, type)
        select component_id, name, type
          from json_to_recordset($1::json) as s(component_id bigint, name text, type text)
        on conflict on constraint services_name_key
          do update set type = excluded.type, updated_at = now()
        returning id, name`,
    },
    [
      JSON.stringify(
        services.map(({ componentId, name, type }) => ({
          component_id: componentId.toString(),
          name,
          type,
        })),
      ),
    ],
  );
  const ids = new Map(rows.map(({ id, name }) => [name, id.toString()]));
  await tx.query({ text: 'delete from endpoints where service_id = any($1::bigint[])' }, [
    [...ids.values()],
  ]);
  await insertEndpoints(tx, services, ids);
}

async function insertEndpoints(
  tx: Tx,
  services: readonly NewService[],
  ids: ReadonlyMap<string, string>,
): Promise<void> {
  await tx.query(
    {
      text: `
        insert into endpoints (service_id, position, version_id, region, public_url, ui_url)
        select service_id, position, version_id, region, public_url, ui_url
          from json_to_recordset($1::json) as e(service_id bigint, position integer,
               version_id text, region text, public_url text, ui_url text)`,
    },
    [
      JSON.stringify(
        services.flatMap(({ name, endpoints }) =>
          endpoints.map(({ versionId, region, publicUrl, uiUrl }, position) => ({
            service_id: ids.get(name),
            position,
            version_id: versionId,
            region,
            public_url: publicUrl,
            ui_url: uiUrl,
          })),
        ),
      ),
    ],
  );
}
