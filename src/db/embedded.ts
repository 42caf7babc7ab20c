import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import { OperatorError } from '../kernel/operator-error.js';
import { endLeftoverServer, openDataDirectory } from './embedded/data-directory.js';
import { freePort } from './embedded/free-port.js';
import { choosePlace, type Place } from './embedded/place.js';
import { takeLock } from './embedded/process-lock.js';
import { startServer, ServerStartError, type Server } from './embedded/server.js';

/** A Postgres of our own, running until it is stopped. */
export interface EmbeddedPostgres {
  /** Connects as the owner of the database; contains the password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where data, password and log really are; differs from the intended folder only as root. */
  readonly directory: string;
  /** Settles when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /**
   * Ends the server; safe to call twice. `fast` writes everything out, `immediate` leaves it to the
   * next start, which is quicker for data that nobody needs again.
   */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

/** What an embedded Postgres needs to know. */
export interface EmbeddedPostgresOptions {
  /** Folder for this server alone: data, password, log. Made when missing, kept between starts. */
  readonly directory: string;
  /** Created when missing; default `apportion`. */
  readonly database?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Server settings, for instance `{ fsync: 'off' }` where losing the data is no loss. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Gets the few lines an operator should see, such as data placed elsewhere. */
  readonly log?: (line: string) => void;
}

/** Tries of a start: ports are taken by others, and children of a killed server take a moment. */
const ATTEMPTS = 10;

/** Between two tries, in milliseconds. */
const RETRY_AFTER_MS = 300;

/**
 * Starts a real Postgres on 127.0.0.1 from the binaries that npm installed.
 *
 * The data survives restarts and crashes. A server left by a start that was killed is ended first;
 * one whose starter still runs is not, and the call fails. Works as root, too: the server then runs
 * as the user `postgres`. Throws an OperatorError with one line for everything an operator can mend.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const place = await choosePlace(options.directory, log);
  const release = await claim(place.directory);
  try {
    const server = await startOnceReady(place, options, log);
    const database = options.database ?? 'apportion';
    try {
      await createDatabase(server.urlOf('postgres'), database);
    } catch (error) {
      await server.stop('immediate');
      throw error;
    }
    return {
      url: server.urlOf(database),
      port: server.port,
      pid: server.pid,
      directory: place.directory,
      ended: server.ended,
      stop: async (mode = 'fast') => {
        await server.stop(mode);
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function startOnceReady(
  place: Place,
  options: EmbeddedPostgresOptions,
  log: (line: string) => void,
): Promise<Server> {
  const settings = options.settings ?? {};
  const cluster = await openDataDirectory(place, settings.fsync !== 'off');
  await endLeftoverServer(cluster.data, log);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return await startServer(place, cluster, { port, settings });
    } catch (error) {
      if (attempt === ATTEMPTS || !isWorthAnotherTry(error, options.port)) throw error;
      await pause(RETRY_AFTER_MS);
    }
  }
}

/** A port taken in the last moment, or children of a killed server that have not noticed yet. */
function isWorthAnotherTry(error: unknown, fixedPort: number | undefined): boolean {
  if (!(error instanceof ServerStartError)) return false;
  if (/shared memory block .* still in use/.test(error.output)) return true;
  return fixedPort === undefined && /could not bind/.test(error.output);
}

/**
 * Marks the folder as ours while we run; returns what gives it back.
 *
 * Without it a second start would take the first one's server for a leftover and end it.
 */
async function claim(directory: string): Promise<() => Promise<void>> {
  const lock = await takeLock(path.join(directory, 'owner.json'));
  if (lock.isOurs) return () => lock.release();
  throw new OperatorError(`${directory} is in use by process ${String(lock.holder)}`);
}

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [name]);
    if (found.rowCount === 0)
      await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
