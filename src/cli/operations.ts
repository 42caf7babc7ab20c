import { createOperations, type Operations } from '../app.js';
import type { Config } from '../config.js';
import { requireCurrentSchema } from '../db/migrate.js';
import { withDatabaseUrl } from './database-url.js';

/**
 * Runs a command's work on the slices and lets go of the database afterwards.
 *
 * Throws an OperatorError when there is no database, or one with another schema.
 */
export async function withOperations<T>(
  config: Config,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const found = await withDatabaseUrl(config);
  await requireCurrentSchema(found.databaseUrl);
  const operations = createOperations(found);
  try {
    return await work(operations);
  } finally {
    await operations.close();
  }
}
