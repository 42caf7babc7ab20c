import type { Tx } from '../../db/tx.js';
import { releaseLocks, type TakenJob } from './locks.js';

/** A worker that stopped beating. */
export interface DeadWorker {
  readonly workerId: string;
  readonly process: string;
}

/** Lets a worker be known to the others; from now on it has to beat. */
export async function registerWorker(tx: Tx, workerId: string, process: string): Promise<void> {
  await tx.query(
    {
      text: `insert into job_workers (worker_id, process) values ($1, $2)
             on conflict (worker_id) do update set beat_at = now()`,
    },
    [workerId, process],
  );
}

/** Returns whether a worker is still known to the others, or false when it was declared dead. */
export async function isRegistered(tx: Tx, workerId: string): Promise<boolean> {
  const rows = await tx.query(
    { name: 'job_worker', text: 'select from job_workers where worker_id = $1' },
    [workerId],
  );
  return rows.length > 0;
}

/** Refreshes heartbeats and returns the ids that are still known; the others were declared dead. */
export async function beat(tx: Tx, workerIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ worker_id: string }>(
    {
      name: 'job_workers_beat',
      text: `update job_workers set beat_at = now() where worker_id = any($1::text[])
             returning worker_id`,
    },
    [workerIds],
  );
  return new Set(rows.map((row) => row.worker_id));
}

/**
 * Forgets a worker of our own that has ended, and returns the jobs it left unfinished.
 *
 * @param doneIds - jobs that are done, whether or not the queue came to write that down.
 */
export async function forgetWorker(
  tx: Tx,
  workerId: string,
  doneIds: readonly string[],
): Promise<readonly TakenJob[]> {
  await tx.query({ text: 'delete from job_workers where worker_id = $1' }, [workerId]);
  const jobs = await releaseLocks(tx, [workerId], 'The process stopped during the last attempt');
  // Only what is not locked: should it run elsewhere by now, it stays.
  await tx.query({ text: 'select from graphile_worker.complete_jobs($1::bigint[])' }, [doneIds]);
  return jobs.filter(({ id }) => !doneIds.includes(String(id)));
}

/**
 * Declares dead whoever has not beaten for so long and gives back their jobs; returns both.
 *
 * The row is deleted in the transaction that frees the jobs: a worker that comes back to life finds
 * out by its row, and either has it with its jobs or neither.
 */
export async function buryDeadWorkers(
  tx: Tx,
  expiresMs: number,
): Promise<{ readonly workers: readonly DeadWorker[]; readonly jobs: readonly TakenJob[] }> {
  // A beat that comes at the same moment wins: the delete judges the row again once it has it.
  const rows = await tx.query<{ worker_id: string; process: string }>(
    {
      name: 'job_workers_bury',
      text: `delete from job_workers where beat_at < now() - make_interval(secs => $1)
             returning worker_id, process`,
    },
    [expiresMs / 1000],
  );
  if (rows.length === 0) return { workers: [], jobs: [] };
  const workers = rows.map((row) => ({ workerId: row.worker_id, process: row.process }));
  const ids = workers.map(({ workerId }) => workerId);
  return { workers, jobs: await releaseLocks(tx, ids, DIED) };
}

/**
 * Frees jobs that are held by nobody who beats, and returns them.
 *
 * There are none unless a process was paused and then killed in the one moment between looking at
 * its heartbeat and taking a job; without this they would wait for hours.
 */
export async function freeOrphans(tx: Tx, expiresMs: number): Promise<readonly TakenJob[]> {
  const rows = await tx.query<{ locked_by: string }>(
    {
      text: `select distinct locked_by from graphile_worker.jobs
             where locked_at < now() - make_interval(secs => $1)
               and not exists (select from job_workers where worker_id = locked_by)`,
    },
    [expiresMs / 1000],
  );
  if (rows.length === 0) return [];
  return releaseLocks(
    tx,
    rows.map((row) => row.locked_by),
    DIED,
  );
}

const DIED = 'The process died during the last attempt';
