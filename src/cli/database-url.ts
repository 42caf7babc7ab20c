import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { Config } from '../config.js';
import { OperatorError } from '../kernel/operator-error.js';

/** Longest wait for a database on this machine to take a connection, in milliseconds. */
const PATIENCE_MS = 2_000;

/**
 * Returns the file in which `apportion dev` leaves the URL of the database it runs, for as long as
 * it runs. It contains a password: mode 0600.
 */
export function databaseUrlFile(home: string): string {
  return path.join(home, 'database-url');
}

/**
 * Returns the settings with the database they mean: DATABASE_URL, else the embedded one that runs
 * in APPORTION_HOME. Throws an OperatorError when there is neither.
 */
export async function withDatabaseUrl<C extends Pick<Config, 'databaseUrl' | 'home'>>(
  config: C,
): Promise<C & { readonly databaseUrl: string }> {
  const databaseUrl = config.databaseUrl ?? (await runningDatabase(config.home));
  if (databaseUrl === undefined)
    throw new OperatorError(
      `DATABASE_URL is not set and no embedded database runs in ${config.home}: ` +
        'start `make run` or set it',
    );
  return { ...config, databaseUrl };
}

async function runningDatabase(home: string): Promise<string | undefined> {
  let url: string;
  try {
    url = (await readFile(databaseUrlFile(home), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OperatorError(`APPORTION_HOME: ${(error as Error).message}`);
  }
  // A run that was killed leaves its file behind.
  return (await takesConnections(url)) ? url : undefined;
}

function takesConnections(url: string): Promise<boolean> {
  if (!URL.canParse(url)) return Promise.resolve(false);
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port === '' ? 5432 : port) });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE_MS, () => {
      settle(false);
    });
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', () => {
      settle(false);
    });
  });
}
