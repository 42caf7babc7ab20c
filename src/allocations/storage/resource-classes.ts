import { breaksUnique } from '../../db/errors.js';
import type { Tx } from '../../db/tx.js';

/** A resource class and when it was added or renamed. */
export interface ResourceClass {
  readonly name: string;
  readonly updatedAt: Date;
}

const LIST = {
  name: 'allocations.list_resource_classes',
  text: `
    select name, updated_at as "updatedAt"
      from resource_classes
     where name > $1
     order by name
     limit $2`,
};

/**
 * Returns classes by name.
 *
 * @param limit - null returns all of them.
 */
export async function listResourceClasses(
  tx: Tx,
  after: string,
  limit: number | null,
): Promise<readonly ResourceClass[]> {
  return tx.query<ResourceClass>(LIST, [after, limit]);
}

const FIND = {
  name: 'allocations.find_resource_class',
  text: 'select name, updated_at as "updatedAt" from resource_classes where name = $1',
};

/** Returns the class, or undefined when there is none of that name. */
export async function findResourceClass(tx: Tx, name: string): Promise<ResourceClass | undefined> {
  const [found] = await tx.query<ResourceClass>(FIND, [name]);
  return found;
}

/** Adds a class and returns whether it was not there before. */
export async function addResourceClass(tx: Tx, name: string): Promise<boolean> {
  const text = `
    insert into resource_classes (name) values ($1) on conflict (name) do nothing returning id`;
  return (await tx.query({ text }, [name])).length > 0;
}

/**
 * Renames a class and returns whether it did; false when there is none of that name.
 *
 * @param taken - made when the new name is that of another class.
 */
export async function renameResourceClass(
  tx: Tx,
  name: string,
  newName: string,
  taken: () => Error,
): Promise<boolean> {
  const text = `
    update resource_classes set name = $2, updated_at = now() where name = $1 returning id`;
  try {
    return (await tx.query({ text }, [name, newName])).length > 0;
  } catch (error) {
    if (breaksUnique(error, 'resource_classes_name_key')) throw taken();
    throw error;
  }
}

/** Returns the id of a class, which nobody can begin to use before the transaction ends. */
export async function lockResourceClass(tx: Tx, name: string): Promise<bigint | undefined> {
  const text = 'select id from resource_classes where name = $1 for update';
  const [found] = await tx.query<{ id: bigint }>({ text }, [name]);
  return found?.id;
}

/** Whether a provider has inventory of the class. */
export async function isResourceClassUsed(tx: Tx, id: bigint): Promise<boolean> {
  const text = 'select from inventories where resource_class_id = $1 limit 1';
  return (await tx.query({ text }, [id])).length > 0;
}

/** Removes a class that is locked and not used. */
export async function deleteResourceClass(tx: Tx, id: bigint): Promise<void> {
  await tx.query({ text: 'delete from resource_classes where id = $1' }, [id]);
}
