import type { Database } from '../../db/database.js';
import { Failure, invalid, notFound } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import { isCustomName, isName } from '../domain/resource-class.js';
import {
  addResourceClass,
  deleteResourceClass,
  findResourceClass,
  isResourceClassUsed,
  listResourceClasses,
  lockResourceClass,
  renameResourceClass,
  type ResourceClass,
} from '../storage/resource-classes.js';

export type { ResourceClass } from '../storage/resource-classes.js';

/** A list of classes, and the name behind which the next page begins. */
export interface ResourceClassList {
  readonly classes: readonly ResourceClass[];
  readonly next: string | undefined;
}

/** Adds a class unless it is there, or renames one. */
export interface EnsureClassCommand {
  readonly name: string;
  /** What the class is to be called; undefined adds one. */
  readonly newName: string | undefined;
}

/** The name a class has now, and whether it was added. */
export interface EnsuredClass {
  readonly name: string;
  readonly created: boolean;
}

/** The use cases of resource classes (section 13.1). */
export interface ResourceClasses {
  /** @param page - undefined means all of them. */
  list(page: Page<readonly string[]> | undefined): Promise<ResourceClassList>;
  create(name: string): Promise<string>;
  get(name: string): Promise<ResourceClass>;
  ensure(command: EnsureClassCommand): Promise<EnsuredClass>;
  remove(name: string): Promise<void>;
}

/** Returns the use cases of resource classes. */
export function createResourceClasses(database: Database): ResourceClasses {
  return {
    async list(page) {
      const size = page?.size ?? null;
      const after = page?.after?.[0] ?? '';
      const classes = await database.read((tx) => listResourceClasses(tx, after, size));
      return { classes, next: classes.length === size ? classes.at(-1)?.name : undefined };
    },
    async create(name) {
      requireCustom(name);
      const isNew = await database.transact((tx) => addResourceClass(tx, name));
      if (!isNew) throw taken(`Conflicting resource class already exists: ${name}`, name);
      return name;
    },
    async get(name) {
      const found = isName(name)
        ? await database.read((tx) => findResourceClass(tx, name))
        : undefined;
      if (found === undefined) throw classNotFound(name);
      return found;
    },
    async ensure({ name, newName }) {
      if (newName !== undefined) return rename(database, name, newName);
      requireCustom(name);
      const created = await database.transact((tx) => addResourceClass(tx, name));
      return { name, created };
    },
    remove: (name) => remove(database, name),
  };
}

async function rename(database: Database, name: string, newName: string): Promise<EnsuredClass> {
  requireCustom(newName);
  if (!isName(name)) throw classNotFound(name);
  await database.transact(async (tx) => {
    if (!isCustomName(name)) {
      if ((await findResourceClass(tx, name)) === undefined) throw classNotFound(name);
      throw invalid(`Cannot update standard resource class ${name}`);
    }
    const isDone = await renameResourceClass(tx, name, newName, () =>
      taken(`Resource class already exists: ${newName}`, newName),
    );
    if (!isDone) throw classNotFound(name);
  });
  return { name: newName, created: false };
}

async function remove(database: Database, name: string): Promise<void> {
  if (!isName(name)) throw classNotFound(name);
  await database.transact(async (tx) => {
    const id = await lockResourceClass(tx, name);
    if (id === undefined) throw classNotFound(name);
    if (!isCustomName(name))
      throw invalid(
        `Error in delete resource class: Cannot delete standard resource class ${name}.`,
      );
    if (await isResourceClassUsed(tx, id))
      throw new Failure(
        'wrong-state',
        'RESOURCE_CLASS_IN_USE',
        `Error in delete resource class: Cannot delete resource class ${name}. Class is in use in inventory.`,
        { resource_class: name },
      );
    await deleteResourceClass(tx, id);
  });
}

/** Returns the failure of a class that does not exist. */
function classNotFound(name: string): Failure {
  return notFound('resource_class', name, `No such resource class ${name}.`);
}

function taken(message: string, name: string): Failure {
  return new Failure('already-exists', 'ALREADY_EXISTS', message, { resource_class: name });
}

function requireCustom(name: string): void {
  if (!isCustomName(name))
    throw invalid(
      `A custom resource class is named CUSTOM_ and up to 248 of A-Z, 0-9 and _; it cannot be ${name}`,
    );
}
