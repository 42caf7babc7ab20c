import type { Inventory as InventoryMessage } from '../../gen/apportion/allocations/v1/allocations.js';
import type {
  CreateInventoryRequest,
  GetInventoryResponse,
  ListInventoriesResponse,
  ReplaceInventoriesRequest,
  ReplaceInventoryRequest,
} from '../../gen/apportion/allocations/v1/inventories_service.js';
import { invalid } from '../../kernel/failure.js';
import { attempt } from '../../kernel/parsed.js';
import { fieldOutOfBounds, type Inventory, INVENTORY_DEFAULTS } from '../domain/inventory.js';
import { isName } from '../domain/resource-class.js';
import type {
  ClassInventory,
  CreateInventoryCommand,
  OneInventory,
  ReplacedInventories,
  ReplaceInventoriesCommand,
  ReplaceInventoryCommand,
} from '../service/inventories.js';

/** gRPC means the latest behaviour: all of an inventory may be reserved. */
const LATEST = { mayBeFullyReserved: true };

/** Returns the command of a CreateInventory request. */
export function createInventoryFromMessage({
  uuid,
  resourceClass,
  inventory,
}: CreateInventoryRequest): CreateInventoryCommand {
  return {
    uuid,
    change: attempt(() => ({ ...classInventoryFrom(resourceClass, inventory), ...LATEST })),
  };
}

/** Returns the command of a ReplaceInventories request. */
export function replaceInventoriesFromMessage({
  uuid,
  resourceProviderGeneration: generation,
  inventories,
}: ReplaceInventoriesRequest): ReplaceInventoriesCommand {
  return {
    uuid,
    change: attempt(() => ({
      generation,
      inventories: Object.entries(inventories).map(([name, one]) => classInventoryFrom(name, one)),
      ...LATEST,
    })),
  };
}

/** Returns the command of a ReplaceInventory request. */
export function replaceInventoryFromMessage({
  uuid,
  resourceClass,
  resourceProviderGeneration: generation,
  inventory,
}: ReplaceInventoryRequest): ReplaceInventoryCommand {
  return {
    uuid,
    resourceClass,
    change: attempt(() => ({ generation, inventory: inventoryFrom(inventory), ...LATEST })),
  };
}

function classInventoryFrom(
  resourceClass: string,
  message: InventoryMessage | undefined,
): ClassInventory {
  if (!isName(resourceClass)) throw invalid('A resource class is named A-Z, 0-9 and _');
  return { resourceClass, ...inventoryFrom(message) };
}

function inventoryFrom(message: InventoryMessage | undefined): Inventory {
  if (message === undefined) throw invalid('Set inventory');
  const inventory = {
    total: message.total,
    reserved: message.reserved ?? INVENTORY_DEFAULTS.reserved,
    minUnit: message.minUnit ?? INVENTORY_DEFAULTS.minUnit,
    maxUnit: message.maxUnit ?? INVENTORY_DEFAULTS.maxUnit,
    stepSize: message.stepSize ?? INVENTORY_DEFAULTS.stepSize,
    allocationRatio: message.allocationRatio ?? INVENTORY_DEFAULTS.allocationRatio,
  };
  const wrong = fieldOutOfBounds(inventory);
  if (wrong !== undefined) throw invalid(`${wrong} is out of bounds`);
  return inventory;
}

/** Returns all inventories of a provider as a message. */
export function inventoriesToMessage({
  generation,
  inventories,
}: ReplacedInventories): ListInventoriesResponse {
  return {
    resourceProviderGeneration: generation,
    inventories: Object.fromEntries(inventories.map((one) => [one.resourceClass, fieldsOf(one)])),
    rest: undefined,
  };
}

/** Returns the inventory of one class as a message. */
export function inventoryToMessage({ generation, inventory }: OneInventory): GetInventoryResponse {
  return {
    resourceProviderGeneration: generation,
    inventory: fieldsOf(inventory),
    rest: undefined,
  };
}

function fieldsOf(inventory: Inventory): InventoryMessage {
  const { total, reserved, minUnit, maxUnit, stepSize, allocationRatio } = inventory;
  return { total, reserved, minUnit, maxUnit, stepSize, allocationRatio };
}
