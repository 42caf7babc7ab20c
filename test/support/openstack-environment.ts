/** One virtual environment for the unmodified OpenStack clients of PyPI that tests run. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemEnvironment } from '../../src/config.js';
import { takeLock } from '../../src/db/embedded/process-lock.js';
import { eventually } from './eventually.js';

const run = promisify(execFile);

/** The versions that the tests were written with. */
const PACKAGES = [
  'openstacksdk==4.22.0',
  'osc-placement==4.9.1',
  'python-glanceclient==4.13.0',
  'python-openstackclient==10.5.0',
];

const FOLDER = path.resolve('.cache/openstack-clients');
const INSTALL_WITHIN_MS = 600_000;

/** Returns the folder of the environment's programs; it is installed on first use. */
export async function openstackPrograms(): Promise<string> {
  const venv = path.join(FOLDER, 'venv');
  const programs = path.join(venv, 'bin');
  // A virtual environment cannot be moved, so it is built in place; the marker says it is complete.
  const marker = path.join(FOLDER, 'complete');
  const wanted = PACKAGES.join(' ');
  const isComplete = async () => (await readFile(marker, 'utf8').catch(() => '')) === wanted;
  if (await isComplete()) return programs;
  await mkdir(FOLDER, { recursive: true });
  // Only one process installs at a time.
  const lock = await eventually(
    async () => {
      const outcome = await takeLock(path.join(FOLDER, 'lock.json'));
      return outcome.isOurs && outcome;
    },
    { timeout: INSTALL_WITHIN_MS },
  );
  try {
    if (await isComplete()) return programs;
    await rm(venv, { recursive: true, force: true });
    const options = { env: systemEnvironment(), timeout: INSTALL_WITHIN_MS };
    await run('python3', ['-m', 'venv', venv], options);
    const pip = ['install', '--quiet', '--disable-pip-version-check', ...PACKAGES];
    await run(path.join(programs, 'pip'), pip, options);
    await writeFile(marker, wanted);
    return programs;
  } finally {
    await lock.release();
  }
}
