/** Clones of the migrated template database, one per test file. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The environment variable by which the global setup tells where the template is. */
export const TEMPLATE_VARIABLE = 'APPORTION_TEST_TEMPLATE_URL';

/** A database of its own; drop it in `after`. */
export interface TestDatabase {
  readonly url: string;
  /** Runs SQL on a connection of the test's own. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Returns a fresh clone of the migrated template, or an empty database. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const template = process.env[TEMPLATE_VARIABLE];
  if (template === undefined) throw new Error('The global setup has not run');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const source = options.empty === true ? 'template0' : 'template_apportion';
  await administer(template, `create database ${name} template ${source} strategy file_copy`);
  const url = withDatabase(template, name);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  return {
    url,
    query: async (text, values) => (await pool.query(text, values)).rows as never,
    drop: async () => {
      await pool.end();
      await administer(template, `drop database if exists ${name} with (force)`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(url, 'postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
