import type { Knex } from 'knex';
import knex from 'knex';
import pg from 'pg';
import { OperatorError } from '../kernel/operator-error.js';
import { isAway } from './errors.js';
import { type Migration, migrations } from './migrations/index.js';

/** Key of the advisory lock that lets one process migrate at a time. */
const LOCK = 4_719_820_121;

const source: Knex.MigrationSource<Migration> = {
  getMigrations: () => Promise.resolve([...migrations]),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) => Promise.resolve(migration),
};

/** One migration and whether the database has it. */
export interface MigrationState {
  readonly name: string;
  readonly applied: boolean;
}

/**
 * Brings the schema up to date, or takes the newest migration back, and returns the names of what
 * was done. Safe to run from several processes at once.
 *
 * Throws an OperatorError when the database cannot be reached or has a newer schema.
 */
export async function migrate(
  databaseUrl: string,
  direction: 'up' | 'down',
): Promise<readonly string[]> {
  return withLock(databaseUrl, async (database) => {
    await refuseNewer(database);
    const options = { migrationSource: source };
    // Whoever held Knex's own lock and died is gone: the advisory lock is ours.
    await database.migrate.forceFreeMigrationsLock(options);
    const outcome = (await (direction === 'up'
      ? database.migrate.latest(options)
      : database.migrate.down(options))) as [number, string[]];
    return outcome[1];
  });
}

/** Returns every migration the program knows, oldest first, and whether the database has it. */
export async function migrationStates(databaseUrl: string): Promise<readonly MigrationState[]> {
  return withConnection(databaseUrl, async (database) => {
    const applied = new Set(await appliedNames(database));
    return migrations.map(({ name }) => ({ name, applied: applied.has(name) }));
  });
}

/** Throws an OperatorError unless the database has exactly the schema this program is made for. */
export async function requireCurrentSchema(databaseUrl: string): Promise<void> {
  await withConnection(databaseUrl, async (database) => {
    await refuseNewer(database);
    const applied = new Set(await appliedNames(database));
    const missing = migrations.find(({ name }) => !applied.has(name));
    if (missing !== undefined)
      throw new OperatorError(
        `The database lacks migration ${missing.name}: run 'apportion migrate up'`,
      );
  });
}

async function refuseNewer(database: Knex): Promise<void> {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = (await appliedNames(database)).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new OperatorError(
      `The database has a newer schema than this program (migration ${unknown}): upgrade Apportion`,
    );
}

async function appliedNames(database: Knex): Promise<readonly string[]> {
  if (!(await database.schema.hasTable('knex_migrations'))) return [];
  const rows = await database<{ name: string }>('knex_migrations').select('name').orderBy('id');
  return rows.map(({ name }) => name);
}

async function withLock<T>(databaseUrl: string, work: (database: Knex) => Promise<T>): Promise<T> {
  return withConnection(databaseUrl, async (database) => {
    // A connection of its own: the lock ends with it, also when this process is killed.
    const holder = new pg.Client({ connectionString: databaseUrl });
    holder.on('error', () => undefined);
    await holder.connect();
    try {
      await holder.query('select pg_advisory_lock($1)', [LOCK]);
      return await work(database);
    } finally {
      await holder.end();
    }
  });
}

async function withConnection<T>(
  databaseUrl: string,
  work: (database: Knex) => Promise<T>,
): Promise<T> {
  const database = knex({
    client: 'pg',
    connection: { connectionString: databaseUrl, connectionTimeoutMillis: 3_000 },
    pool: { min: 0, max: 2 },
    acquireConnectionTimeout: 4_000,
    log: { warn: () => undefined, error: () => undefined },
  });
  try {
    return await work(database);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw explained(error);
  } finally {
    await database.destroy();
  }
}

function explained(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  if (isAway(error) || /acquiring a connection/.test(message))
    return new OperatorError(`DATABASE_URL: the database cannot be reached (${oneLine(error)})`);
  if (code === '28P01' || code === '28000' || code === '3D000' || code === 'ERR_INVALID_URL')
    return new OperatorError(`DATABASE_URL: ${oneLine(error)}`);
  return error;
}

function oneLine(error: unknown): string {
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
}
