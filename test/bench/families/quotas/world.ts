/** Fills a migrated database with what commissions charge, and tells pgbench's scripts. */
import { onDatabase, tokenHash } from '../../fill.js';

/** Size of the world: 1,000 projects × 10 users × 2 resources. */
export const PROJECTS = 1_000;
export const USERS = 10;
export const TOKEN = 'bench-token';

const RESOURCES = ['bench.vm', 'bench.ram'];

/** Creates component, resources and holdings, all without a limit that could be reached. */
export async function fillWorld(url: string): Promise<void> {
  await onDatabase(url, async (client) => {
    await client.query(`
      with c as (insert into components (name) values ('bench') returning id),
           s as (insert into services (component_id, name, type)
                 select id, 'bench_service', 'bench' from c),
           t as (insert into tokens (hash, component_id)
                 select decode('${tokenHash(TOKEN)}', 'hex'), id from c)
      select 1`);
    await client.query(
      `insert into resources (name, service, ui_visible, api_visible, system_default, project_default)
       select name, 'bench_service', true, true, 0, 0 from unnest($1::text[]) as name`,
      [RESOURCES],
    );
    await client.query(
      `insert into holdings (holder, source, resource, "limit")
       select h.holder, h.source, r.name, 1000000000000
         from generate_series(1, $1::int) as p
         cross join lateral (
           select 'project:00000000-0000-4000-8000-' || lpad(p::text, 12, '0') as holder, null as source
           union all
           select 'user:00000000-0000-4000-9000-' || lpad(p::text, 6, '0') || lpad(u::text, 6, '0'),
                  'project:00000000-0000-4000-8000-' || lpad(p::text, 12, '0')
             from generate_series(1, $2::int) as u) as h
         cross join unnest($3::text[]) as r (name)`,
      [PROJECTS, USERS, RESOURCES],
    );
    await client.query('vacuum analyze');
  });
}

/** Pending commissions and rows of the provision log that `fillHistory` leaves behind. */
export const HISTORY = { pending: 1_000_000, logged: 5_000_000 } as const;

const PROVISIONS = 2 * RESOURCES.length;

/** Gives a filled world a past: commissions of every user, some pending, the others settled. */
export async function fillHistory(url: string): Promise<void> {
  await onDatabase(url, async (client) => {
    await client.query(
      `create temporary table pasts as
       select row_number() over () as n, array_agg(h.id) || array_agg(own.id) as ids
         from holdings h
         join holdings own on own.holder = h.source and own.resource = h.resource
        group by h.holder, h.source`,
    );
    const past = `
      select nextval('commission_serials') as serial, c.id as component_id, p.ids,
             array_fill(1::bigint, array[$2::int]) as ones
        from generate_series(1, $1::int) as k (n)
        join pasts p on p.n = 1 + k.n % (select count(*) from pasts)
        cross join components c
       where c.name = 'bench'`;
    await client.query(
      `insert into commissions (serial, component_id, name, issued_at, holding_ids, quantities)
       select serial, component_id, '', now(), ids, ones from (${past}) as past`,
      [HISTORY.pending, PROVISIONS],
    );
    await client.query(
      `insert into settled_commissions (serial, component_id, name, issued_at, settled_at, reason,
                                        holding_ids, quantities, limits, usage_mins, usage_maxs)
       select serial, component_id, '', now(), now(), 'ACCEPT:', ids, ones, ones, ones, ones
         from (${past}) as past`,
      [HISTORY.logged / PROVISIONS, PROVISIONS],
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}

/** Returns the pgbench script that issues one commission, and accepts it when asked to. */
export function pgbenchScript(options: { hot: boolean; accept: boolean }): string {
  const project = `'project:00000000-0000-4000-8000-' || lpad((:p)::text, 12, '0')`;
  const user = `'user:00000000-0000-4000-9000-' || lpad((:p)::text, 6, '0') || lpad((:u)::text, 6, '0')`;
  const holders = RESOURCES.map(() => `${user}, ${project}`).join(', ');
  const sources = RESOURCES.map(() => `${project}, null`).join(', ');
  const names = RESOURCES.map((name) => `'${name}', '${name}'`).join(', ');
  const issue = `select plain_issue(1, array[${holders}], array[${sources}], array[${names}], array[1, 1, 1, 1]) as number`;
  return [
    options.hot ? '\\set p 1' : `\\set p random(1, ${PROJECTS})`,
    `\\set u random(1, ${USERS})`,
    ...(options.accept ? [`${issue} \\gset`, 'select plain_accept(:number);'] : [`${issue};`]),
    '',
  ].join('\n');
}
