/** The unmodified OpenStack clients of PyPI, installed once into a virtual environment of their own. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemEnvironment } from '../../src/config.js';
import { takeLock } from '../../src/db/embedded/process-lock.js';

const run = promisify(execFile);

/** The versions that the tests were written with. */
const PACKAGES = ['python-glanceclient==4.13.0', 'openstacksdk==4.22.0'];

const FOLDER = path.resolve('.cache/openstack-clients');
const INSTALL_WITHIN_MS = 600_000;

/** What a program said, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs of the virtual environment. */
export interface OpenstackClients {
  /** Runs a Python script with arguments. */
  python(script: string, ...args: readonly string[]): Promise<Ended>;
  /** Runs the `glance` command, without a standard input that it would take for an image. */
  glance(...args: readonly string[]): Promise<Ended>;
}

/** Returns the clients, installed on first use. */
export async function openstackClients(): Promise<OpenstackClients> {
  const bin = path.join(await installed(), 'bin');
  return {
    python: (script, ...args) => ended(path.join(bin, 'python'), [script, ...args]),
    glance: (...args) =>
      ended('sh', ['-c', 'exec "$0" "$@" <&-', path.join(bin, 'glance'), ...args]),
  };
}

async function installed(): Promise<string> {
  const venv = path.join(FOLDER, 'venv');
  // A virtual environment cannot be moved; the marker says that the one in place is complete.
  const marker = path.join(FOLDER, 'complete');
  const isComplete = async () =>
    (await readFile(marker, 'utf8').catch(() => '')) === PACKAGES.join(' ');
  await mkdir(FOLDER, { recursive: true });
  const release = await lockWhenFree(path.join(FOLDER, 'lock.json'));
  try {
    if (await isComplete()) return venv;
    const settings = { env: systemEnvironment(), timeout: INSTALL_WITHIN_MS };
    await rm(venv, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', venv], settings);
    const pip = path.join(venv, 'bin', 'pip');
    await run(pip, ['install', '--quiet', '--disable-pip-version-check', ...PACKAGES], settings);
    await writeFile(marker, PACKAGES.join(' '));
    return venv;
  } finally {
    await release();
  }
}

/** Only one process installs at a time. */
async function lockWhenFree(file: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + INSTALL_WITHIN_MS;
  for (;;) {
    const lock = await takeLock(file);
    if (lock.isOurs) return () => lock.release();
    if (Date.now() > deadline) throw new Error(`${file} is held for too long`);
    await pause(200);
  }
}

async function ended(program: string, args: readonly string[]): Promise<Ended> {
  // No settings of the machine's own clouds, and no proxy between us.
  const env = { ...systemEnvironment(), NO_PROXY: '*', no_proxy: '*', PYTHONWARNINGS: 'ignore' };
  try {
    const { stdout, stderr } = await run(program, args, { env, timeout: 60_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Partial<Ended> & { code?: unknown };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}
