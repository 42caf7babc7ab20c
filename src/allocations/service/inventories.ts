import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import { Failure, invalid, notFound } from '../../kernel/failure.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import { type Inventory, isValidInventory } from '../domain/inventory.js';
import { isName } from '../domain/resource-class.js';
import { providerNotFound, requireGeneration } from '../domain/resource-provider.js';
import {
  addInventory,
  type ClassInventory,
  deleteBesides,
  deleteInventory,
  hasInventory,
  holdClasses,
  inventoryUse,
  type ProviderInventories,
  putInventories,
  readInventories,
  type StoredInventory,
  usedBesides,
} from '../storage/inventories.js';
import { advanceProvider, type LockedProvider, lockProvider } from '../storage/provider-rows.js';

export type {
  ClassInventory,
  ProviderInventories,
  StoredInventory,
} from '../storage/inventories.js';

/** What a body says, as far as it could be read; it is judged after the provider is looked up. */
interface OnProvider<Change> {
  /** As in the path. */
  readonly uuid: string;
  readonly change: Parsed<Change>;
}

interface Judged {
  /** Whether nothing at all may be left to allocate: from 1.26. */
  readonly mayBeFullyReserved: boolean;
}

/** Gives a provider the inventory of a class it does not have. */
export type CreateInventoryCommand = OnProvider<ClassInventory & Judged>;

/** Makes these all the inventories of a provider. */
export type ReplaceInventoriesCommand = OnProvider<
  Judged & {
    readonly generation: bigint;
    /** Each class once. */
    readonly inventories: readonly ClassInventory[];
  }
>;

/** Replaces the inventory of a class the provider has. */
export type ReplaceInventoryCommand = OnProvider<
  Judged & { readonly generation: bigint; readonly inventory: Inventory }
> & { readonly resourceClass: string };

/** The inventory of one class and the generation of its provider. */
export interface OneInventory<Kind extends ClassInventory = ClassInventory> {
  readonly uuid: string;
  readonly generation: bigint;
  readonly inventory: Kind;
}

/** All inventories of a provider after they were replaced. */
export interface ReplacedInventories {
  readonly generation: bigint;
  readonly inventories: readonly ClassInventory[];
}

/** The use cases of inventories (section 13.2). */
export interface Inventories {
  list(uuid: string): Promise<ProviderInventories>;
  get(uuid: string, resourceClass: string): Promise<OneInventory<StoredInventory>>;
  create(command: CreateInventoryCommand): Promise<OneInventory>;
  replaceAll(command: ReplaceInventoriesCommand): Promise<ReplacedInventories>;
  replace(command: ReplaceInventoryCommand): Promise<OneInventory>;
  removeAll(uuid: string): Promise<void>;
  remove(uuid: string, resourceClass: string): Promise<void>;
}

/** Returns the use cases of inventories. */
export function createInventories(database: Database): Inventories {
  return {
    async list(uuid) {
      const found = await database.read((tx) => readInventories(tx, uuid));
      if (found === undefined)
        throw providerNotFound(uuid, ` : No resource provider with uuid ${uuid} found`);
      return found;
    },
    async get(uuid, resourceClass) {
      const found = await database.read((tx) => readInventories(tx, uuid));
      if (found === undefined) throw providerNotFound(uuid);
      const inventory = found.inventories.find((one) => one.resourceClass === resourceClass);
      if (inventory === undefined)
        throw inventoryNotFound(
          resourceClass,
          `No inventory of class ${resourceClass} for ${uuid}`,
        );
      return { uuid, generation: found.generation, inventory };
    },
    create: (command) => database.transact((tx) => create(tx, command)),
    replaceAll: (command) => database.transact((tx) => replaceAll(tx, command)),
    replace: (command) => database.transact((tx) => replace(tx, command)),
    removeAll: (uuid) => database.transact((tx) => removeAll(tx, uuid)),
    remove: (uuid, resourceClass) => database.transact((tx) => remove(tx, uuid, resourceClass)),
  };
}

async function create(tx: Tx, { uuid, change }: CreateInventoryCommand): Promise<OneInventory> {
  const provider = await lockedProvider(tx, uuid);
  const { mayBeFullyReserved, ...inventory } = unwrap(change);
  const { resourceClass } = inventory;
  const doing = `Unable to create inventory for resource provider ${uuid}`;
  const classId = (await holdClasses(tx, [resourceClass])).get(resourceClass);
  if (classId === undefined) throw unknownClass(doing, resourceClass);
  requireValid(doing, provider, inventory, mayBeFullyReserved);
  if (!(await addInventory(tx, provider.id, { ...inventory, classId })))
    throw new Failure(
      'already-exists',
      'ALREADY_EXISTS',
      `Update conflict: Resource provider ${uuid} has inventory of class ${resourceClass} already.`,
      { provider: uuid, resource_class: resourceClass },
    );
  return { uuid, generation: await advanceProvider(tx, provider.id), inventory };
}

