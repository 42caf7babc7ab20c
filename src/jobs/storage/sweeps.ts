import type { Tx } from '../../db/tx.js';

/** A sweep as the queue knows it. */
export interface SweepJob {
  /** Task, key and queue of its job alike. */
  readonly name: string;
  readonly seconds: number;
}

/**
 * A sweep's job never fails, but every crash of a process that runs it is an attempt. The most the
 * queue can count.
 */
const ATTEMPTS = 32_767;

/**
 * Sees to it that a sweep has its one job. Every process does so at its start.
 *
 * One that exists is left alone, whatever it does (`unsafe_dedupe`), unless it is due later than it
 * should be: its period was longer once, or its process could not schedule it.
 */
export async function ensureSweep(tx: Tx, { name, seconds }: SweepJob): Promise<void> {
  await tx.query(
    {
      text: `select from graphile_worker.add_job($1, queue_name => $1, job_key => $1,
               job_key_mode => 'unsafe_dedupe', max_attempts => $2)`,
    },
    [name, ATTEMPTS],
  );
  await tx.query(
    {
      text: `select from graphile_worker.reschedule_jobs(
               array(select id from graphile_worker.jobs
                     where key = $1 and locked_at is null
                       and (run_at > now() + make_interval(secs => $2) or attempts >= max_attempts)),
               run_at => now() + make_interval(secs => $2), attempts => 0)`,
    },
    [name, seconds],
  );
  // A process that died between scheduling the next run and ending its own leaves the latter.
  await tx.query(
    {
      text: `select from graphile_worker.complete_jobs(
               array(select id from graphile_worker.jobs
                     where task_identifier = $1 and key is null and locked_at is null))`,
    },
    [name],
  );
}

/**
 * Schedules the next run of a sweep, by the one that runs; of several calls the last one counts.
 *
 * The running job gives its key to the new one, and the queue keeps the new one waiting until the
 * running one has ended.
 *
 * @param dueAt - when the present run was due: the period has no drift. Missed runs are left out.
 */
export async function scheduleSweep(
  tx: Tx,
  { name, seconds }: SweepJob,
  dueAt: Date,
): Promise<void> {
  await tx.query(
    {
      text: `select from graphile_worker.add_job($1, queue_name => $1, job_key => $1,
               run_at => greatest(now(), $2::timestamptz + make_interval(secs => $3)),
               max_attempts => $4)`,
    },
    [name, dueAt.toISOString(), seconds, ATTEMPTS],
  );
}
