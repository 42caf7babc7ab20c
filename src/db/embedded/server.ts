import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import { OperatorError } from '../../kernel/operator-error.js';
import { CLUSTER_USER, lastErrorLine, type DataDirectory } from './data-directory.js';
import { type Place } from './place.js';

const HOST = '127.0.0.1';

/** Replaying a long log after a crash takes its time; a server that hangs must not hang us. */
const READY_WITHIN_MS = 120_000;

/** Measured: an empty cluster answers 60 to 90 ms after its start. */
const ASK_EVERY_MS = 20;

/** What stopping may take before the next, harder signal. */
const STOP_WAIT_MS = 20_000;
const FORCED_WAIT_MS = 5_000;

/** Answers that mean "not yet" and not "never". */
const NOT_YET: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', '57P03']);

/** A running server, not yet asked whether it holds our database. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  urlOf(database: string): string;
  stop(mode: 'fast' | 'immediate'): Promise<void>;
}

/** Why a server did not come up, for one decision: is it worth another try. */
export class ServerStartError extends OperatorError {
  constructor(
    message: string,
    readonly output: string,
  ) {
    super(message);
  }
}

/**
 * Starts Postgres on a cluster and returns once it answers.
 *
 * It runs in a session of its own: a Ctrl-C on the terminal would otherwise end it before those who
 * still write to it have drained. Its words go to a file and not to a pipe, so that it outlives us
 * unharmed when we are killed.
 */
export async function startServer(
  place: Place,
  cluster: DataDirectory,
  options: { readonly port: number; readonly settings: Readonly<Record<string, string>> },
): Promise<Server> {
  const logFile = path.join(place.directory, 'postgres.log');
  const log = await open(logFile, 'w', 0o600);
  const settings = { ...options.settings, listen_addresses: HOST, unix_socket_directories: '' };
  const child = spawn(
    place.binaries.postgres,
    [
      '-D',
      cluster.data,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    {
      ...place.account,
      cwd: place.directory,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    },
  );
  const ended = endOf(child);
  await log.close();
  const urlOf = (database: string): string =>
    `postgres://${CLUSTER_USER}:${cluster.password}@${HOST}:${String(options.port)}/${database}`;
  try {
    await answers(urlOf('postgres'), ended);
  } catch (error) {
    await stopChild(child, ended, 'immediate');
    const output = await readFile(logFile, 'utf8').catch(() => '');
    const why = error instanceof OperatorError ? error.message : lastErrorLine(output);
    throw new ServerStartError(`Postgres did not start on ${cluster.data}: ${why}`, output);
  }
  return {
    port: options.port,
    pid: child.pid ?? 0,
    ended: ended.promise,
    urlOf,
    stop: (mode) => stopChild(child, ended, mode),
  };
}

/** Settles once, when the process has ended or could not be started at all. */
interface End {
  readonly promise: Promise<void>;
  reason(): string | undefined;
}

function endOf(child: ChildProcess): End {
  let reason: string | undefined;
  const promise = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      reason = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      reason ??= signal ?? `exit code ${String(code)}`;
      resolve();
    });
  });
  return { promise, reason: () => reason };
}

async function answers(url: string, ended: End): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (ended.reason() === undefined) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    // A server that dies in the middle of the greeting speaks through the event, too.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      const isOver = Date.now() > deadline;
      if (isOver) throw new OperatorError('it does not answer');
      if (code !== undefined && !NOT_YET.has(code) && ended.reason() === undefined) {
        throw new OperatorError(message);
      }
    }
    await Promise.race([pause(ASK_EVERY_MS), ended.promise]);
  }
  throw new Error(ended.reason());
}

async function stopChild(
  child: ChildProcess,
  ended: End,
  mode: 'fast' | 'immediate',
): Promise<void> {
  const forced = [
    { signal: 'SIGQUIT', waitMs: FORCED_WAIT_MS },
    { signal: 'SIGKILL', waitMs: FORCED_WAIT_MS },
  ] as const;
  const asked = { signal: 'SIGINT', waitMs: STOP_WAIT_MS } as const;
  for (const { signal, waitMs } of mode === 'fast' ? [asked, ...forced] : forced) {
    if (ended.reason() !== undefined) return;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([
      ended.promise,
      pause(waitMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }
}
