import type { Tx } from '../../db/tx.js';
import type { CatalogService, Endpoint } from '../domain/catalog.js';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly endpoints: readonly Endpoint[];
}

/** Returns every service with its endpoints, by name. */
export async function listServices(tx: Tx): Promise<readonly CatalogService[]> {
  return tx.query<Row>({
    name: 'identity-list-services',
    text: `
      select s.name, s.type,
             coalesce(
               json_agg(json_build_object('versionId', e.version_id, 'region', e.region,
                                          'publicUrl', e.public_url, 'uiUrl', e.ui_url)
                        order by e.position) filter (where e.service_id is not null),
               '[]') as endpoints
        from services s left join endpoints e on e.service_id = s.id
       group by s.id
       order by s.name collate "C"`,
  });
}

/** Returns the names of a component's services, ascending. */
export async function serviceNamesOf(tx: Tx, componentId: bigint): Promise<readonly string[]> {
  const rows = await tx.query<{ name: string }>(
    {
      name: 'identity-services-of-component',
      text: `select name from services where component_id = $1 order by name collate "C"`,
    },
    [componentId],
  );
  return rows.map(({ name }) => name);
}

/** Returns the name of the component of each of these services; what is unknown is left out. */
export async function componentNamesByService(
  tx: Tx,
  services: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<{ service: string; component: string }>(
    {
      text: `
        select s.name as service, c.name as component
          from services s join components c on c.id = s.component_id
         where s.name = any($1::text[])`,
    },
    [services],
  );
  return new Map(rows.map(({ service, component }) => [service, component]));
}

/** Returns the key of a component, or undefined when there is none of this name. */
export async function componentIdOf(tx: Tx, name: string): Promise<bigint | undefined> {
  const [row] = await tx.query<{ id: bigint }>(
    { name: 'identity-component-id', text: 'select id from components where name = $1' },
    [name],
  );
  return row?.id;
}
