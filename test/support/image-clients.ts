/** The unmodified `glance` command and OpenStack's Python libraries. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemEnvironment } from '../../src/config.js';
import { openstackPrograms } from './openstack-environment.js';

const run = promisify(execFile);

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
  const bin = await openstackPrograms();
  return {
    python: (script, ...args) => ended(path.join(bin, 'python'), [script, ...args]),
    glance: (...args) =>
      ended('sh', ['-c', 'exec "$0" "$@" <&-', path.join(bin, 'glance'), ...args]),
  };
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
