import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { type Config, configToEnvironment, systemEnvironment } from '../../config.js';
import { startEmbeddedPostgres } from '../../db/embedded.js';
import { freePorts } from '../../db/embedded/free-port.js';
import { takeLock } from '../../db/embedded/process-lock.js';
import { migrateDatabase } from '../../app.js';
import { OperatorError } from '../../kernel/operator-error.js';
import { applyStateFile } from '../apply.js';
import { databaseUrlFile } from '../database-url.js';
import { startMetricsServer } from '../metrics-server.js';
import { aborted, type StopSignals, takeStopSignals } from '../stop-signals.js';
import { banner, restUrl } from './banner.js';
import { findEnvoy } from './envoy-binary.js';
import { startEnvoy } from './envoy-process.js';
import { packageFile } from './package-root.js';
import { requireFreePorts } from './ports.js';
import { openProcessRecord, type ProcessRecord } from './process-record.js';
import { restAnswers } from './rest-probe.js';
import { createTeardown, type Teardown } from './teardown.js';
import { startWorkers } from './workers.js';

/** Connections a server process may have besides its pool: notifications, jobs, health. */
const EXTRA_CONNECTIONS = 10;

/** Everything the steps of a start share. */
interface Run {
  readonly config: Config;
  readonly log: Logger;
  readonly record: ProcessRecord;
  readonly teardown: Teardown;
  readonly signals: StopSignals;
  /** Ends the run because something it cannot do without has ended. */
  fail(reason: string): void;
}

/**
 * Runs everything on one machine until it is told to stop: Postgres unless there is one, workers,
 * Envoy, demo data. Returns the exit code.
 *
 * The first signal stops in order, so that no request in flight is lost; a second one stops now.
 * Whatever goes wrong, nothing is left running. Throws an OperatorError for what the operator can
 * mend.
 */
export async function runDev(config: Config, log: Logger): Promise<number> {
  const home = path.resolve(config.home);
  await mkdir(home, { recursive: true });
  const lock = await takeLock(path.join(home, 'dev.lock'));
  if (!lock.isOurs) {
    throw new OperatorError(
      `APPORTION_HOME: ${home} is in use by another run (process ${lock.holder})`,
    );
  }
  const signals = takeStopSignals();
  const record = openProcessRecord(path.join(home, 'processes.json'), (line) => {
    log.warn(line);
  });
  const teardown = createTeardown(log);
  let failure: string | undefined;
  const fail = (reason: string): void => {
    if (teardown.hasBegun() || signals.first.aborted) return;
    failure = reason;
    signals.request();
  };
  const run: Run = { config: { ...config, home }, log, record, teardown, signals, fail };
  try {
    const killing = aborted(signals.second).then(() => killed(run));
    const code = await Promise.race([runUntilStopped(run), killing]);
    // The orderly end comes quickly once everything is killed; it is no orderly end for that.
    if (signals.second.aborted) return await killing;
    if (failure !== undefined) throw new OperatorError(failure);
    return code;
  } finally {
    signals.dispose();
    await lock.release();
  }
}

async function runUntilStopped(run: Run): Promise<number> {
  const { signals, teardown, log } = run;
  try {
    await startAll(run);
    await aborted(signals.first);
    log.info('stopping: letting requests in flight finish');
    return 0;
  } catch (error) {
    // A start that was interrupted has done what it was told.
    if (signals.first.aborted && error === signals.first.reason) return 0;
    throw error;
  } finally {
    await teardown.run();
  }
}

async function killed({ record, log }: Run): Promise<number> {
  log.warn('stopped by force: the database will recover at the next start');
  await record.killAll();
  return 1;
}

