import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import { OperatorError } from '../../kernel/operator-error.js';
import { readEnvoyTemplates, renderEnvoyConfig, type EnvoyConfigOptions } from './envoy-config.js';
import { packageFile } from './package-root.js';

/** Measured: ready 200 to 400 ms after the start; a loaded machine takes longer. */
const READY_WITHIN_MS = 30_000;
const ASK_EVERY_MS = 50;

/** Seconds in which callers are told to close their connections before the ports are closed. */
const DRAIN_NOTICE_SECONDS = 1;

const STOP_WAIT_MS = 5_000;

/** Enough to hold every line that Envoy prints about one mistake. */
const KEPT_LINES = 20;

/** Everything the configuration needs, and how to run it. Paths are filled in from `directory`. */
export interface StartEnvoyOptions extends Omit<
  EnvoyConfigOptions,
  'templates' | 'descriptorPath' | 'luaPath' | 'accessLogPath'
> {
  readonly binary: string;
  /** Gets the configuration and the access log. */
  readonly directory: string;
  /** Default: the one that is shipped with the package. */
  readonly descriptorPath?: string;
  /** Threads that serve; default 1, which two cores shared with Node and Postgres bear best. */
  readonly concurrency?: number;
  /** Longest wait for requests in flight in `drain`, in milliseconds; default 20 s. */
  readonly drainTimeoutMs?: number;
  /** The environment of the process; default: empty. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Gets Envoy's own warnings, line by line. */
  readonly log?: (line: string) => void;
}

/** A running Envoy. */
export interface RunningEnvoy {
  readonly httpPort: number;
  readonly adminPort: number;
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /**
   * Lets callers go: tells them to close, closes the ports, waits for requests in flight. Returns
   * false when some were still running at the end of the time. The process runs on until `stop`.
   */
  drain(): Promise<boolean>;
  /** Ends the process; whatever is in flight is dropped. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts Envoy and returns once its ports answer.
 *
 * It runs in a session of its own, so that a Ctrl-C on the terminal does not drop requests that are
 * still to be drained. Throws an OperatorError with Envoy's last words when it does not come up.
 */
export async function startEnvoy(options: StartEnvoyOptions): Promise<RunningEnvoy> {
  const configFile = await writeConfig(options);
  const name = randomUUID();
  const child = spawn(
    options.binary,
    [
      // Hot restarts are not used: no base id to clash over, nothing left in shared memory.
      '--disable-hot-restart',
      ...['--concurrency', String(options.concurrency ?? 1)],
      ...['--drain-time-s', String(DRAIN_NOTICE_SECONDS), '--drain-strategy', 'immediate'],
      ...['--log-level', 'warn', '--service-node', name, '--config-path', configFile],
    ],
    {
      cwd: options.directory,
      env: { ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const lastWords = collectLines(child, options.log ?? (() => undefined));
  const end = endOf(child);
  try {
    await ready(options.adminPort, name, end);
  } catch (error) {
    await stopProcess(child, end);
    throw new OperatorError(`Envoy did not start: ${startFailure(error, lastWords)}`);
  }
  return {
    httpPort: options.httpPort,
    adminPort: options.adminPort,
    pid: child.pid ?? 0,
    ended: end.promise,
    drain: () => drain(options.adminPort, end, options.drainTimeoutMs ?? 20_000),
    stop: () => stopProcess(child, end),
  };
}

async function writeConfig(options: StartEnvoyOptions): Promise<string> {
  const directory = path.resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const luaPath = path.join(directory, 'edge.lua');
  const files = renderEnvoyConfig({
    ...options,
    templates: await readEnvoyTemplates(),
    descriptorPath: options.descriptorPath ?? packageFile('envoy/apportion.pb'),
    luaPath,
    accessLogPath: path.join(directory, 'access.log'),
  });
  const configFile = path.join(directory, 'envoy.yaml');
  await Promise.all([writeFile(configFile, files.yaml), writeFile(luaPath, files.lua)]);
  return configFile;
}

/** Settled once, when the process has ended or could not be started at all. */
interface End {
  readonly promise: Promise<void>;
  hasCome(): boolean;
}

function endOf(child: ChildProcess): End {
  let over = false;
  const promise = new Promise<void>((resolve) => {
    const settle = (): void => {
      over = true;
      resolve();
    };
    child.once('error', settle);
    // Not `exit`: the last words arrive after it.
    child.once('close', settle);
  });
  return { promise, hasCome: () => over };
}

/** Passes lines on as they come and keeps the last ones for the message of a failed start. */
function collectLines(child: ChildProcess, log: (line: string) => void): readonly string[] {
  const kept: string[] = [];
  child.once('error', (error) => kept.push(error.message));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      log(line);
    });
  }
  return kept;
}

function startFailure(error: unknown, lastWords: readonly string[]): string {
  const busy = lastWords.map((line) => /cannot bind '([^']+)'/.exec(line)?.[1]).find(Boolean);
  if (busy !== undefined) return `${busy} is in use`;
  // The last line is the plain one; all of them have been logged.
  return lastWords.at(-1) ?? (error as Error).message;
}

