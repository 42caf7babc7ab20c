import type { Database } from '../../db/database.js';
import { invalid, notFound } from '../../kernel/failure.js';
import { holdApplyLock } from '../../state/storage/apply-lock.js';
import type { Resource, ResourceDefaults } from '../domain/resource.js';
import { findResources, saveResources, type StoredResource } from '../storage/resources.js';

/** What an operator wants otherwise; what is undefined stays as it is. */
export type ResourceChanges = Partial<
  Omit<Resource, 'name' | 'service'> & Omit<ResourceDefaults, 'name'>
>;

/** A resource after a change. */
export interface ChangedResource {
  readonly resource: StoredResource;
  /** Whether anything is otherwise than before. */
  readonly hasChanged: boolean;
}

/**
 * Changes what an operator decides about a resource. Existing projects keep their capacities: defaults
 * are for projects that come into being, or are approved, from now on.
 *
 * Fails with NOT_FOUND, and with INVALID_REQUEST when user interfaces would show what the API hides.
 */
export async function changeResource(
  database: Database,
  name: string,
  changes: ResourceChanges,
): Promise<ChangedResource> {
  return database.transact(async (tx) => {
    // A state file looks at resources first and writes them afterwards.
    await holdApplyLock(tx);
    const [earlier] = await findResources(tx, [name]);
    if (earlier === undefined) throw notFound('resource', name, `There is no resource ${name}`);
    const resource = { ...earlier, ...definedOf(changes) };
    if (resource.uiVisible && !resource.apiVisible)
      throw invalid(`${name} cannot be shown by user interfaces and hidden in the API`);
    const hasChanged = Object.entries(resource).some(
      ([key, value]) => earlier[key as keyof StoredResource] !== value,
    );
    if (hasChanged) await saveResources(tx, [resource]);
    return { resource, hasChanged };
  });
}

function definedOf(changes: ResourceChanges): ResourceChanges {
  const entries: [string, unknown][] = Object.entries(changes);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
