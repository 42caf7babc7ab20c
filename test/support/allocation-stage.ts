/** Providers for tests of allocations, and what must be true of the rows whatever has happened. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { TestDatabase } from './database.js';
import type { RestAnswer } from './rest-client.js';
import type { Stack, StackOptions } from './stack.js';

/** Settings under which a token says who calls. */
export const NOAUTH: StackOptions['settings'] = {
  ALLOCATIONS_AUTH: 'noauth2',
  ALLOCATIONS_POLICY: 'legacy',
};

/** What of an inventory a test cares for. */
export interface InventoryRow {
  readonly total: number;
  readonly reserved?: number;
  readonly minUnit?: number;
  readonly maxUnit?: number;
  readonly stepSize?: number;
  readonly ratio?: number;
}

/** Makes a provider with inventories and generation 0, and returns its uuid. */
export async function createProvider(
  database: TestDatabase,
  inventories: Readonly<Record<string, InventoryRow>>,
): Promise<string> {
  const uuid = randomUUID();
  await database.query(
    `with n as (select nextval('resource_provider_ids') as id)
     insert into resource_providers (id, uuid, name, root_provider_id)
     select id, $1, $1, id from n`,
    [uuid],
  );
  for (const [name, row] of Object.entries(inventories)) {
    const { total, reserved = 0, minUnit = 1, maxUnit = 2147483647, stepSize = 1, ratio = 1 } = row;
    await database.query(
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit,
                                max_unit, step_size, allocation_ratio)
       select p.id, r.id, $3, $4, $5, $6, $7, $8
         from resource_providers p, resource_classes r where p.uuid = $1 and r.name = $2`,
      [uuid, name, total, reserved, minUnit, maxUnit, stepSize, ratio],
    );
  }
  return uuid;
}

/** Amounts by class, by provider. */
export type Wanted = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Returns the `allocations` of a body in object form. */
export function claimOf(wanted: Wanted): object {
  return Object.fromEntries(
    Object.entries(wanted).map(([provider, resources]) => [provider, { resources }]),
  );
}

/** Writes what a consumer is to have: below 1.28 without a generation, from it on with one. */
export function put(
  stack: Stack,
  consumer: string,
  wanted: Wanted,
  guard?: { readonly generation: number | null },
): Promise<RestAnswer> {
  return stack.rest.send('PUT', `/allocations/${consumer}`, {
    token: 'admin',
    headers: { 'openstack-api-version': `placement 1.${guard === undefined ? 27 : 28}` },
    json: {
      allocations: claimOf(wanted),
      ...{ project_id: 'project', user_id: 'user' },
      ...(guard !== undefined && { consumer_generation: guard.generation }),
    },
  });
}

/** Returns the `code` of a fault, or its status when it has none. */
export function codeOf({ status, text }: RestAnswer): string {
  return /"code": "([^"]*)"/.exec(text)?.[1] ?? String(status);
}

/** Returns what is used of a class, and the provider's generation. */
export async function usedOf(
  database: TestDatabase,
  provider: string,
  resourceClass = 'VCPU',
): Promise<{ readonly used: number; readonly generation: number }> {
  const [row] = await database.query<{ used: string; generation: string }>(
    `select i.used, p.generation
       from inventories i
       join resource_providers p on p.id = i.resource_provider_id
       join resource_classes r on r.id = i.resource_class_id
      where p.uuid = $1 and r.name = $2`,
    [provider, resourceClass],
  );
  return { used: Number(row?.used), generation: Number(row?.generation) };
}

/** Things that must not exist, as queries that find them. */
const FAULTS: Readonly<Record<string, string>> = {
  'usage is the sum of the allocations': `
    select i.* from inventories i
     where used <> (select coalesce(sum(a.used), 0) from allocations a
                     where a.resource_provider_id = i.resource_provider_id
                       and a.resource_class_id = i.resource_class_id)`,
  'no usage is above the capacity': `
    select * from inventories where used > (total - reserved) * allocation_ratio`,
  'no consumer is without allocations (section 20.1)': `
    select * from consumers c where not exists (select from allocations where consumer_id = c.id)`,
  'every amount is allowed': `
    select * from allocations a
      join inventories i using (resource_provider_id, resource_class_id)
     where a.used not between min_unit and max_unit or a.used % step_size <> 0`,
};

/** Expects of the rows what has to be true at any time, as long as no inventory shrank. */
export async function auditAllocations(database: TestDatabase): Promise<void> {
  for (const [rule, fault] of Object.entries(FAULTS))
    expect(await database.query(fault), rule).to.deep.equal([]);
}
