/** Starts what is measured: Postgres, our servers, Envoy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { migrateDatabase } from '../../src/app.js';
import { startEmbeddedPostgres } from '../../src/db/embedded.js';
import { type Servers, startServers } from './servers.js';
import { buildLoadGenerator } from './tools.js';

/** A running system with an empty, migrated database. */
export interface Stage {
  readonly databaseUrl: string;
  readonly postgresPid: number;
  readonly servers: Servers;
  /** Path of the load generator. */
  readonly loadGenerator: string;
  /** For files that nobody needs afterwards. */
  readonly directory: string;
}

/** Lets some work be done on a stage and ends everything afterwards. */
export async function onStage(
  workers: number,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const loadGenerator = await buildLoadGenerator();
  const directory = await mkdtemp(path.join(tmpdir(), 'apportion-bench-'));
  const postgres = await startEmbeddedPostgres({
    directory: path.join(directory, 'postgres'),
    settings: { max_connections: '1200', shared_buffers: '512MB', max_wal_size: '8GB' },
  });
  try {
    await migrateDatabase(postgres.url, 'up');
    const servers = await startServers(postgres.url, workers, directory);
    try {
      const { url: databaseUrl, pid: postgresPid } = postgres;
      await work({ databaseUrl, postgresPid, servers, loadGenerator, directory });
    } finally {
      await servers.stop();
    }
  } finally {
    await postgres.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  }
}
