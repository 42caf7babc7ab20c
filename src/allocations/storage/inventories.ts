import type { Tx } from '../../db/tx.js';
import { isCleanText } from '../../kernel/text.js';
import type { Inventory } from '../domain/inventory.js';

/** The inventory of one class. */
export interface ClassInventory extends Inventory {
  readonly resourceClass: string;
}

/** An inventory as it is stored. */
export interface StoredInventory extends ClassInventory {
  readonly updatedAt: Date;
}

/** What a provider has, and its generation at the same moment. */
export interface ProviderInventories {
  readonly uuid: string;
  readonly generation: bigint;
  /** By class. */
  readonly inventories: readonly StoredInventory[];
}

/** An inventory by the id of its class. */
export interface InventoryRow extends Inventory {
  readonly classId: bigint;
}

const READ = {
  name: 'allocations.read_inventories',
  // One statement, so that inventories and generation belong to one moment.
  text: `
    select p.generation, c.name as "resourceClass", i.total, i.reserved, i.min_unit as "minUnit",
           i.max_unit as "maxUnit", i.step_size as "stepSize",
           i.allocation_ratio as "allocationRatio", i.updated_at as "updatedAt"
      from resource_providers p
      left join inventories i on i.resource_provider_id = p.id
      left join resource_classes c on c.id = i.resource_class_id
     where p.uuid = $1
     order by c.name`,
};

/** Returns what a provider has, or undefined when there is no such provider. */
export async function readInventories(
  tx: Tx,
  uuid: string,
): Promise<ProviderInventories | undefined> {
  if (!isCleanText(uuid)) return undefined;
  const rows = await tx.query<{ generation: bigint } & (StoredInventory | { resourceClass: null })>(
    READ,
    [uuid],
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  const inventories = rows.filter((row) => row.resourceClass !== null);
  return { uuid, generation: first.generation, inventories };
}

const HOLD_CLASSES = {
  name: 'allocations.hold_classes',
  // By id, like everybody who locks several.
  text: `
    select id, name from resource_classes where name = any($1::text[])
     order by id
       for key share`,
};

/**
 * Returns the ids of those of the classes that exist, by name; they cannot be removed before the
 * transaction ends.
 */
export async function holdClasses(
  tx: Tx,
  names: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await tx.query<{ id: bigint; name: string }>(HOLD_CLASSES, [names]);
  return new Map(rows.map(({ id, name }) => [name, id]));
}

/** Puts inventories given as columns; the callers say what becomes of those that are there. */
const INSERT = `
  insert into inventories as i (resource_provider_id, resource_class_id, total, reserved, min_unit,
                                max_unit, step_size, allocation_ratio)
  select $1, n.* from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                             $7::bigint[], $8::float8[]) as n`;

function columnsOf(rows: readonly InventoryRow[]): readonly unknown[] {
  return [
    rows.map(({ classId }) => classId),
    rows.map(({ total }) => total),
    rows.map(({ reserved }) => reserved),
    rows.map(({ minUnit }) => minUnit),
    rows.map(({ maxUnit }) => maxUnit),
    rows.map(({ stepSize }) => stepSize),
    rows.map(({ allocationRatio }) => allocationRatio),
  ];
}

const ADD = {
  name: 'allocations.add_inventory',
  text: `${INSERT} on conflict do nothing returning resource_class_id`,
};

/** Adds an inventory to a locked provider and returns whether it did; false when it has the class. */
export async function addInventory(
  tx: Tx,
  providerId: bigint,
  row: InventoryRow,
): Promise<boolean> {
  return (await tx.query(ADD, [providerId, ...columnsOf([row])])).length > 0;
}

const PUT = {
  name: 'allocations.put_inventories',
  text: `${INSERT}
    on conflict (resource_provider_id, resource_class_id) do update
       set total = excluded.total, reserved = excluded.reserved, min_unit = excluded.min_unit,
           max_unit = excluded.max_unit, step_size = excluded.step_size,
           allocation_ratio = excluded.allocation_ratio, updated_at = now()`,
};

/** Writes inventories of a locked provider, over those that are there; what is used stays. */
export async function putInventories(
  tx: Tx,
  providerId: bigint,
  rows: readonly InventoryRow[],
): Promise<void> {
  await tx.query(PUT, [providerId, ...columnsOf(rows)]);
}

const HAS = {
  name: 'allocations.has_inventory',
  text: 'select from inventories where resource_provider_id = $1 and resource_class_id = $2',
};

/** Whether a locked provider has inventory of the class. */
export async function hasInventory(tx: Tx, providerId: bigint, classId: bigint): Promise<boolean> {
  return (await tx.query(HAS, [providerId, classId])).length > 0;
}

const USED_BESIDES = {
  name: 'allocations.used_besides',
  text: `
    select c.name
      from inventories i
      join resource_classes c on c.id = i.resource_class_id
     where i.resource_provider_id = $1 and i.resource_class_id <> all($2::bigint[]) and i.used > 0
     order by c.name`,
};

/** Returns the names of the other classes that consumers have of a locked provider. */
export async function usedBesides(
  tx: Tx,
  providerId: bigint,
  classIds: readonly bigint[],
): Promise<readonly string[]> {
  const rows = await tx.query<{ name: string }>(USED_BESIDES, [providerId, classIds]);
  return rows.map(({ name }) => name);
}

const DELETE_BESIDES = {
  name: 'allocations.delete_besides',
  text: `
    delete from inventories
     where resource_provider_id = $1 and resource_class_id <> all($2::bigint[])`,
};

/** Removes the inventories of all other classes from a locked provider; none of them is used. */
export async function deleteBesides(
  tx: Tx,
  providerId: bigint,
  classIds: readonly bigint[],
): Promise<void> {
  await tx.query(DELETE_BESIDES, [providerId, classIds]);
}

const FIND_USE = {
  name: 'allocations.find_inventory_use',
  text: `
    select i.resource_class_id as "classId", i.used > 0 as "isUsed"
      from inventories i
      join resource_classes c on c.id = i.resource_class_id
     where i.resource_provider_id = $1 and c.name = $2`,
};

/** Returns whether what a locked provider has of a class is used; undefined when it has none. */
export async function inventoryUse(
  tx: Tx,
  providerId: bigint,
  resourceClass: string,
): Promise<{ readonly classId: bigint; readonly isUsed: boolean } | undefined> {
  const values = [providerId, resourceClass];
  const [found] = await tx.query<{ classId: bigint; isUsed: boolean }>(FIND_USE, values);
  return found;
}

const DELETE = {
  name: 'allocations.delete_inventory',
  text: 'delete from inventories where resource_provider_id = $1 and resource_class_id = $2',
};

/** Removes an inventory that is not used from a locked provider. */
export async function deleteInventory(tx: Tx, providerId: bigint, classId: bigint): Promise<void> {
  await tx.query(DELETE, [providerId, classId]);
}
