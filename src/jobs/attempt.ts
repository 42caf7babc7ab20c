import type { Logger } from 'pino';
import type { FinishedJob, Outcome, RunningJob } from './task.js';

/** Something the queue can run: a task, or a sweep. */
export interface Work {
  readonly name: string;
  run(payload: unknown, job: RunningJob): Promise<void>;
  /**
   * For sweeps: called after a run, however it ended, and the job then counts as done.
   *
   * @param dueAt - when the run was due.
   */
  readonly after?: (dueAt: Date) => Promise<void>;
}

/** A job the queue has given us. */
export interface TakenAttempt {
  readonly id: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly dueAt: Date;
}

/** What an attempt needs to know of the worker that runs it. */
export interface Holder {
  /** Aborted when running jobs should end. */
  readonly signal: AbortSignal;
  /** Returns if the job is still ours, as soon as the database says so; throws DeclaredDead if not. */
  settle(): Promise<void>;
}

/** The worker was declared dead, and its jobs have been given to others. */
export class DeclaredDead extends Error {
  override readonly name = 'DeclaredDead';

  constructor() {
    super('This worker was declared dead: its jobs run elsewhere');
  }
}

/** Where an attempt is told of. */
export interface AttemptListeners {
  readonly log: Logger;
  readonly onFinished?: (job: FinishedJob) => void;
}

/**
 * Runs one attempt of a job and returns when the queue may write down its success; throws for the
 * queue to write down a failure.
 *
 * Nothing is begun and nothing is written down without asking whether the job is still ours, right
 * before: a process that was paused would otherwise end what another one has begun again. The queue
 * is told nothing while the database is away, because it would give up too soon.
 */
export async function runAttempt(
  work: Work,
  payload: unknown,
  job: TakenAttempt,
  holder: Holder,
  listeners: AttemptListeners,
): Promise<void> {
  await holder.settle();
  const began = performance.now();
  const error = await errorOf(() =>
    work.run(payload, {
      attempt: job.attempt,
      maxAttempts: job.maxAttempts,
      signal: holder.signal,
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const lost = await errorOf(async () => {
    await holder.settle();
    await work.after?.(job.dueAt);
  });
  report(work, job, { error, lost, seconds, isAborted: holder.signal.aborted }, listeners);
  if (lost !== undefined) throw lost;
  if (error !== undefined && work.after === undefined) throw error;
}

interface Result {
  readonly error: Error | undefined;
  readonly lost: Error | undefined;
  readonly seconds: number;
  readonly isAborted: boolean;
}

function report(
  work: Work,
  { id, attempt, maxAttempts }: TakenAttempt,
  { error, lost, seconds, isAborted }: Result,
  { log, onFinished }: AttemptListeners,
): void {
  const isInterrupted = lost instanceof DeclaredDead || (error !== undefined && isAborted);
  const failure = error ?? lost;
  const outcome: Outcome =
    failure === undefined ? 'succeeded' : isInterrupted ? 'interrupted' : 'failed';
  onFinished?.({ task: work.name, outcome, seconds });
  const details = { task: work.name, job: id, attempt, maxAttempts, seconds };
  if (outcome === 'succeeded') log.debug(details, 'job done');
  else if (outcome === 'interrupted')
    log.info({ ...details, reason: failure?.message }, 'job interrupted: it runs again');
  else if (work.after !== undefined)
    log.warn({ ...details, err: failure }, 'sweep failed: the next one comes as usual');
  else if (attempt < maxAttempts)
    log.warn({ ...details, err: failure }, 'job failed: it is tried again');
  else log.error({ ...details, err: failure }, 'job failed for good');
}

async function errorOf(run: () => Promise<void>): Promise<Error | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
