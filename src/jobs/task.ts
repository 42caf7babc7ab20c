import type { z } from 'zod';

/** What a task may know of the attempt it runs in. */
export interface RunningJob {
  /** Counted from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Aborted when the process stops, or when another one has taken the job over. */
  readonly signal: AbortSignal;
}

/**
 * A kind of background work.
 *
 * A job runs at least once, and more often after a crash: tasks are idempotent. One that throws is
 * tried again, later each time, until its attempts are used up.
 */
export interface JobTask {
  /** Stored with every job; renaming it strands those that wait. At most 128 characters. */
  readonly name: string;
  /** @param payload - what was enqueued, as JSON brought it back; judge it before use. */
  run(payload: unknown, job: RunningJob): Promise<void>;
}

/** How an attempt ended; `interrupted` ones were cut short by a stop or taken over. */
export type Outcome = 'succeeded' | 'failed' | 'interrupted';

/** An attempt that has ended, for the metrics. */
export interface FinishedJob {
  readonly task: string;
  readonly outcome: Outcome;
  readonly seconds: number;
}

/** Returns a task whose payloads are checked against a schema before it runs. */
export function jobTask<Payload>(
  name: string,
  payloads: z.ZodType<Payload>,
  run: (payload: Payload, job: RunningJob) => Promise<void>,
): JobTask {
  // What is not of the schema may be a newer version's: it is tried again, by whom it may concern.
  return {
    name,
    async run(payload, job) {
      await run(payloads.parse(payload), job);
    },
  };
}
