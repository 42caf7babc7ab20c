/** A process with staged jobs: run by `startJobsProcess`, and by itself when it is the program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { systemEnvironment } from '../../src/config.js';
import { createStagedJobs, type StagedOptions } from './job-stage.js';

const PROGRAM = fileURLToPath(import.meta.url);

/** A process that takes staged jobs. */
export class JobsProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  /** Starts one and returns once it takes jobs. */
  static async start(options: StagedOptions): Promise<JobsProcess> {
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, JSON.stringify(options)], {
      env: systemEnvironment(),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const started = new JobsProcess(child);
    await Promise.race([
      once(child, 'message'),
      started.#ended.then(() => {
        throw new Error('A process with jobs ended at its start');
      }),
    ]);
    return started;
  }

  /** Sends a signal and returns at once. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it without giving it a chance; safe to call twice. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** The exit code, once it has ended. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }
}

if (process.argv[1] === PROGRAM) {
  const staged = createStagedJobs(JSON.parse(process.argv[2] ?? '') as StagedOptions);
  process.once('SIGTERM', () => {
    void staged.jobs.stop().then(() => process.exit(0));
  });
  // Nothing of it may outlive the test.
  process.once('disconnect', () => process.exit(1));
  await staged.jobs.start();
  process.send?.('started');
}
