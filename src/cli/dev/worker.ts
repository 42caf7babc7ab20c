import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from 'pino';
import { waitForEnd } from '../../db/embedded/process-table.js';
import { OperatorError } from '../../kernel/operator-error.js';
import { isWorkerMessage, type MetricsRequest } from '../worker-messages.js';
import type { ProcessRecord } from './process-record.js';

/**
 * How Node keeps the memory of a server: one that is told nothing takes all it can get before it
 * cleans up (290 MiB under load against 200), and cleans up young objects too often.
 */
export const SERVER_NODE_OPTIONS = ['--max-old-space-size=1024', '--max-semi-space-size=32'];

/** Connecting to a database that has just been started takes a moment; a hang must end. */
const READY_WITHIN_MS = 60_000;

/** A worker this busy counts as having no figures. */
const METRICS_WITHIN_MS = 2_000;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** Having run this long, a worker did not die of its start; the next delay is the first one. */
const STEADY_AFTER_MS = 10_000;

/** How one worker is run. */
export interface WorkerOptions {
  /** Counted from 1; the label of its figures. */
  readonly number: number;
  /** Kept over restarts: it stands in Envoy's configuration. */
  readonly port: number;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Longest wait for requests in flight, in milliseconds; a little is added for the rest. */
  readonly drainMs: number;
  readonly record: ProcessRecord;
  /** Once aborted, a worker that dies stays dead. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** One server process that is started again whenever it dies, until it is stopped. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #answers = new Map<number, (text: string) => void>();
  #child: ChildProcess | undefined;
  #lastId = 0;
  #failures = 0;
  #isStopping = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Returns once the worker listens; throws an OperatorError when its first start fails. */
  async start(): Promise<void> {
    if (await this.#spawn()) return;
    await this.stop();
    throw new OperatorError(
      `worker ${this.#options.number} did not start; its own message stands above`,
    );
  }

  /** Returns the worker's figures, or an empty text while it is not there. */
  async metrics(): Promise<string> {
    const child = this.#child;
    if (child?.connected !== true) return '';
    const request: MetricsRequest = { kind: 'metrics', id: (this.#lastId += 1) };
    return new Promise((resolve) => {
      const answer = (text: string): void => {
        clearTimeout(timer);
        this.#answers.delete(request.id);
        resolve(text);
      };
      const timer = setTimeout(() => answer(''), METRICS_WITHIN_MS);
      this.#answers.set(request.id, answer);
      child.send(request, (error) => {
        if (error !== null) answer('');
      });
    });
  }

  /** Lets the worker drain and ends it; safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const pid = this.#child?.pid;
    if (this.#child === undefined || pid === undefined) return;
    this.#child.kill('SIGTERM');
    if (await waitForEnd(pid, this.#options.drainMs + 10_000)) return;
    this.#options.log.warn({ worker: this.#options.number }, 'worker does not end: killing it');
    this.#child.kill('SIGKILL');
    await waitForEnd(pid, 5_000);
  }

  /** Returns whether the new process came to listen. */
  async #spawn(): Promise<boolean> {
    const { program, environment, record, log, number, port } = this.#options;
    const began = Date.now();
    const child = spawn(process.execPath, [...SERVER_NODE_OPTIONS, program, 'serve'], {
      env: environment,
      // Its log goes where ours goes; our standard output is for what operators and scripts read.
      stdio: ['ignore', process.stderr, 'inherit', 'ipc'],
      // A session of its own: Ctrl-C on the terminal must reach the workers through us, in order.
      detached: true,
    });
    this.#child = child;
    child.on('error', (error) => log.error({ worker: number, err: error }, 'worker'));
    const listens = this.#listens(child);
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) record.remove(child.pid);
      this.#ended(child, signal ?? `exit code ${code}`, Date.now() - began);
    });
    if (child.pid !== undefined) await record.add('worker', child.pid);
    const isUp = await listens;
    if (isUp) log.debug({ worker: number, port, pid: child.pid }, 'worker listens');
    return isUp;
  }

  #listens(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
      const settle = (isUp: boolean): void => {
        clearTimeout(timer);
        resolve(isUp);
      };
      child.on('message', (message) => {
        if (!isWorkerMessage(message)) return;
        if (message.kind === 'ready') settle(true);
        else this.#answers.get(message.id)?.(message.text);
      });
      child.once('error', () => settle(false));
      child.once('exit', () => settle(false));
    });
  }

  #ended(child: ChildProcess, how: string, livedMs: number): void {
    if (child === this.#child) this.#child = undefined;
    for (const answer of [...this.#answers.values()]) answer('');
    if (this.#isStopping || this.#options.signal.aborted) return;
    this.#failures = livedMs > STEADY_AFTER_MS ? 0 : this.#failures + 1;
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    const { log, number, port } = this.#options;
    log.error({ worker: number, port, how, delay }, `worker ${number} ended: starting it again`);
    this.#restart = setTimeout(() => {
      if (this.#options.signal.aborted) return;
      this.#spawn().catch((error: unknown) => log.error({ worker: number, err: error }, 'worker'));
    }, delay);
  }
}
