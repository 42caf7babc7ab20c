import { EventEmitter } from 'node:events';
import {
  type JobHelpers,
  type Runner,
  type TaskList,
  type WorkerEvents,
  run as runQueue,
} from 'graphile-worker';
import {
  type AttemptListeners,
  DeclaredDead,
  type Holder,
  runAttempt,
  type Work,
} from './attempt.js';
import { createQueueLog } from './queue-log.js';
import { createQueuePool, type HeartbeatConnections } from './storage/connections.js';
import { isRegistered, registerWorker } from './storage/heartbeats.js';
import { QUEUE_SCHEMA } from './storage/schema.js';
import { aborted, after } from './waits.js';

/**
 * How often idle workers look for jobs that have become due, in milliseconds. Jobs that are due at
 * once are announced and do not wait for it.
 */
const POLL_MS = 1_000;

/** Between two questions to a database that is away, in milliseconds. */
const ASK_AGAIN_MS = 500;

/** How often is looked whether workers are still asking for a job, in milliseconds. */
const TAKING_MS = 5;

/** How long outcomes may take to be written after the last job has ended, in milliseconds. */
const FLUSH_MS = 30_000;

/** How many done jobs are remembered until the queue has written them down: far more than needed. */
const REMEMBERED = 100;

/** What a run needs. */
export interface RunOptions extends AttemptListeners {
  readonly databaseUrl: string;
  readonly connections: HeartbeatConnections;
  readonly works: readonly Work[];
  readonly concurrency: number;
  /** Name of this process, for operators. */
  readonly processName: string;
}

/**
 * One life of graphile-worker: a worker id, a heartbeat row, and the jobs taken under that id.
 *
 * It is never repaired. When others have declared it dead, or the database failed it, it takes no
 * more jobs, ends those it has, and another run with another id takes its place. That is also what
 * frees a job whose taking was committed by a database that died before it could say so.
 */
export class Run implements Holder {
  readonly #options: RunOptions;
  readonly #abort = new AbortController();
  readonly #abandoned = new AbortController();
  readonly #ready = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #done: string[] = [];
  #workerId = '';
  #runner: Runner | undefined;
  #isStopped = false;
  /** How many workers are asking for a job. */
  #taking = 0;
  #isUsable = true;
  #isLost = false;

