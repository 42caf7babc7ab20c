import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { RepeatTransaction } from '../../db/errors.js';
import type { Tx } from '../../db/tx.js';
import { Failure, invalid } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { ProviderFilter } from '../domain/provider-filter.js';
import {
  judgeFirstParent,
  judgeMove,
  TREE_REFUSALS,
  type TreeRefusal,
} from '../domain/provider-tree.js';
import { providerNotFound, type ResourceProvider } from '../domain/resource-provider.js';
import { holdTrees, lockTrees } from '../storage/locks.js';
import { readProviders, unknownClasses, unknownTraits } from '../storage/provider-list.js';
import { findProvider, lockProvider, lockProviders } from '../storage/provider-rows.js';
import {
  deleteProvider,
  holdProvider,
  insertProvider,
  lockProviderToDelete,
  moveProvider,
  providersWithin,
  renameProvider,
  takenBy,
  usesOfProvider,
} from '../storage/resource-providers.js';
import type { Reading } from './reading.js';

/** Which providers to list. */
export interface ListProvidersCommand {
  readonly filter: ProviderFilter;
  /** Behind a uuid; undefined means the documented whole list. */
  readonly page: Page<string> | undefined;
}

/** A provider to be registered. */
export interface CreateProviderCommand {
  readonly name: string;
  /** In canonical spelling; undefined has one made. */
  readonly uuid: string | undefined;
  /** Uuid of the parent; null for a root. */
  readonly parent: string | null;
}

/** What is to be changed about a provider. */
export interface ProviderChange {
  readonly name: string;
  /** Uuid of the parent; null for a root, undefined leaves the provider where it is. */
  readonly parent: string | null | undefined;
  /** Whether a provider that has a parent may leave it: from 1.37. */
  readonly mayReparent: boolean;
}

/** A change of the provider in the path, as far as it could be read. */
export interface UpdateProviderCommand {
  readonly uuid: string;
  readonly change: Parsed<ProviderChange>;
}

/** The use cases of resource providers (section 12). */
export interface ResourceProviders {
  list(command: ListProvidersCommand): Promise<Reading<ResourceProvider>>;
  create(command: CreateProviderCommand): Promise<ResourceProvider>;
  get(uuid: string): Promise<ResourceProvider>;
  update(command: UpdateProviderCommand): Promise<ResourceProvider>;
  remove(uuid: string): Promise<void>;
}

/** Returns the use cases of resource providers. */
export function createResourceProviders(database: Database): ResourceProviders {
  return {
    list: (command) =>
      Promise.resolve({ page: command.page, read: (visit) => read(database, command, visit) }),
    create: (command) => database.transact((tx) => create(tx, command)),
    async get(uuid) {
      const provider = await database.read((tx) => findProvider(tx, uuid));
      if (provider === undefined) throw providerNotFound(uuid);
      return provider;
    },
    update: (command) => database.transact((tx) => update(tx, command)),
    remove: (uuid) => database.transact((tx) => remove(tx, uuid)),
  };
}

async function read(
  database: Database,
  { filter, page }: ListProvidersCommand,
  visit: (providers: readonly ResourceProvider[]) => void,
): Promise<void> {
  await database.snapshot(async (tx) => {
    await requireKnownNames(tx, filter);
    for await (const piece of readProviders(tx, { filter, page })) visit(piece);
  });
}

async function requireKnownNames(tx: Tx, { resources, traits }: ProviderFilter): Promise<void> {
  const traitNames = [...traits.anyOf.flat(), ...traits.noneOf];
  const unknown = traitNames.length === 0 ? [] : await unknownTraits(tx, traitNames);
  if (unknown.length > 0)
    throw new Failure('invalid', 'UNKNOWN_TRAIT', `No such trait(s): ${unknown.join(', ')}.`, {
      traits: unknown.join(','),
    });
  const [name] = resources.size === 0 ? [] : await unknownClasses(tx, [...resources.keys()]);
  if (name !== undefined)
    throw new Failure(
      'invalid',
      'UNKNOWN_RESOURCE_CLASS',
      `Invalid resource class in resources parameter: No such resource class ${name}.`,
      { resource_class: name },
    );
}

async function create(
  tx: Tx,
  { name, uuid = randomUUID(), parent }: CreateProviderCommand,
): Promise<ResourceProvider> {
  const doing = `Unable to create resource provider "${name}", ${uuid}`;
  if (name === '') throw invalid(`${doing}: The name must not be empty.`);
  const place = parent === null ? null : await firstParent(tx, doing, uuid, parent);
  if (!(await insertProvider(tx, { uuid, name, parent: place })))
    throw await conflict(tx, uuid, name);
  return present(tx, uuid);
}

