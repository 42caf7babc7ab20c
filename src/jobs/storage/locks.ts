import type { Tx } from '../../db/tx.js';

/** A job that was taken from whoever held it. */
export interface TakenJob {
  readonly id: bigint;
  readonly task: string;
}

/**
 * Gives back the jobs of workers that will not finish them, and returns them.
 *
 * They are tried again at once. One whose attempts are used up is not: it counts as failed for the
 * reason given, because a task that kills its process would otherwise do so for ever.
 */
export async function releaseLocks(
  tx: Tx,
  workerIds: readonly string[],
  reason: string,
): Promise<readonly TakenJob[]> {
  const jobs = await tx.query<TakenJob & { is_last: boolean }>(
    {
      text: `select id, task_identifier as task, attempts >= max_attempts as is_last
             from graphile_worker.jobs where locked_by = any($1::text[]) order by id`,
    },
    [workerIds],
  );
  await tx.query({ text: 'select graphile_worker.force_unlock_workers($1::text[])' }, [workerIds]);
  const last = jobs.filter((job) => job.is_last).map(({ id }) => id);
  if (last.length > 0)
    await tx.query(
      { text: 'select from graphile_worker.permanently_fail_jobs($1::bigint[], $2)' },
      [last, reason],
    );
  return jobs.map(({ id, task }) => ({ id, task }));
}
