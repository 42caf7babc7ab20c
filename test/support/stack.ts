/** A whole Apportion for one test file: a database of its own, servers in this process, Envoy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Logger, pino } from 'pino';
import { type App, createApp, createOperations, type Operations } from '../../src/app.js';
import { findEnvoy } from '../../src/cli/dev/envoy-binary.js';
import { type RunningEnvoy, startEnvoy } from '../../src/cli/dev/envoy-process.js';
import { type Config, loadConfig, systemEnvironment } from '../../src/config.js';
import { freePort } from '../../src/db/embedded/free-port.js';
import type { Clock } from '../../src/kernel/clock.js';
import { applyStateText } from '../../src/state/apply.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { RestClient } from './rest-client.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

/** What of a stack a test wants otherwise. */
export interface StackOptions {
  /** Environment variables of the servers. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How many servers; default 1. */
  readonly servers?: number;
  /** Whether Envoy runs; default true. */
  readonly envoy?: boolean;
  /** How many more servers run as processes of their own; default none. */
  readonly processes?: number;
  /** Default: a clone of the migrated template. */
  readonly database?: TestDatabase;
  readonly clock?: Clock;
  /** Gets the log of the servers in this process, line by line, from the level `LOG_LEVEL` up. */
  readonly log?: (line: LogLine) => void;
}

/** A line of the log, read. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The running stack. */
export interface Stack {
  readonly config: Config;
  readonly database: TestDatabase;
  /** The slices on the same database, for what no API offers yet. */
  readonly operations: Operations;
  readonly apps: readonly App[];
  /** The servers that run as processes of their own. */
  readonly processes: readonly ServerProcess[];
  /** Addresses of the servers, without Envoy. */
  readonly addresses: readonly string[];
  readonly envoy: RunningEnvoy;
  /** Folder of Envoy's configuration and access log. */
  readonly directory: string;
  readonly rest: RestClient;
  /** Address of Envoy for gRPC callers. */
  readonly edge: string;
  /** Applies a state file's text. */
  apply(yaml: string): Promise<void>;
  stop(): Promise<void>;
}

/** Folder of the installed Envoy, shared by all runs. */
const HOME = path.resolve('.apportion');

/** Starts a stack; `stop` it in `after`. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return await startParts(options, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param closers - get what ends each part, in the order in which the parts were started. */
async function startParts(
  options: StackOptions,
  closers: (() => Promise<unknown>)[],
  stop: Stack['stop'],
): Promise<Stack> {
  const database = options.database ?? (await createTestDatabase());
  closers.push(() => database.drop());
  const environment = { DATABASE_URL: database.url, LOG_LEVEL: 'silent', ...options.settings };
  const config = loadConfig({ ...environment, SERVER_ADDRESS: '127.0.0.1:0' });
  const operations = createOperations(config, { clock: options.clock });
  closers.push(() => operations.close());
  const log = loggerTo(options.log, config);
  const apps: App[] = [];
  const processes: ServerProcess[] = [];
  const ports: number[] = [];
  for (let count = 0; count < (options.servers ?? 1); count += 1) {
    const app = createApp(config, log, { clock: options.clock });
    closers.push(() => app.drain().then(() => app.stop()));
    apps.push(app);
    ports.push((await app.start()).port);
  }
  for (let count = 0; count < (options.processes ?? 0); count += 1) {
    const server = await startServerProcess(environment);
    closers.push(() => server.stop());
    processes.push(server);
    ports.push(server.port);
  }
  const directory = await mkdtemp(path.join(tmpdir(), 'apportion-stack-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const envoy = options.envoy === false ? undefined : await startEdge(config, directory, ports);
  if (envoy !== undefined) closers.push(() => envoy.stop());
  return {
    config,
    database,
    operations,
    apps,
    processes,
    addresses: ports.map((port) => `127.0.0.1:${port}`),
    get envoy() {
      if (envoy === undefined) throw new Error('This stack has no Envoy');
      return envoy;
    },
    directory,
    rest: new RestClient(envoy?.httpPort ?? 0),
    edge: `127.0.0.1:${envoy?.httpPort ?? 0}`,
    async apply(yaml) {
      await applyStateText(operations, yaml, 'test.yaml');
    },
    stop,
  };
}

function loggerTo(listener: StackOptions['log'], config: Config): Logger {
  const options = { level: config.logLevel };
  if (listener === undefined) return pino(options);
  return pino(options, {
    write: (line) => {
      listener(JSON.parse(line) as LogLine);
    },
  });
}

async function startEdge(
  config: Config,
  directory: string,
  workerPorts: readonly number[],
): Promise<RunningEnvoy> {
  const environment = systemEnvironment();
  const binary = await findEnvoy({ envoy: process.env['ENVOY'], home: HOME, environment });
  return startEnvoy({
    binary,
    directory,
    httpPort: await freePort(),
    adminPort: await freePort(),
    workerPorts,
    listenAddress: '127.0.0.1',
    allocationsPrefix: config.allocationsPrefix,
    maxBodyBytes: config.maxBodyBytes,
    environment,
  });
}
