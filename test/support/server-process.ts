/** A server as it runs in production: a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { isWorkerMessage } from '../../src/cli/worker-messages.js';

/** One running `apportion serve`. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** Sends a signal, and returns at once. */
  signal(name: NodeJS.Signals): void;
  /** Ends it for good, without giving it a chance; safe to call twice. */
  stop(): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Starts a server on a free port, and returns once it listens. */
export async function startServerProcess(
  settings: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'serve'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...settings, SERVER_ADDRESS: '127.0.0.1:0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message) => {
      if (isWorkerMessage(message) && message.kind === 'ready') resolve(message.port);
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error('A server ended before it listened'));
    });
  });
  return {
    port,
    pid: child.pid ?? 0,
    signal: (name) => child.kill(name),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
