/** Claims on resource providers: new ones, reading them, giving them back. */
import type pg from 'pg';
import type { Family } from '../family.js';
import { createUser, onDatabase } from '../fill.js';
import { measureWorks, type Reference, type Work } from '../reference.js';
import type { Stage } from '../stage.js';

const PROVIDERS = 200;
/** Consumers that are there to be read. */
const READ = 10_000;
/** More deletions per second than could be measured. */
const FASTEST = 12_000;
const TOKEN = 'bench-allocations-token';
const CLASSES = ['VCPU', 'MEMORY_MB', 'DISK_GB'];

const UNIFORM: Reference = { text: '73–81', best: 81, target: { rest: 20, grpc: 50 } };
const HOT: Reference = { text: '61–75', best: 75, target: { rest: 25, grpc: 50 } };
const GET: Reference = { text: '330', best: 330, target: { rest: 10 } };
const DELETE: Reference = { text: '175', best: 175, target: {} };

/** The allocations' part of the benchmark. */
export const allocations: Family = {
  async measure(stage, selection) {
    await onDatabase(stage.databaseUrl, fillWorld);
    return measureWorks(stage, works(), selection);
  },
};

function works(): readonly Work[] {
  const claim = {
    ...{ name: 'put', load: 'allocations.put', token: TOKEN },
    prepare: () => Promise.resolve({ providers: PROVIDERS }),
  };
  let next = READ + 1;
  return [
    { ...claim, spread: 'uniform', reference: UNIFORM },
    { ...claim, spread: 'hot', reference: HOT },
    {
      ...{ name: 'get', load: 'allocations.get', token: TOKEN },
      ...{ spread: 'uniform', reference: GET },
      prepare: () => Promise.resolve({ consumers: READ }),
    },
    {
      ...{ name: 'delete', load: 'allocations.delete', token: TOKEN },
      ...{ spread: 'uniform', reference: DELETE },
      prepare: async (stage, seconds) => {
        // Each is deleted once, so that every cell gets consumers of its own.
        const consumers = Math.ceil(FASTEST * (seconds + 1));
        const first = next;
        next += consumers;
        await addConsumers(stage, first, consumers);
        return { consumers, 'first-consumer': first };
      },
    },
  ];
}

/** Creates the caller and providers with room for more claims than can be made, and the consumers to read. */
async function fillWorld(client: pg.Client): Promise<void> {
  await createUser(client, { name: 'bench-allocations', token: TOKEN, roles: ['admin'] });
  await client.query(
    `insert into resource_providers (id, uuid, name, root_provider_id)
     select 1000 + n, '00000000-0000-4000-a000-' || lpad(n::text, 12, '0'), 'bench-' || n, 1000 + n
       from generate_series(1, $1::int) as n`,
    [PROVIDERS],
  );
  await client.query(
    `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit,
                              max_unit, step_size, allocation_ratio)
     select p.id, c.id, 2147483647, 0, 1, 2147483647, 1, 1
       from resource_providers p
       join resource_classes c on c.name = any($1::text[])`,
    [CLASSES],
  );
  await insertConsumers(client, 1, READ);
}

async function addConsumers({ databaseUrl }: Stage, first: number, count: number): Promise<void> {
  await onDatabase(databaseUrl, (client) => insertConsumers(client, first, count));
}

/** Creates consumers that have something of three classes each, spread over the providers. */
async function insertConsumers(client: pg.Client, first: number, count: number): Promise<void> {
  await client.query(
    `with c as (
       insert into consumers (uuid, generation, project_id, user_id, consumer_type)
       select '00000000-0000-4000-b000-' || lpad(n::text, 12, '0'), 1, 'bench-project', 'bench-user',
              'INSTANCE'
         from generate_series($1::int, $1::int + $2::int - 1) as n
       returning id),
     a as (
       insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select c.id, i.resource_provider_id, i.resource_class_id, 1
         from c
         join inventories i on i.resource_provider_id = 1001 + c.id % $3::int
       returning resource_provider_id, resource_class_id, used),
     s as (
       select resource_provider_id, resource_class_id, sum(used) as used from a group by 1, 2)
     update inventories i set used = i.used + s.used
       from s
      where i.resource_provider_id = s.resource_provider_id
        and i.resource_class_id = s.resource_class_id`,
    [first, count, PROVIDERS],
  );
  await client.query('vacuum analyze');
}
