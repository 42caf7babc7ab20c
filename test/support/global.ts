/**
 * Starts one Postgres for the whole run, with a migrated template that every test file clones.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { migrateDatabase } from '../../src/app.js';
import { TEMPLATE_VARIABLE } from './database.js';

let postgres: EmbeddedPostgres | undefined;
let directory: string | undefined;

export async function mochaGlobalSetup(): Promise<void> {
  directory = await mkdtemp(path.join(tmpdir(), 'apportion-test-'));
  postgres = await startEmbeddedPostgres({
    directory,
    database: 'template_apportion',
    settings: { fsync: 'off', max_connections: '300', shared_buffers: '256MB' },
  });
  await migrateDatabase(postgres.url, 'up');
  process.env[TEMPLATE_VARIABLE] = postgres.url;
}

export async function mochaGlobalTeardown(): Promise<void> {
  await postgres?.stop('immediate');
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}