  private constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Begins to take jobs, once this run's heartbeat is known to the others. */
  static async start(options: RunOptions): Promise<Run> {
    const run = new Run(options);
    const pool = createQueuePool(options.databaseUrl, options.concurrency);
    run.#abandoned.signal.addEventListener('abort', () => {
      run.#ready.abort();
      pool.end().catch(() => undefined);
    });
    try {
      await run.#start(pool);
      return run;
    } catch (error) {
      await run.finish(Promise.resolve());
      throw error;
    }
  }

  /** Its name in the queue and in the table of heartbeats. */
  get workerId(): string {
    return this.#workerId;
  }

  /** Whether it takes jobs; once false it is to be replaced. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Whether others have declared it dead. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The latest jobs that were done under this id; the queue may not have written them all down. */
  get doneJobs(): readonly string[] {
    return this.#done;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  async settle(): Promise<void> {
    for (;;) {
      try {
        await this.#confirm();
        return;
      } catch (error) {
        if (error instanceof DeclaredDead) throw error;
        if (this.#abandoned.signal.aborted) throw new DeclaredDead();
        this.distrust();
      }
      await after(ASK_AGAIN_MS);
    }
  }

  /** Takes no more jobs: the database failed this run, so it may hold jobs it knows nothing of. */
  distrust(): void {
    this.#isUsable = false;
  }

  /** Takes note that others have declared this run dead: its jobs are not ours any more. */
  lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#isUsable = false;
    this.#options.log.warn(
      { worker: this.#workerId, running: this.#running.size },
      'declared dead by another process: running jobs are aborted and run there',
    );
    this.interrupt();
  }

  /** Tells running jobs to end. */
  interrupt(): void {
    this.#abort.abort(new Error('The job is to end: it will run again'));
  }

  /**
   * Takes no more jobs and returns once the running ones have ended and are written down, or when
   * `limit` resolves. What is unfinished then stays locked, for the caller to release.
   */
  async finish(limit: Promise<void>): Promise<void> {
    this.#isUsable = false;
    await Promise.race([this.#end(), limit]);
    this.#abandoned.abort();
  }

  async #start(pool: ReturnType<typeof createQueuePool>): Promise<void> {
    const { log, works, concurrency, connections } = this.#options;
    const events = new EventEmitter() as WorkerEvents;
    events.once('pool:create', ({ workerPool }) => {
      this.#workerId = workerPool.id;
    });
    events.on('worker:getJob:start', () => (this.#taking += 1));
    events.on('worker:getJob:empty', () => (this.#taking -= 1));
    events.on('job:start', () => (this.#taking -= 1));
    events.on('worker:getJob:error', ({ error }) => {
      if (error instanceof NotNow) return;
      this.#taking -= 1;
      this.distrust();
    });
    // The one connection that is always in use tells first; getting it back may take a minute.
    events.on('pool:listen:error', () => this.distrust());
    this.#runner = await runQueue({
      pgPool: pool,
      schema: QUEUE_SCHEMA,
      concurrency,
      pollInterval: POLL_MS,
      noHandleSignals: true,
      parsedCronItems: [],
      events,
      logger: createQueueLog(log),
      taskList: this.#taskList(works),
      // No flags: this is the one thing the queue awaits before it takes a job.
      forbiddenFlags: () => this.#mayTakeJobs(),
      // Without them it neither waits for its writes nor handles their errors.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    });
    void this.#runner.promise
      .catch((error: unknown) => {
        if (this.#isUsable) log.warn({ err: error }, 'the job queue stopped by itself');
      })
      .finally(() => {
        this.distrust();
      });
    const { processName } = this.#options;
    await connections.read((tx) => registerWorker(tx, this.#workerId, processName));
    this.#ready.abort();
  }

  /** Returns if this worker is alive; throws DeclaredDead, or what kept it from asking. */
  async #confirm(): Promise<void> {
    const { connections } = this.#options;
    if (!this.#isLost && !(await connections.read((tx) => isRegistered(tx, this.#workerId))))
      this.lose();
    if (this.#isLost) throw new DeclaredDead();
  }

  async #mayTakeJobs(): Promise<null> {
    await aborted(this.#ready.signal);
    // Once told to stop, the queue takes no jobs anyway, and would complain about an error.
    if (this.#isStopped) return null;
    if (!this.#isUsable) throw new NotNow();
    this.#taking += 1;
    try {
      await this.#confirm();
      return null;
    } catch (error) {
      this.distrust();
      throw new NotNow('the heartbeat could not be looked up', { cause: error });
    } finally {
      this.#taking -= 1;
    }
  }

  #taskList(works: readonly Work[]): TaskList {
    return Object.fromEntries(
      works.map((work) => [
        work.name,
        async (payload: unknown, { job }: JobHelpers) => {
          const attempt = runAttempt(
            work,
            payload,
            {
              id: job.id,
              attempt: job.attempts,
              maxAttempts: job.max_attempts,
              dueAt: job.run_at,
            },
            this,
            this.#options,
          );
          this.#running.add(attempt);
          try {
            await attempt;
            if (this.#done.push(job.id) > REMEMBERED) this.#done.shift();
          } finally {
            this.#running.delete(attempt);
            // Nobody listens any more, and the queue would fail over an outcome it cannot write.
            if (this.#abandoned.signal.aborted) await new Promise(() => undefined);
          }
        },
      ]),
    );
  }

  async #end(): Promise<void> {
    // A worker that is told to stop while it asks for a job would complain about every error.
    while (this.#taking > 0) await after(TAKING_MS);
    this.#isStopped = true;
    // It rejects when the queue has stopped already, by itself.
    const stopped = this.#runner?.stop().catch(() => undefined);
    for (;;) {
      while (this.#running.size > 0) await Promise.allSettled(this.#running);
      await Promise.race([stopped, after(FLUSH_MS)]);
      // It may have been given a job in the last moment.
      if (this.#running.size === 0) return;
    }
  }
}

/** No jobs are taken now. */
class NotNow extends Error {}