async function firstParent(tx: Tx, doing: string, uuid: string, parent: string) {
  await holdTrees(tx);
  const place = await holdProvider(tx, parent);
  const exists = place !== undefined;
  const refusal = judgeFirstParent(uuid, { uuid: parent, exists, isWithin: false });
  if (refusal !== undefined) throw refusedPlace(doing, refusal, parent);
  if (place === undefined) throw new Error('A parent that exists was found');
  return place;
}

async function conflict(tx: Tx, uuid: string, name: string): Promise<Error> {
  const taken = await takenBy(tx, { uuid, name });
  const parts = [
    ...(taken.name ? [`name: ${name}`] : []),
    ...(taken.uuid ? [`uuid: ${uuid}`] : []),
  ];
  if (parts.length === 0) return new RepeatTransaction('a name is free again');
  return new Failure(
    'already-exists',
    'ALREADY_EXISTS',
    `Conflicting resource provider ${parts.join(', ')} already exists.`,
    { ...(taken.name && { name }), ...(taken.uuid && { uuid }) },
  );
}

async function update(tx: Tx, { uuid, change }: UpdateProviderCommand): Promise<ResourceProvider> {
  const id =
    change.ok && change.value.parent !== undefined
      ? await move(tx, uuid, change.value.parent, change.value)
      : (await lockProvider(tx, uuid))?.id;
  if (id === undefined) throw providerNotFound(uuid);
  const { name } = unwrap(change);
  requireName(uuid, name);
  await renameProvider(
    tx,
    id,
    name,
    () =>
      new Failure(
        'already-exists',
        'ALREADY_EXISTS',
        `Conflicting resource provider ${name} already exists.`,
        { name },
      ),
  );
  return present(tx, uuid);
}

function requireName(uuid: string, name: string): void {
  if (name === '')
    throw invalid(`Unable to save resource provider ${uuid}: The name must not be empty.`);
}

/**
 * Locks a provider, puts it where it is wanted and returns its id; undefined when there is none.
 *
 * Who stands below it is read behind the lock on all trees and locked in one go with the parent, so
 * that everybody takes providers in the same order.
 */
async function move(
  tx: Tx,
  uuid: string,
  wanted: string | null,
  { name, mayReparent }: ProviderChange,
): Promise<bigint | undefined> {
  await lockTrees(tx);
  const provider = await findProvider(tx, uuid);
  if (provider === undefined) return undefined;
  const within = await providersWithin(tx, provider.id);
  const place = wanted === null ? undefined : await holdProvider(tx, wanted);
  const parentIds = place === undefined ? [] : [place.id];
  const locked = new Set((await lockProviders(tx, [...within, ...parentIds])).map((row) => row.id));
  if (!locked.has(provider.id)) return undefined;
  requireName(uuid, name);
  const parent =
    wanted === null
      ? null
      : {
          uuid: wanted,
          exists: place !== undefined,
          isWithin: place !== undefined && within.includes(place.id),
        };
  const refusal = judgeMove(provider, parent, mayReparent);
  if (refusal !== undefined)
    throw refusedPlace(`Unable to save resource provider ${uuid}`, refusal, wanted ?? '');
  if (provider.parentUuid !== wanted) await moveProvider(tx, provider.id, place ?? null, within);
  return provider.id;
}

function refusedPlace(doing: string, refusal: TreeRefusal, parent: string): Failure {
  const message = `${doing}: ${TREE_REFUSALS[refusal]}`;
  return refusal === 'parent-unknown'
    ? new Failure('invalid', 'UNKNOWN_PROVIDER', message, { provider: parent })
    : invalid(message);
}

async function remove(tx: Tx, uuid: string): Promise<void> {
  const id = await lockProviderToDelete(tx, uuid);
  if (id === undefined) throw providerNotFound(uuid, ' for delete');
  const { hasChildren, hasAllocations } = await usesOfProvider(tx, id);
  if (hasChildren)
    throw new Failure(
      'wrong-state',
      'PROVIDER_HAS_CHILDREN',
      `Unable to delete parent resource provider ${uuid}: It has child resource providers.`,
      { provider: uuid },
    );
  if (hasAllocations)
    throw new Failure(
      'wrong-state',
      'PROVIDER_IN_USE',
      `Unable to delete resource provider ${uuid}: Resource provider has allocations.`,
      { provider: uuid },
    );
  await deleteProvider(tx, id);
}

/** Returns a provider that this transaction has just written. */
async function present(tx: Tx, uuid: string): Promise<ResourceProvider> {
  const provider = await findProvider(tx, uuid);
  if (provider === undefined) throw new Error(`Provider ${uuid} was written and is not there`);
  return provider;
}
