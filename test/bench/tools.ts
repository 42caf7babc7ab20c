/** Finds or builds the programs that a benchmark needs besides ours. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OperatorError } from '../../src/kernel/operator-error.js';

const run = promisify(execFile);

/** Returns a pgbench that runs, from `$PGBENCH` or the PATH. */
export async function findPgbench(): Promise<string> {
  const pgbench = process.env['PGBENCH'] ?? 'pgbench';
  try {
    await run(pgbench, ['--version']);
    return pgbench;
  } catch {
    throw new OperatorError(
      `${pgbench} does not run: install PostgreSQL's pgbench (Debian: postgresql-contrib) or set PGBENCH`,
    );
  }
}

/** Compiles the load generator and returns its path. */
export async function buildLoadGenerator(): Promise<string> {
  const source = fileURLToPath(new URL('./loadgen', import.meta.url));
  const binary = path.resolve('.cache/loadgen');
  try {
    await run('go', ['version']);
  } catch {
    throw new OperatorError(
      'go does not run: install Go 1.22 or newer to build the load generator',
    );
  }
  await mkdir(path.dirname(binary), { recursive: true });
  await run('go', ['build', '-o', binary, '.'], { cwd: source });
  return binary;
}
