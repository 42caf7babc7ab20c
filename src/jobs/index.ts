export { createJobs, type Jobs, type JobsOptions } from './jobs.js';
export type { BeatTimes } from './observation.js';
export {
  enqueue,
  type EnqueueOptions,
  type JobEntry,
  type JobSelection,
  type JobState,
  listJobs,
  retryJob,
} from './storage/queue.js';
export { installJobSchema } from './storage/schema.js';
export { type FinishedJob, type JobTask, jobTask, type Outcome, type RunningJob } from './task.js';
