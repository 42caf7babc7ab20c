import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Tx } from '../db/tx.js';
import { BEAT_TIMES, type BeatTimes } from './observation.js';
import { HeartbeatConnections } from './storage/connections.js';
import { enqueue, type EnqueueOptions } from './storage/queue.js';
import { explainedSchemaError } from './storage/schema.js';
import { Supervisor } from './supervisor.js';
import { type Sweep, sweepJob, sweepWork } from './sweep.js';
import type { FinishedJob, JobTask } from './task.js';

/** Jobs that one process runs at once unless told otherwise; they mostly wait for others. */
const CONCURRENCY = 4;

/** Longest a stop takes unless told otherwise, in milliseconds. */
const STOP_WITHIN_MS = 4_000;

/** Background work of one process. */
export interface Jobs {
  /**
   * Begins to take jobs and to run sweeps. Needs the migrated database; installs the queue's own
   * schema when it is missing. Throws an OperatorError when it may not.
   */
  start(): Promise<void>;
  /**
   * Takes no more jobs and returns once the running ones have ended, at most after some time.
   *
   * Jobs that need longer see their signal aborted when three quarters of it are over; those that
   * ignore it are put back, and run again elsewhere. Of several calls the first one counts.
   */
  stop(withinMs?: number): Promise<void>;
  /**
   * Adds a job in the caller's transaction and returns its id: it exists exactly if the
   * transaction is committed. Works without `start`, too.
   *
   * @param payload - an object that JSON can carry; no bigint, no secrets.
   */
  enqueue(tx: Tx, task: string, payload: object, options?: EnqueueOptions): Promise<bigint>;
  /**
   * Runs something every few seconds, in one process of all at a time; to be said before `start`.
   *
   * A run that takes longer delays the next one, an error is logged and the next one comes as
   * usual, and a process that dies is replaced by another. Seconds are counted by the database.
   */
  everySeconds(name: string, seconds: number, run: Sweep['run']): void;
}

/** What background work needs. */
export interface JobsOptions {
  readonly databaseUrl: string;
  /** Every kind of job this process can run; others wait for processes that can. */
  readonly tasks: readonly JobTask[];
  readonly log: Logger;
  readonly onFinished?: (job: FinishedJob) => void;
  /** Jobs run at once by this process. */
  readonly concurrency?: number;
  /** Only tests have their own; all processes of one database must agree. */
  readonly beat?: BeatTimes;
}

/** Returns the background work of this process, not started. */
export function createJobs(options: JobsOptions): Jobs {
  const tasks = new Map(options.tasks.map((task) => [task.name, task]));
  if (tasks.size < options.tasks.length) throw new Error('Two tasks have one name');
  const sweeps: Sweep[] = [];
  let supervisor: Supervisor | undefined;
  let stopped: Promise<void> | undefined;
  return {
    async start() {
      if (supervisor !== undefined) throw new Error('Jobs are started once');
      supervisor = createSupervisor(options, sweeps);
      // The queue refuses to look for nothing.
      if (tasks.size + sweeps.length === 0) return;
      try {
        await supervisor.start();
      } catch (error) {
        await (stopped ??= supervisor.stop(0));
        throw explainedSchemaError(error);
      }
    },
    async stop(withinMs = STOP_WITHIN_MS) {
      await (stopped ??= supervisor?.stop(withinMs));
    },
    async enqueue(tx, task, payload, enqueueOptions) {
      if (!tasks.has(task)) throw new Error(`There is no task ${task}`);
      return enqueue(tx, task, payload, enqueueOptions);
    },
    everySeconds(name, seconds, run) {
      if (supervisor !== undefined) throw new Error('Sweeps are declared before the start');
      if (sweeps.some((sweep) => sweep.name === name)) throw new Error('Two sweeps have one name');
      if (!(seconds > 0)) throw new RangeError('A sweep needs a positive number of seconds');
      sweeps.push({ name, seconds, run });
    },
  };
}

function createSupervisor(options: JobsOptions, sweeps: readonly Sweep[]): Supervisor {
  const { databaseUrl, tasks, log, onFinished, concurrency, beat } = options;
  const connections = new HeartbeatConnections(databaseUrl);
  return new Supervisor({
    databaseUrl,
    connections,
    log,
    onFinished,
    works: [...tasks, ...sweeps.map((sweep) => sweepWork(sweep, connections))],
    sweeps: sweeps.map(sweepJob),
    concurrency: concurrency ?? CONCURRENCY,
    beat: beat ?? BEAT_TIMES,
    processName: `${hostname().slice(0, 200)}:${process.pid}`,
  });
}
