/** Runs of the built `apportion dev`, each in a home and on ports of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemEnvironment } from '../../src/config.js';
import { freePorts } from '../../src/db/embedded/free-port.js';
import { isAlive } from '../../src/db/embedded/process-table.js';
import { testEnvoy } from './envoy-binary.js';
import { eventually } from './eventually.js';

/** A start on a slow machine: initdb, migrations, Envoy. */
const READY_WITHIN_MS = 90_000;

/** The ports a run is given, by variable. */
export type DevPorts = Readonly<
  Record<'HTTP_PORT' | 'GRPC_PORT' | 'METRICS_PORT' | 'ENVOY_ADMIN_PORT', string>
>;

/** A folder for runs, removed at the end together with all processes of runs that were not ended. */
export class DevHome {
  readonly #runs: DevRun[] = [];

  private constructor(
    readonly directory: string,
    readonly ports: DevPorts,
  ) {}

  static async create(): Promise<DevHome> {
    const directory = await mkdtemp(path.join(tmpdir(), 'apportion-dev-'));
    // As root the database would otherwise have to move out of it.
    await chmod(directory, 0o755);
    const [http, grpc, metrics, admin] = await freePorts(4);
    return new DevHome(directory, {
      HTTP_PORT: String(http),
      GRPC_PORT: String(grpc),
      METRICS_PORT: String(metrics),
      ENVOY_ADMIN_PORT: String(admin),
    });
  }

  /** Starts `apportion dev`; variables given here win over the home's own. */
  async run(variables: Readonly<Record<string, string>> = {}): Promise<DevRun> {
    const run = new DevRun(this, {
      ...systemEnvironment(),
      ...this.ports,
      APPORTION_HOME: this.directory,
      ENVOY: await testEnvoy(),
      LOG_FORMAT: 'json',
      ...variables,
    });
    this.#runs.push(run);
    return run;
  }

  /** The processes that the present or last run has written down, by role. */
  async processes(): Promise<readonly { readonly role: string; readonly pid: number }[]> {
    const text = await readFile(path.join(this.directory, 'processes.json'), 'utf8').catch(
      () => '[]',
    );
    return JSON.parse(text) as { role: string; pid: number }[];
  }

  async remove(): Promise<void> {
    for (const run of this.#runs) await run.kill();
    for (const { pid } of await this.processes()) {
      if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One `apportion dev`. */
export class DevRun {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(
    readonly home: DevHome,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#child = spawn(process.execPath, ['dist/main.js', 'dev'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // As on a terminal of its own, for signals to a whole group.
      detached: true,
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** What it said on standard error besides its log, which is JSON here. */
  get complaints(): readonly string[] {
    return this.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.home.ports.HTTP_PORT}`;
  }

  /** Returns once the line is printed that scripts wait for. */
  async ready(): Promise<void> {
    await eventually(
      () => {
        if (this.#hasEnded) throw new Error(`ended before it was ready: ${this.#words}`);
        if (!/^apportion ready$/m.test(this.stdout)) throw new Error(`not ready: ${this.#words}`);
      },
      { timeout: READY_WITHIN_MS },
    );
  }

  /** Sends a signal to the process alone, or as a terminal does to its whole group. */
  signal(name: NodeJS.Signals, target: 'process' | 'group' = 'process'): void {
    process.kill(target === 'group' ? -this.pid : this.pid, name);
  }

  /** Returns the exit code once the process has ended. */
  async ended(timeout = 60_000): Promise<number | null> {
    await eventually(
      () => {
        if (!this.#hasEnded) throw new Error(`still runs: ${this.#words}`);
      },
      { timeout },
    );
    return this.#child.exitCode;
  }

  /** Stops it as an operator would. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended();
  }

  /** Ends it without giving it a chance; nothing if it has ended. */
  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGKILL');
    await this.ended();
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get #words(): string {
    return `${this.stderr.slice(-2_000)}\n${this.stdout.slice(-2_000)}`;
  }
}