/** Everything in its order; each step stands on the ones before it and is undone before them. */
async function startAll(run: Run): Promise<void> {
  const { config, log, record, signals } = run;
  const say = (line: string): void => log.info(line);
  await record.endLeftovers();
  await requireFreePorts(config);
  const binary = await findEnvoy({
    envoy: config.envoy,
    home: config.home,
    environment: systemEnvironment(),
    log: say,
    signal: signals.first,
  });
  signals.first.throwIfAborted();
  const databaseUrl = config.databaseUrl ?? (await startDatabase(run));
  signals.first.throwIfAborted();
  const applied = await migrateDatabase(databaseUrl, 'up');
  if (applied.length > 0) say(`migrated the database: ${applied.join(', ')}`);
  await applyState({ ...config, databaseUrl }, say);
  signals.first.throwIfAborted();
  const { httpPort, grpcPort, metricsPort, envoyAdminPort } = config;
  const ports = await freePorts(config.workers, [httpPort, grpcPort, metricsPort, envoyAdminPort]);
  await startServers(run, databaseUrl, ports);
  signals.first.throwIfAborted();
  await startEdge(run, binary, ports);
  await restAnswers(restUrl(config), signals.first);
  process.stdout.write(`${banner(config, config.state === undefined)}\napportion ready\n`);
}

async function startDatabase(run: Run): Promise<string> {
  const { config, log, record, teardown } = run;
  const connections = config.workers * (config.databasePoolSize + EXTRA_CONNECTIONS) + 20;
  const postgres = await startEmbeddedPostgres({
    directory: path.join(config.home, 'postgres'),
    settings: { max_connections: String(Math.max(100, connections)) },
    log: (line) => log.info(line),
  });
  // Lets the other commands of this home find the database.
  const urlFile = databaseUrlFile(config.home);
  teardown.add('Postgres', async () => {
    await rm(urlFile, { force: true });
    await postgres.stop();
    record.remove(postgres.pid);
  });
  await writeFile(urlFile, `${postgres.url}\n`, { mode: 0o600 });
  await record.add('postgres', postgres.pid);
  void postgres.ended.then(() => run.fail('Postgres ended; its words are in postgres.log'));
  return postgres.url;
}

/** The demo unless the operator has a world of his own. */
async function applyState(config: Config, say: (line: string) => void): Promise<void> {
  const file = config.state ?? packageFile('src/cli/dev/demo-state.yaml');
  const lines = await applyStateFile(config, file, { dryRun: false });
  const changed = lines.filter(({ outcome }) => outcome !== 'unchanged');
  say(`applied ${path.basename(file)}: ${changed.length} of ${lines.length} objects changed`);
  // A generated token is told once, and this is the only place that knows it.
  for (const { kind, name, note } of lines) {
    if (note !== undefined) process.stdout.write(`${kind} ${name}: ${note}\n`);
  }
}

async function startServers(
  run: Run,
  databaseUrl: string,
  ports: readonly number[],
): Promise<void> {
  const { config, log, record, signals, teardown } = run;
  const workers = await startWorkers(ports, (port) => ({
    program: packageFile('dist/main.js'),
    environment: {
      ...systemEnvironment(),
      ...configToEnvironment(config, { databaseUrl, serverAddress: `127.0.0.1:${port}` }),
    },
    drainMs: config.drainSeconds * 1000,
    record,
    signal: signals.first,
    log,
  }));
  teardown.add('the workers', () => workers.stop());
  const figures = await startMetricsServer({
    host: config.listenAddress,
    port: config.metricsPort,
    collect: () => workers.metrics(),
  });
  teardown.add('the metrics', () => figures.close());
}

async function startEdge(run: Run, binary: string, workerPorts: readonly number[]): Promise<void> {
  const { config, log, record, teardown } = run;
  const { tlsCert: cert, tlsKey: key } = config;
  const envoy = await startEnvoy({
    binary,
    directory: path.join(config.home, 'edge'),
    httpPort: config.httpPort,
    grpcPort: config.grpcPort,
    adminPort: config.envoyAdminPort,
    listenAddress: config.listenAddress,
    workerPorts,
    maxBodyBytes: config.maxBodyBytes,
    allocationsPrefix: config.allocationsPrefix,
    tls:
      cert === undefined || key === undefined
        ? undefined
        : { cert: path.resolve(cert), key: path.resolve(key) },
    drainTimeoutMs: config.drainSeconds * 1000,
    environment: systemEnvironment(),
    log: (line) => log.warn({ from: 'envoy' }, line),
  });
  teardown.add('Envoy', async () => {
    if (!(await envoy.drain())) log.warn('requests in flight were given up after DRAIN_SECONDS');
    await envoy.stop();
    record.remove(envoy.pid);
  });
  await record.add('envoy', envoy.pid);
  void envoy.ended.then(() => run.fail('Envoy ended; its words stand above'));
}
