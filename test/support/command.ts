/** The `apportion` command as operators run it: a process of its own, from `dist/` as `make` builds it. */
import { spawn } from 'node:child_process';
import path from 'node:path';

/** How a command ended. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command gets. */
export interface CommandOptions {
  /** Settings; nothing of the test's own environment is passed on but PATH. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Runs `apportion` with these arguments and returns how it ended. */
export function apportion(
  args: readonly string[],
  { settings = {}, stdin = '' }: CommandOptions = {},
): Promise<CommandOutcome> {
  const child = spawn(process.execPath, ['dist/main.js', ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...settings },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
