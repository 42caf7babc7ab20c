import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { OperatorError } from '../../kernel/operator-error.js';
import { type Place } from './place.js';
import { commandLineOf, endProcess, isAlive, processesIn, waitForEnd } from './process-table.js';

/** The superuser inside the cluster; the only role there is. */
export const CLUSTER_USER = 'apportion';

/** A server that was shut down by force may need this long to write what it holds. */
const LEFTOVER_STEPS = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/** What the children of a server that was killed may take to notice. */
const ORPHAN_WAIT_MS = 10_000;

/** A database cluster on disk and the password of its user. */
export interface DataDirectory {
  readonly data: string;
  readonly password: string;
}

/**
 * Returns the cluster of a place, creating it when there is none.
 *
 * A cluster is created beside and renamed, so that an interrupted creation leaves nothing that
 * looks finished. Throws an OperatorError when what lies there is not ours to use.
 */
export async function openDataDirectory(place: Place, sync: boolean): Promise<DataDirectory> {
  const data = path.join(place.directory, 'data');
  const passwordFile = path.join(place.directory, 'password');
  const version = await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    await refuseStrangeContent(data);
    const password = randomBytes(24).toString('hex');
    await createCluster(place, { data, passwordFile, password, sync });
    return { data, password };
  }
  const wanted = place.binaries.version.split('.')[0] ?? '';
  if (version.trim() !== wanted) {
    throw new OperatorError(
      `${data} was written by Postgres ${version.trim()}, and this is Postgres ${wanted}: ` +
        'upgrade the data with pg_upgrade, or start with another APPORTION_HOME',
    );
  }
  const password = await readFile(passwordFile, 'utf8').catch(() => '');
  if (password.trim() === '') {
    throw new OperatorError(
      `${passwordFile} is missing, so the database in ${data} cannot be opened: ` +
        'put it back, or start with another APPORTION_HOME',
    );
  }
  return { data, password: password.trim() };
}

/**
 * Ends a server that still runs on this data, left by a start that was killed.
 *
 * Only a live process that was really started on this directory is ended, because ids are used
 * again.
 */
export async function endLeftoverServer(data: string, log: (line: string) => void): Promise<void> {
  const lockFile = path.join(data, 'postmaster.pid');
  const lock = await readFile(lockFile, 'utf8').catch(() => '');
  const pid = Number(lock.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const words = (await isAlive(pid)) ? await commandLineOf(pid) : [];
  if (path.basename(words[0] ?? '').startsWith('postgres') && words.includes(data)) {
    log(`ending the Postgres of an earlier run (process ${String(pid)})`);
    if (await endProcess(pid, LEFTOVER_STEPS)) return;
    throw new OperatorError(
      `the Postgres of an earlier run (process ${String(pid)}) does not end; end it by hand`,
    );
  }
  await removeMisleadingLock(lockFile, pid, data);
}

/**
 * Removes the lock of a dead server whose id is in use all the same: by a stranger, or by the dead
 * server itself where nobody collects the dead, as in many containers. Postgres would take it for
 * alive. Locks of ids that are not in use are its own business.
 *
 * The lock is also what keeps a new server from the memory of the old one's children, so they have
 * to be gone first; each of them ends by itself soon after its parent.
 */
async function removeMisleadingLock(lockFile: string, pid: number, data: string): Promise<void> {
  if (!existsAsId(pid)) return;
  for (const child of await processesIn(data)) {
    if (await waitForEnd(child, ORPHAN_WAIT_MS)) continue;
    throw new OperatorError(
      `a process of an earlier Postgres (${String(child)}) still works on ${data}; end it by hand`,
    );
  }
  await rm(lockFile, { force: true });
}

function existsAsId(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function refuseStrangeContent(data: string): Promise<void> {
  const content = await readdir(data).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new OperatorError(`${data} cannot be used for the database: it is not a folder`);
  });
  if (content.length > 0) {
    throw new OperatorError(
      `${data} is not empty and holds no database (no PG_VERSION): ` +
        'move it away, or start with another APPORTION_HOME',
    );
  }
}

interface NewCluster {
  readonly data: string;
  readonly passwordFile: string;
  readonly password: string;
  readonly sync: boolean;
}

async function createCluster(place: Place, cluster: NewCluster): Promise<void> {
  const draft = `${cluster.data}.new`;
  const { uid, gid } = place.account;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await rm(cluster.passwordFile, { force: true });
  await writeFile(cluster.passwordFile, `${cluster.password}\n`, { mode: 0o600 });
  // initdb reads the file as the server's user; umask may have narrowed nothing that matters.
  await chmod(cluster.passwordFile, 0o600);
  if (uid !== undefined && gid !== undefined) {
    await chown(draft, uid, gid);
    await chown(cluster.passwordFile, uid, gid);
  }
  await initdb(place, [
    `--pgdata=${draft}`,
    `--username=${CLUSTER_USER}`,
    `--pwfile=${cluster.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    ...(cluster.sync ? [] : ['--no-sync']),
  ]);
  await rm(cluster.data, { recursive: true, force: true });
  await rename(draft, cluster.data);
}

async function initdb(place: Place, args: readonly string[]): Promise<void> {
  const output: string[] = [];
  const failure = await new Promise<string | undefined>((resolve) => {
    const child = spawn(place.binaries.initdb, args, {
      ...place.account,
      cwd: place.directory,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      output.push(chunk.toString('utf8'));
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code) => {
      resolve(code === 0 ? undefined : lastErrorLine(output.join('')));
    });
  });
  if (failure !== undefined) {
    throw new OperatorError(`the database in ${place.directory} could not be created: ${failure}`);
  }
}

/** The line of a program's output that says what went wrong. */
export function lastErrorLine(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.filter((line) => /\b(FATAL|PANIC|error|ERROR)\b/.test(line)).at(-1);
  return telling ?? lines.at(-1) ?? 'it ended without a word';
}
