import type { Work } from './attempt.js';
import type { HeartbeatConnections } from './storage/connections.js';
import { scheduleSweep, type SweepJob } from './storage/sweeps.js';

/** Work that is due again and again, every few seconds, in one process of all at a time. */
export interface Sweep {
  readonly name: string;
  readonly seconds: number;
  /** @param signal - aborted when the process stops, or another one has taken over. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Returns how the queue knows a sweep; its task, its key and its queue carry this name. */
export function sweepJob({ name, seconds }: Sweep): SweepJob {
  return { name: `sweep:${name}`, seconds };
}

/** Returns the work of one run of a sweep, which ends with scheduling the next one. */
export function sweepWork(sweep: Sweep, connections: HeartbeatConnections): Work {
  const job = sweepJob(sweep);
  return {
    name: job.name,
    run: (_payload, { signal }) => sweep.run(signal),
    after: (dueAt) => connections.transact((tx) => scheduleSweep(tx, job, dueAt)),
  };
}
