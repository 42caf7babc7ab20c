import { invalid } from '../../kernel/failure.js';
import { attempt } from '../../kernel/parsed.js';
import type { HttpAnswer } from '../../rpc/http.js';
import { isObject, type JsonObject, type JsonValue, member } from '../../rpc/json.js';
import {
  fieldOutOfBounds,
  type Inventory,
  INVENTORY_DEFAULTS,
  LARGEST_RATIO,
  LARGEST_UNIT,
} from '../domain/inventory.js';
import { LONGEST_NAME, NAME_PATTERN } from '../domain/resource-class.js';
import type {
  ClassInventory,
  CreateInventoryCommand,
  OneInventory,
  ProviderInventories,
  ReplacedInventories,
  ReplaceInventoriesCommand,
  ReplaceInventoryCommand,
  StoredInventory,
} from '../service/inventories.js';
import {
  type Freshness,
  locationOf,
  newestOf,
  type PlacementRequest,
  writtenAnswer,
} from './answers.js';
import { objectBodyOf } from './input.js';
import type { Minor } from './microversion.js';
import { uuidFromPath } from './provider-path.js';
import { integerFrom, numberFrom, type Schema } from './schema.js';

const LARGEST = Number(LARGEST_UNIT);
const FROM_ZERO: Schema = { type: 'integer', minimum: 0, maximum: LARGEST };
const FROM_ONE: Schema = { type: 'integer', minimum: 1, maximum: LARGEST };

/** The six fields of a record (section 13.2). */
const FIELDS: Readonly<Record<string, Schema>> = {
  total: FROM_ONE,
  reserved: FROM_ZERO,
  min_unit: FROM_ONE,
  max_unit: FROM_ONE,
  step_size: FROM_ONE,
  allocation_ratio: { type: 'number', maximum: LARGEST_RATIO },
};

const GENERATION: Schema = { type: 'integer' };

const RECORD: Schema = { type: 'object', properties: FIELDS, required: ['total'] };

const CREATE = {
  type: 'object',
  properties: {
    ...FIELDS,
    resource_provider_generation: GENERATION,
    resource_class: { type: 'string', pattern: NAME_PATTERN, maxLength: LONGEST_NAME },
  },
  required: ['resource_class', 'total'],
} as const satisfies Schema;

const REPLACE_ALL = {
  type: 'object',
  properties: {
    resource_provider_generation: GENERATION,
    inventories: { type: 'object', patternProperties: { [NAME_PATTERN]: RECORD } },
  },
  required: ['resource_provider_generation', 'inventories'],
} as const satisfies Schema;

const REPLACE = {
  type: 'object',
  properties: { ...FIELDS, resource_provider_generation: GENERATION },
  required: ['resource_provider_generation', 'total'],
} as const satisfies Schema;

/** Returns the provider and the class in the path. */
export function inventoryFromPath({
  parameters: [uuid = '', resourceClass = ''],
}: PlacementRequest) {
  return { uuid, resourceClass };
}

/** Returns the command of `POST …/inventories`. */
export function createInventoryFromHttp(request: PlacementRequest): CreateInventoryCommand {
  return {
    uuid: uuidFromPath(request),
    change: attempt(() => {
      const body = objectBodyOf(request, CREATE);
      const resourceClass = body['resource_class'] as string;
      return { ...classInventoryFrom(resourceClass, body), ...judgedBy(request.minor) };
    }),
  };
}

/** Returns the command of `PUT …/inventories`. */
export function replaceInventoriesFromHttp(request: PlacementRequest): ReplaceInventoriesCommand {
  return {
    uuid: uuidFromPath(request),
    change: attempt(() => {
      const body = objectBodyOf(request, REPLACE_ALL);
      const inventories = Object.entries(body['inventories'] as JsonObject);
      return {
        generation: generationFrom(body),
        inventories: inventories.map(([name, record]) => classInventoryFrom(name, record)),
        ...judgedBy(request.minor),
      };
    }),
  };
}

/** Returns the command of `PUT …/inventories/{class}`. */
export function replaceInventoryFromHttp(request: PlacementRequest): ReplaceInventoryCommand {
  return {
    ...inventoryFromPath(request),
    change: attempt(() => {
      const body = objectBodyOf(request, REPLACE);
      return {
        generation: generationFrom(body),
        inventory: inventoryFrom(body),
        ...judgedBy(request.minor),
      };
    }),
  };
}

