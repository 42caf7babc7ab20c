/** Runs one cell of the benchmark against one way of doing the work. */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECTS, pgbenchScript, TOKEN, USERS } from './world.js';

const run = promisify(execFile);

/** What one measurement is about. */
export interface Cell {
  readonly accept: boolean;
  /** Everything on one project. */
  readonly hot: boolean;
  readonly inFlight: number;
  readonly seconds: number;
  /** With millions of earlier commissions in the tables. */
  readonly history: boolean;
}

/** What came of it; latencies in milliseconds. */
export interface Measurement extends Cell {
  readonly against: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Processor time that our servers spent on each commission, in microseconds; null elsewhere. */
  readonly serverCpuUs: number | null;
  /** The most memory one of our servers ever had until then, in MiB; null elsewhere. */
  readonly serverPeakMiB: number | null;
}

/** Measures one face of our server with the load generator. */
export async function measureLoad(
  loadGenerator: string,
  face: string,
  addresses: Readonly<Record<string, string>>,
  cell: Cell,
  pids: readonly number[],
): Promise<Measurement> {
  const before = await processorSeconds(pids);
  const { stdout } = await run(loadGenerator, [
    `-face=${face}`,
    `-address=${addresses[face] ?? ''}`,
    `-token=${TOKEN}`,
    `-in-flight=${cell.inFlight}`,
    `-seconds=${cell.seconds}`,
    `-accept=${cell.accept}`,
    `-hot=${cell.hot}`,
    `-projects=${PROJECTS}`,
    `-users=${USERS}`,
  ]);
  const { perSecond, p50Ms, p99Ms, failures } = JSON.parse(stdout) as Measurement;
  const spent = (await processorSeconds(pids)) - before;
  const serverCpuUs = (spent / (perSecond * cell.seconds)) * 1e6;
  const serverPeakMiB = Math.max(...(await Promise.all(pids.map(peakMiB))));
  const ours = { serverCpuUs, serverPeakMiB };
  return { ...cell, against: face, perSecond, p50Ms, p99Ms, failures, ...ours };
}

/** Ticks of the processor's clock per second, as Linux counts them in `/proc`. */
const TICKS = 100;

/** Returns the processor time of the processes, in seconds. Noise by others does not change it. */
async function processorSeconds(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
  return stats
    .map((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
    .reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) / TICKS, 0);
}

async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Measures pgbench calling one function per commission. */
export async function measurePgbench(
  pgbench: string,
  url: string,
  directory: string,
  cell: Cell,
): Promise<Measurement> {
  const script = path.join(directory, 'script.sql');
  const prefix = path.join(directory, 'latency');
  await writeFile(script, pgbenchScript(cell));
  const threads = Math.min(2, cell.inFlight);
  const { stdout } = await run(
    'sh',
    [
      // A thousand connections are more open files than many shells allow at first.
      ...['-c', 'ulimit -n 4096 2>/dev/null; exec "$0" "$@"', pgbench],
      ...[
        '-n',
        '-M',
        'prepared',
        '-f',
        script,
        '-T',
        String(Math.max(cell.seconds, Math.ceil(cell.inFlight / 100))),
      ],
      ...['-c', String(cell.inFlight), '-j', String(threads)],
      ...['-l', '--log-prefix', prefix, url],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const latencies = await latenciesIn(directory);
  const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  return {
    ...cell,
    against: 'pgbench',
    perSecond,
    p50Ms: at(latencies, 0.5),
    p99Ms: at(latencies, 0.99),
    failures: {},
    serverCpuUs: null,
    serverPeakMiB: null,
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