/**
 * Waits until Envoy says it is live, which it does when its clusters and listeners are up.
 *
 * Another Envoy may sit on the admin port; ours is known by its name.
 */
async function ready(adminPort: number, name: string, end: End): Promise<void> {
  const isLive = async (): Promise<boolean> => {
    const text = await askAdmin(adminPort, '/server_info');
    if (text === undefined) return false;
    const info = JSON.parse(text) as ServerInfo;
    return info.state === 'LIVE' && info.command_line_options?.service_node === name;
  };
  if (await becomesTrue(isLive, end, READY_WITHIN_MS)) return;
  throw new Error(end.hasCome() ? 'it ended at once' : 'it is not ready in time');
}

/** The part of Envoy's answer that is looked at. */
interface ServerInfo {
  readonly state?: string;
  readonly command_line_options?: { readonly service_node?: string };
}

/**
 * The order matters: only when the ports are closed can no new request come, and only then does a
 * count of zero mean that none is lost.
 */
async function drain(adminPort: number, end: End, timeoutMs: number): Promise<boolean> {
  if (end.hasCome()) return true;
  const deadline = Date.now() + timeoutMs;
  await askAdmin(adminPort, '/drain_listeners?graceful', 'POST');
  const isClosed = async (): Promise<boolean> =>
    ((await statistic(adminPort, 'listener_manager.listener_stopped')) ?? 0) > 0;
  await becomesTrue(isClosed, end, Math.min(timeoutMs, 10_000 * DRAIN_NOTICE_SECONDS));
  const isIdle = async (): Promise<boolean> =>
    (await statistic(adminPort, 'http.rest.downstream_rq_active')) === 0;
  return becomesTrue(isIdle, end, Math.max(0, deadline - Date.now()));
}

/** Looks again and again; returns false when the process ends or the time is over. */
async function becomesTrue(
  look: () => Promise<boolean>,
  end: End,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!end.hasCome()) {
    if (await Promise.race([look(), end.promise.then(() => false)])) return true;
    if (Date.now() >= deadline) return false;
    await Promise.race([pause(ASK_EVERY_MS), end.promise]);
  }
  return false;
}

async function statistic(adminPort: number, name: string): Promise<number | undefined> {
  const filter = `^${name.replaceAll('.', '\\.')}$`;
  const text = await askAdmin(adminPort, `/stats?filter=${encodeURIComponent(filter)}`);
  const found = text?.split('\n').find((line) => line.startsWith(`${name}: `));
  return found === undefined ? undefined : Number(found.slice(name.length + 2));
}

/** Returns what the admin interface says, or undefined when it does not answer (yet, any more). */
async function askAdmin(
  adminPort: number,
  target: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${String(adminPort)}${target}`, {
      method,
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(5_000),
    });
    const text = await answer.text();
    return answer.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

async function stopProcess(child: ChildProcess, end: End): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (end.hasCome()) return;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([
      end.promise,
      pause(STOP_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }
}