async function replaceAll(
  tx: Tx,
  { uuid, change }: ReplaceInventoriesCommand,
): Promise<ReplacedInventories> {
  const provider = await lockedProvider(tx, uuid);
  const { generation, inventories, mayBeFullyReserved } = unwrap(change);
  requireGeneration(provider, generation);
  for (const inventory of inventories)
    requireValid(
      `Unable to update inventory for resource provider ${uuid}`,
      provider,
      inventory,
      mayBeFullyReserved,
    );
  const classIds = await holdClasses(
    tx,
    inventories.map(({ resourceClass }) => resourceClass),
  );
  const rows = inventories.map((inventory) => {
    const classId = classIds.get(inventory.resourceClass);
    const doing = `Unknown resource class in inventory for resource provider ${uuid}`;
    if (classId === undefined) throw unknownClass(doing, inventory.resourceClass);
    return { ...inventory, classId };
  });
  const kept = rows.map(({ classId }) => classId);
  const used = await usedBesides(tx, provider.id, kept);
  if (used.length > 0) throw inUse(uuid, used, 'update conflict: ');
  await deleteBesides(tx, provider.id, kept);
  await putInventories(tx, provider.id, rows);
  return { generation: await advanceProvider(tx, provider.id), inventories };
}

async function replace(
  tx: Tx,
  { uuid, resourceClass, change }: ReplaceInventoryCommand,
): Promise<OneInventory> {
  const provider = await lockedProvider(tx, uuid);
  const classId = isName(resourceClass)
    ? (await holdClasses(tx, [resourceClass])).get(resourceClass)
    : undefined;
  if (classId === undefined)
    throw notFound('resource_class', resourceClass, `No such resource class ${resourceClass}.`);
  const { generation, inventory, mayBeFullyReserved } = unwrap(change);
  requireGeneration(provider, generation);
  if (!(await hasInventory(tx, provider.id, classId)))
    throw invalid(
      `No inventory record with resource class for resource provider ${uuid}: ` +
        `No inventory of class ${resourceClass} found.`,
    );
  const stored = { resourceClass, ...inventory };
  requireValid(
    `Unable to update inventory for resource provider ${uuid}`,
    provider,
    stored,
    mayBeFullyReserved,
  );
  await putInventories(tx, provider.id, [{ ...inventory, classId }]);
  return { uuid, generation: await advanceProvider(tx, provider.id), inventory: stored };
}

async function removeAll(tx: Tx, uuid: string): Promise<void> {
  const provider = await lockedProvider(tx, uuid);
  const used = await usedBesides(tx, provider.id, []);
  if (used.length > 0) throw inUse(uuid, used);
  await deleteBesides(tx, provider.id, []);
  await advanceProvider(tx, provider.id);
}

async function remove(tx: Tx, uuid: string, resourceClass: string): Promise<void> {
  const provider = await lockedProvider(tx, uuid);
  const found = isName(resourceClass)
    ? await inventoryUse(tx, provider.id, resourceClass)
    : undefined;
  if (found === undefined)
    throw inventoryNotFound(
      resourceClass,
      `No inventory of class ${resourceClass} found for delete: ` +
        `No inventory of class ${resourceClass} for ${uuid}`,
    );
  if (found.isUsed)
    throw inUse(uuid, [resourceClass], `Unable to delete inventory of class ${resourceClass}: `);
  await deleteInventory(tx, provider.id, found.classId);
  await advanceProvider(tx, provider.id);
}

async function lockedProvider(tx: Tx, uuid: string): Promise<LockedProvider> {
  const provider = await lockProvider(tx, uuid);
  if (provider === undefined) throw providerNotFound(uuid);
  return provider;
}

function requireValid(
  doing: string,
  { uuid }: LockedProvider,
  inventory: ClassInventory,
  mayBeFullyReserved: boolean,
): void {
  if (isValidInventory(inventory, mayBeFullyReserved)) return;
  const than = mayBeFullyReserved ? 'greater than' : 'greater than or equal to';
  throw invalid(
    `${doing}: Invalid inventory for '${inventory.resourceClass}' on resource provider '${uuid}'. ` +
      `The reserved value is ${than} total.`,
  );
}

function unknownClass(doing: string, resourceClass: string): Failure {
  return new Failure(
    'invalid',
    'UNKNOWN_RESOURCE_CLASS',
    `${doing}: No such resource class ${resourceClass}.`,
    { resource_class: resourceClass },
  );
}

function inventoryNotFound(resourceClass: string, message: string): Failure {
  return notFound('inventory', resourceClass, message);
}

function inUse(uuid: string, resourceClasses: readonly string[], doing = ''): Failure {
  const names = resourceClasses.join(', ');
  return new Failure(
    'wrong-state',
    'INVENTORY_IN_USE',
    `${doing}Inventory for '${names}' on resource provider '${uuid}' in use.`,
    { provider: uuid, resource_classes: resourceClasses.join(',') },
  );
}
