import type { Database } from '../../db/database.js';
import { STANDARD_CLASSES } from '../domain/resource-class.js';
import { STANDARD_TRAITS } from '../domain/standard-traits.js';
import { addStandardClasses, addStandardTraits } from '../storage/standard-names.js';

/** Adds the standard resource classes and traits that are missing; none is ever removed. */
export async function installStandardNames(database: Database): Promise<void> {
  await database.transact(async (tx) => {
    await addStandardClasses(tx, STANDARD_CLASSES);
    await addStandardTraits(tx, STANDARD_TRAITS);
  });
}
