import type { Tx } from '../../db/tx.js';
import { notFound, Failure } from '../../kernel/failure.js';

/** What of a job is not the default. */
export interface EnqueueOptions {
  /**
   * Names the job: while one of this name waits, it is replaced instead of a second one added. One
   * that already runs is not touched, and not tried again: the new one knows more.
   */
  readonly key?: string;
  /** Not before this moment; default now. */
  readonly runAt?: Date;
  /** Default 25, which takes about three days. */
  readonly maxAttempts?: number;
  /** Jobs of one queue run one after the other. For few names: each costs all others time. */
  readonly queue?: string;
}

/** What a job does at the moment; one that failed and will be tried again is waiting. */
export type JobState = 'waiting' | 'running' | 'failed';

/** A job as operators see it; one that has succeeded is gone. */
export interface JobEntry {
  readonly id: bigint;
  readonly task: string;
  readonly state: JobState;
  readonly queue: string | null;
  readonly key: string | null;
  /** How often it was begun. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** When it is or was due. */
  readonly runAt: Date;
  readonly createdAt: Date;
  /** When its present attempt began, and which process runs it; null unless running. */
  readonly startedAt: Date | null;
  readonly process: string | null;
  /** What the last failed attempt said. */
  readonly lastError: string | null;
}

/** Which jobs to list. */
export interface JobSelection {
  /** Default: all. */
  readonly state?: JobState;
  readonly limit: number;
  /** Continue behind this id. */
  readonly after?: bigint;
}

const ADD = {
  name: 'job_add',
  text: `select id from graphile_worker.add_job($1, $2::json, queue_name => $3, run_at => $4,
                                                max_attempts => $5, job_key => $6)`,
};

/**
 * Adds a job in the caller's transaction and returns its id: it exists exactly if the transaction
 * is committed, and starts soon after.
 *
 * Needs the schema of the queue, not a running worker. A key is locked until the transaction ends.
 *
 * @param payload - an object that JSON can carry; no bigint, no secrets (it lies in the database).
 */
export async function enqueue(
  tx: Tx,
  task: string,
  payload: object,
  options: EnqueueOptions = {},
): Promise<bigint> {
  // The queue merges the arrays of jobs with one key; nobody would expect that here.
  if (Array.isArray(payload)) throw new TypeError('The payload of a job is an object');
  const { queue, runAt, maxAttempts, key } = options;
  const values = [task, JSON.stringify(payload), queue, runAt?.toISOString(), maxAttempts, key];
  const [row] = await tx.query<{ id: bigint }>(
    ADD,
    values.map((value) => value ?? null),
  );
  if (row === undefined) throw new Error('The queue took no job');
  return row.id;
}

const LIST = {
  name: 'job_list',
  text: `select * from (
           select jobs.id, task_identifier as task, queue_name as queue, key,
                  case when locked_at is not null then 'running'
                       when attempts >= max_attempts then 'failed' else 'waiting' end as state,
                  attempts, max_attempts as "maxAttempts", run_at as "runAt",
                  created_at as "createdAt", locked_at as "startedAt", process,
                  last_error as "lastError"
           from graphile_worker.jobs left join job_workers on worker_id = locked_by) as entries
         where id > $1 and ($2::text is null or state = $2)
         order by id limit $3`,
};

/** Returns jobs by ascending id; an empty list behind the last one. */
export async function listJobs(tx: Tx, selection: JobSelection): Promise<readonly JobEntry[]> {
  const { state = null, limit, after = 0n } = selection;
  return tx.query<JobEntry>(LIST, [after, state, limit]);
}

/**
 * Makes a job that failed, or waits for a later attempt, due now and with all of its attempts.
 *
 * Fails with NOT_FOUND when there is none (any more), with WRONG_STATE when it is running.
 */
export async function retryJob(tx: Tx, id: bigint): Promise<void> {
  const done = await tx.query(
    {
      text: `select from graphile_worker.reschedule_jobs(array[$1::bigint], run_at => now(),
                                                         attempts => 0)`,
    },
    [id],
  );
  if (done.length > 0) return;
  const found = await tx.query({ text: 'select from graphile_worker.jobs where id = $1' }, [id]);
  if (found.length === 0) throw notFound('job', String(id));
  throw new Failure('wrong-state', 'WRONG_STATE', 'the job is running', { id: String(id) });
}
