/** Measures the ledger beside plain SQL in one run; see README.md for what and how. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded.js';
import { migrateDatabase } from '../../src/app.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { type Cell, measureLoad, measurePgbench, type Measurement } from './measure.js';
import { printTable } from './table.js';
import { buildLoadGenerator, findPgbench } from './tools.js';
import { type Servers, startServers } from './servers.js';
import { fillHistory, fillWorld } from './world.js';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    'in-flight': { type: 'string', default: '1,32,256,1024' },
    work: { type: 'string', default: 'issue,issue+accept' },
    spread: { type: 'string', default: 'uniform,hot' },
    against: { type: 'string', default: 'grpc,rest,pgbench' },
    workers: { type: 'string', default: '1' },
    history: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const pgbench = await findPgbench();
  const loadGenerator = await buildLoadGenerator();
  const directory = await mkdtemp(path.join(tmpdir(), 'apportion-bench-'));
  const postgres = await startEmbeddedPostgres({
    directory: path.join(directory, 'postgres'),
    settings: { max_connections: '1200', shared_buffers: '512MB', max_wal_size: '8GB' },
  });
  try {
    const plain = await prepare(postgres.url);
    const servers = await startServers(postgres.url, Number(options.workers), directory);
    try {
      const parts = { pgbench, plain, loadGenerator, servers, directory };
      const results = [...(await measureAll(parts, false))];
      if (options.history) {
        for (const url of [postgres.url, plain]) await fillHistory(url);
        results.push(...(await measureAll(parts, true)));
      }
      printTable(results);
      if (options.json !== undefined)
        await writeFile(options.json, JSON.stringify(results, null, 2));
    } finally {
      await servers.stop();
    }
  } finally {
    await postgres.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  }
}

/** Fills the ledger's database, and a second one for plain SQL; returns the second one's URL. */
async function prepare(url: string): Promise<string> {
  const plain = new URL(url);
  plain.pathname = '/plain';
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create database plain');
  await client.end();
  for (const database of [url, plain.href]) {
    await migrateDatabase(database, 'up');
    await fillWorld(database);
  }
  const owner = new pg.Client({ connectionString: plain.href });
  await owner.connect();
  await owner.query(await readFile(new URL('./plain.sql', import.meta.url), 'utf8'));
  await owner.end();
  return plain.href;
}

interface Parts {
  readonly pgbench: string;
  readonly plain: string;
  readonly loadGenerator: string;
  readonly servers: Pick<Servers, 'grpc' | 'rest' | 'pids'>;
  readonly directory: string;
}

/** Goes through all cells; what is compared runs one right after the other. */
async function measureAll(parts: Parts, history: boolean): Promise<readonly Measurement[]> {
  const results: Measurement[] = [];
  const scripts = path.join(parts.directory, 'scripts');
  await mkdir(scripts, { recursive: true });
  const seconds = Number(options.seconds);
  for (const accept of listed(options.work).map((word) => word === 'issue+accept')) {
    for (const hot of listed(options.spread).map((word) => word === 'hot')) {
      for (const inFlight of listed(options['in-flight']).map(Number)) {
        const cell: Cell = { accept, hot, inFlight, seconds, history };
        for (const against of listed(options.against)) {
          const measured =
            against === 'pgbench'
              ? await measurePgbench(parts.pgbench, parts.plain, scripts, cell)
              : await measureLoad(
                  parts.loadGenerator,
                  against,
                  { grpc: parts.servers.grpc, rest: parts.servers.rest },
                  cell,
                  parts.servers.pids,
                );
          process.stderr.write(`${JSON.stringify(measured)}\n`);
          results.push(measured);
        }
      }
    }
  }
  return results;
}

function listed(text: string): readonly string[] {
  return text.split(',');
}

main().catch((error: unknown) => {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