/** All of an inventory may be reserved from 1.26. */
function judgedBy(minor: Minor) {
  return { mayBeFullyReserved: minor >= 26 };
}

function generationFrom(body: JsonObject): bigint {
  const generation = integerFrom(member(body, 'resource_provider_generation'));
  if (generation === undefined) throw new Error('The schema asks for a generation');
  return generation;
}

function classInventoryFrom(resourceClass: string, record: JsonValue | undefined): ClassInventory {
  return { resourceClass, ...inventoryFrom(record) };
}

function inventoryFrom(record: JsonValue | undefined): Inventory {
  if (!isObject(record)) throw new Error('The schema asks for a record');
  const inventory = {
    total: integerFrom(member(record, 'total')) ?? 0n,
    reserved: integerFrom(member(record, 'reserved')) ?? INVENTORY_DEFAULTS.reserved,
    minUnit: integerFrom(member(record, 'min_unit')) ?? INVENTORY_DEFAULTS.minUnit,
    maxUnit: integerFrom(member(record, 'max_unit')) ?? INVENTORY_DEFAULTS.maxUnit,
    stepSize: integerFrom(member(record, 'step_size')) ?? INVENTORY_DEFAULTS.stepSize,
    allocationRatio:
      numberFrom(member(record, 'allocation_ratio')) ?? INVENTORY_DEFAULTS.allocationRatio,
  };
  // What the schema cannot say: a ratio below every double.
  const wrong = fieldOutOfBounds(inventory);
  if (wrong !== undefined) throw invalid(`JSON does not validate: '${wrong}' is out of bounds`);
  return inventory;
}

/** Returns the answer to `GET …/inventories`; without any there is nothing to date (section 3.6). */
export function inventoriesToHttp(
  { generation, inventories }: ProviderInventories,
  request: PlacementRequest,
): HttpAnswer {
  const newest = newestOf(inventories.map(({ updatedAt }) => updatedAt));
  return listAnswer(request, generation, inventories, newest ?? 'undated');
}

/** Returns the answer to `PUT …/inventories`. */
export function replacedInventoriesToHttp(
  { generation, inventories }: ReplacedInventories,
  request: PlacementRequest,
): HttpAnswer {
  return listAnswer(request, generation, inventories, 'now');
}

/** Returns the answer to `GET …/inventories/{class}`. */
export function inventoryToHttp(
  { generation, inventory }: OneInventory<StoredInventory>,
  request: PlacementRequest,
): HttpAnswer {
  return writtenAnswer(request, single(inventory, generation), inventory.updatedAt);
}

/** Returns the answer to `PUT …/inventories/{class}`. */
export function replacedInventoryToHttp(
  { generation, inventory }: OneInventory,
  request: PlacementRequest,
): HttpAnswer {
  return writtenAnswer(request, single(inventory, generation), 'now');
}

/** Returns the answer to `POST …/inventories`. */
export function createdInventoryToHttp(
  { uuid, generation, inventory }: OneInventory,
  request: PlacementRequest,
): HttpAnswer {
  const path = `/resource_providers/${uuid}/inventories/${inventory.resourceClass}`;
  return writtenAnswer(request, single(inventory, generation), 'now', {
    status: 201,
    headers: locationOf(request, path),
  });
}

function listAnswer(
  request: PlacementRequest,
  generation: bigint,
  inventories: readonly ClassInventory[],
  freshness: Freshness,
): HttpAnswer {
  const members = inventories.map((one) => `"${one.resourceClass}": {${fieldsOf(one)}}`);
  const body = `{"resource_provider_generation": ${generation}, "inventories": {${members.join(', ')}}}`;
  return writtenAnswer(request, body, freshness);
}

function single(inventory: Inventory, generation: bigint): string {
  return `{"resource_provider_generation": ${generation}, ${fieldsOf(inventory)}}`;
}

/** Written by hand because a ratio of 1 is shown as `1.0`, like every double. */
function fieldsOf(inventory: Inventory): string {
  const { total, reserved, minUnit, maxUnit, stepSize, allocationRatio } = inventory;
  return (
    `"total": ${total}, "reserved": ${reserved}, "min_unit": ${minUnit}, ` +
    `"max_unit": ${maxUnit}, "step_size": ${stepSize}, ` +
    `"allocation_ratio": ${printDouble(allocationRatio)}`
  );
}

function printDouble(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
