import { Logger, runMigrations } from 'graphile-worker';
import { OperatorError } from '../../kernel/operator-error.js';

/** Where graphile-worker keeps its tables. Nobody else's workers may use it, see the README. */
export const QUEUE_SCHEMA = 'graphile_worker';

/** insufficient_privilege */
const NOT_ALLOWED = '42501';

const silent = new Logger(() => () => undefined);

/**
 * Installs the queue's own schema or brings it up to date; several processes may do it at once.
 *
 * Throws an OperatorError when the role may not.
 */
export async function installJobSchema(databaseUrl: string): Promise<void> {
  try {
    await runMigrations({ connectionString: databaseUrl, schema: QUEUE_SCHEMA, logger: silent });
  } catch (error) {
    throw explainedSchemaError(error);
  }
}

/** Returns what a failed installation means to an operator; other errors it returns unchanged. */
export function explainedSchemaError(error: unknown): unknown {
  if ((error as { code?: unknown }).code !== NOT_ALLOWED) return error;
  const message = error instanceof Error ? error.message : '';
  return new OperatorError(
    `The role of DATABASE_URL may not use or set up the job queue (${message}): ` +
      "run 'apportion migrate up' with one that owns the database",
  );
}
