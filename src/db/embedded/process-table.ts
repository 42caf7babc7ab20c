import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How often a process that should end is looked at. */
const LOOK_EVERY_MS = 50;

/**
 * What names one process for good: ids are used again by the kernel, an id together with the
 * moment the process began is not.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's own form; compared, never read. */
  readonly began: string;
}

/** Tells whether a process with this id exists and is no zombie, whoever owns it. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const state = (await statFields(pid))?.[0];
  return state !== 'Z' && state !== 'X';
}

/** Returns the identity of a running process, or undefined when there is none with this id. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  if (!(await isAlive(pid))) return undefined;
  const began = (await statFields(pid))?.[19] ?? (await startTimeFromPs(pid));
  return began === undefined ? undefined : { pid, began };
}

/** Tells whether this very process still runs; a newer process under the same id does not count. */
export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(identity.pid);
  return now?.began === identity.began;
}

/** Returns the arguments a running process was started with, or an empty list when unknown. */
export async function commandLineOf(pid: number): Promise<readonly string[]> {
  try {
    const text = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8');
    return text.split('\0').filter((word) => word !== '');
  } catch {
    return (await ps(pid, 'args='))?.split(/\s+/) ?? [];
  }
}

/** Returns the ids of the processes that work in a directory; empty where /proc does not exist. */
export async function processesIn(directory: string): Promise<readonly number[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const current = await readlink(`/proc/${id}/cwd`).catch(() => undefined);
      return current === directory ? Number(id) : undefined;
    }),
  );
  return found.filter((id) => id !== undefined);
}

/** Waits until the process is gone; returns false when it still runs after `timeoutMs`. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await isAlive(pid)) {
    if (Date.now() >= deadline) return false;
    await pause(LOOK_EVERY_MS);
  }
  return true;
}

/**
 * Sends the signals one after the other, each time giving the process its time, until it is gone.
 *
 * Returns false when it outlives the last one.
 */
export async function endProcess(
  pid: number,
  steps: readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[],
): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    try {
      process.kill(pid, signal);
    } catch {
      return true;
    }
    if (await waitForEnd(pid, waitMs)) return true;
  }
  return false;
}

/** The fields of /proc/PID/stat behind the program's name, which may itself contain spaces. */
async function statFields(pid: number): Promise<readonly string[] | undefined> {
  try {
    const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

async function startTimeFromPs(pid: number): Promise<string | undefined> {
  return ps(pid, 'lstart=');
}

/** Systems without /proc (macOS) have ps. */
async function ps(pid: number, column: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', column, '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
