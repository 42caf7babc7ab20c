/** Starts the server processes and Envoy that are measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { findEnvoy } from '../../src/cli/dev/envoy-binary.js';
import { SERVER_NODE_OPTIONS } from '../../src/cli/dev/worker.js';
import { startEnvoy } from '../../src/cli/dev/envoy-process.js';
import { systemEnvironment } from '../../src/config.js';
import { freePort } from '../../src/db/embedded/free-port.js';
import { eventually } from '../support/eventually.js';

/** Running servers behind Envoy. */
export interface Servers {
  /** Where gRPC callers go: the server itself, or Envoy when there are several. */
  readonly grpc: string;
  readonly rest: string;
  readonly pids: readonly number[];
  readonly envoyPid: number;
  stop(): Promise<void>;
}

/** Starts `dist/main.js serve` as often as asked, and Envoy before them. */
export async function startServers(
  databaseUrl: string,
  count: number,
  directory: string,
): Promise<Servers> {
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const children = await Promise.all(ports.map((port) => startServer(databaseUrl, port)));
  const environment = systemEnvironment();
  const envoy = await startEnvoy({
    binary: await findEnvoy({
      envoy: process.env['ENVOY'],
      home: path.resolve('.apportion'),
      environment,
    }),
    directory,
    httpPort: await freePort(),
    adminPort: await freePort(),
    workerPorts: ports,
    listenAddress: '127.0.0.1',
    allocationsPrefix: '/placement',
    maxBodyBytes: 4_194_304,
    environment,
  });
  const rest = `127.0.0.1:${envoy.httpPort}`;
  return {
    grpc: count === 1 ? `127.0.0.1:${ports[0] ?? 0}` : rest,
    rest,
    pids: children.map(({ pid }) => pid ?? 0),
    envoyPid: envoy.pid,
    stop: async () => {
      await envoy.stop();
      await Promise.all(children.map(end));
    },
  };
}

async function startServer(databaseUrl: string, port: number): Promise<ChildProcess> {
  const metricsPort = await freePort();
  const extra = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((word) => word !== '');
  const flags = [...SERVER_NODE_OPTIONS, ...extra];
  const child = spawn(process.execPath, [...flags, 'dist/main.js', 'serve'], {
    env: {
      ...systemEnvironment(),
      DATABASE_URL: databaseUrl,
      SERVER_ADDRESS: `127.0.0.1:${port}`,
      METRICS_PORT: String(metricsPort),
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await eventually(() => fetch(`http://127.0.0.1:${metricsPort}/metrics`), { timeout: 20_000 });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
}
