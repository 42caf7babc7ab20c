/** Lets pgbench do the work of commissions in plain SQL. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { migrateDatabase } from '../../../../src/app.js';
import { onDatabase } from '../../fill.js';
import { findPgbench } from '../../tools.js';
import type { Cell, Measurement } from './cell.js';
import { fillWorld, pgbenchScript } from './world.js';

const run = promisify(execFile);

/** Makes a second database with the same world and the plain functions; returns its URL. */
export async function preparePlain(url: string): Promise<string> {
  const plain = new URL(url);
  plain.pathname = '/plain';
  await onDatabase(url, (client) => client.query('create database plain'));
  await migrateDatabase(plain.href, 'up');
  await fillWorld(plain.href);
  const functions = await readFile(new URL('./plain.sql', import.meta.url), 'utf8');
  await onDatabase(plain.href, (client) => client.query(functions));
  return plain.href;
}

/** Measures pgbench calling one function per commission. */
export async function measurePgbench(
  url: string,
  directory: string,
  cell: Cell,
): Promise<Measurement> {
  const pgbench = await findPgbench();
  const scripts = path.join(directory, 'scripts');
  await mkdir(scripts, { recursive: true });
  const script = path.join(scripts, 'script.sql');
  const prefix = path.join(scripts, 'latency');
  await writeFile(script, pgbenchScript(cell));
  const threads = Math.min(2, cell.inFlight);
  // With many in flight it connects for longer than the cells last.
  const seconds = Math.max(cell.seconds, Math.ceil(cell.inFlight / 100));
  const { stdout } = await run(
    'sh',
    [
      // A thousand connections are more open files than many shells allow at first.
      ...['-c', 'ulimit -n 4096 2>/dev/null; exec "$0" "$@"', pgbench],
      ...['-n', '-M', 'prepared', '-f', script, '-T', String(seconds)],
      ...['-c', String(cell.inFlight), '-j', String(threads)],
      ...['-l', '--log-prefix', prefix, url],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const latencies = await latenciesIn(scripts);
  return {
    ...cell,
    against: 'pgbench',
    perSecond: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]),
    p50Ms: at(latencies, 0.5),
    p99Ms: at(latencies, 0.99),
    failures: {},
  };
}

/** Reads and removes the logs of pgbench; the third column is microseconds. */
async function latenciesIn(directory: string): Promise<number[]> {
  const all: number[] = [];
  for (const name of await readdir(directory)) {
    if (!name.startsWith('latency')) continue;
    const file = path.join(directory, name);
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      if (line !== '') all.push(Number(line.split(' ')[2]) / 1000);
    }
    await rm(file);
  }
  return all.sort((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}
