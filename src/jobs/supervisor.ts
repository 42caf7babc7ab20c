import { type BeatTimes, Observation } from './observation.js';
import { Run, type RunOptions } from './run.js';
import { beat, buryDeadWorkers, forgetWorker, freeOrphans } from './storage/heartbeats.js';
import type { TakenJob } from './storage/locks.js';
import { ensureSweep, type SweepJob } from './storage/sweeps.js';
import { aborted, after } from './waits.js';

/** After a beat that failed, in milliseconds: the database may be back any moment. */
const BEAT_AGAIN_MS = 500;

/** How long jobs taken over by others may take to notice, in milliseconds. */
const LOST_MS = 5_000;

/** How long a stop may take on top of its jobs, in milliseconds, should the database hang. */
const GOODBYE_MS = 1_500;

/** Between two searches for jobs that nobody holds, in milliseconds. */
const ORPHANS_EVERY_MS = 60_000;

const LONGEST_DELAY_MS = 30_000;

/** What the supervisor needs besides what its runs need. */
export interface SupervisorOptions extends RunOptions {
  readonly sweeps: readonly SweepJob[];
  readonly beat: BeatTimes;
}

/**
 * Keeps one run of the queue alive in this process, and its heartbeat; buries other processes' dead
 * ones. Everything happens in one loop, a turn per beat.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #observation: Observation;
  readonly #deadline = new AbortController();
  /** One promise for all who wait for it, so that outages add no listeners. */
  readonly #timeIsUp = aborted(this.#deadline.signal);
  readonly #ended = new AbortController();
  readonly #retired = new Map<Run, Promise<void>>();
  #current: Run | undefined;
  #loop: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  #sweepsAreDue = true;
  #isStopping = false;
  #startNotBefore = 0;
  #startDelay = 0;
  #orphansNotBefore = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#observation = new Observation(options.beat);
  }

  /** Returns once jobs are taken; throws when the queue cannot be set up. */
  async start(): Promise<void> {
    this.#current = await Run.start(this.#options);
    // A stop that came meanwhile has nothing else to stop.
    if (this.#isStopping) this.#retire(this.#current);
    else this.#loop = this.#beatUntilTheEnd();
  }

  /**
   * Takes no more jobs and returns once the running ones have ended. When they take too long they
   * are told to end, and in the end they are put back for other processes.
   */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true;
    const interrupt = setTimeout(() => {
      for (const run of this.#runs) run.interrupt();
    }, withinMs * 0.75);
    const end = setTimeout(() => this.#deadline.abort(), withinMs);
    // A turn may be about to replace the run, and the new one has to end as well.
    await Promise.race([this.#turn, this.#timeIsUp]);
    if (this.#current !== undefined) this.#retire(this.#current);
    await Promise.all(this.#retired.values());
    clearTimeout(interrupt);
    clearTimeout(end);
    this.#deadline.abort();
    this.#ended.abort();
    const closed = this.#loop.then(() => this.#options.connections.close());
    await Promise.race([closed, after(GOODBYE_MS)]);
  }

  get #runs(): readonly Run[] {
    const retired = [...this.#retired.keys()];
    return this.#current === undefined ? retired : [this.#current, ...retired];
  }

  async #beatUntilTheEnd(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      let pause = this.#options.beat.everyMs;
      this.#turn = this.#beat().catch((error: unknown) => {
        pause = Math.min(pause, BEAT_AGAIN_MS);
        this.#missBeat(error);
      });
      await this.#turn;
      await after(pause, this.#ended.signal);
    }
  }

  async #beat(): Promise<void> {
    const { connections } = this.#options;
    const runs = this.#runs;
    const known = await connections.read((tx) =>
      beat(
        tx,
        runs.map(({ workerId }) => workerId),
      ),
    );
    this.#observation.succeeded(performance.now());
    for (const run of runs) if (!known.has(run.workerId)) run.lose();
    if (this.#isStopping) return;
    await this.#replaceUnusable();
    await this.#ensureSweeps();
    if (!this.#observation.mayJudge) return;
    await this.#buryTheDead();
    await this.#freeOrphans();
  }

  #missBeat(error: unknown): void {
    this.#observation.failed();
    this.#options.log.debug({ err: error }, 'no heartbeat: the database does not answer');
    for (const run of this.#runs) run.distrust();
  }

  async #replaceUnusable(): Promise<void> {
    if (this.#current?.isUsable === true) return;
    if (this.#current !== undefined) this.#retire(this.#current);
    if (performance.now() < this.#startNotBefore) return;
    try {
      const run = await Run.start(this.#options);
      this.#startDelay = 0;
      this.#sweepsAreDue = true;
      if (this.#isStopping) this.#retire(run);
      else this.#current = run;
      this.#options.log.info({ worker: run.workerId }, 'jobs are taken again');
    } catch (error) {
      this.#startDelay = Math.min(this.#startDelay * 2 + BEAT_AGAIN_MS, LONGEST_DELAY_MS);
      this.#startNotBefore = performance.now() + this.#startDelay;
      this.#options.log.error({ err: error }, 'jobs cannot be taken');
    }
  }

  #retire(run: Run): void {
    if (run === this.#current) this.#current = undefined;
    const stop = this.#timeIsUp;
    const limit = run.isLost ? Promise.race([stop, after(LOST_MS)]) : stop;
    const end = async (): Promise<void> => {
      await run.finish(limit);
      // It beats until here: what it still runs is not to be given to others.
      this.#retired.delete(run);
      await Promise.race([this.#forget(run), after(GOODBYE_MS)]);
    };
    this.#retired.set(run, end());
  }

  /** When the database is away it is the heartbeat's expiry that frees what the run has left. */
  async #forget(run: Run): Promise<void> {
    const { connections, log } = this.#options;
    try {
      const jobs = await connections.transact((tx) => forgetWorker(tx, run.workerId, run.doneJobs));
      if (jobs.length > 0)
        log.warn({ jobs: jobs.map(named) }, 'jobs did not end in time: they run again');
    } catch (error) {
      log.debug({ err: error }, 'a worker could not say goodbye');
    }
  }

  async #ensureSweeps(): Promise<void> {
    if (!this.#sweepsAreDue) return;
    const { connections, sweeps } = this.#options;
    for (const sweep of sweeps) await connections.transact((tx) => ensureSweep(tx, sweep));
    this.#sweepsAreDue = false;
  }

  async #buryTheDead(): Promise<void> {
    const { connections, beat: times, log } = this.#options;
    const dead = await connections.transact((tx) => buryDeadWorkers(tx, times.expiresMs));
    if (dead.workers.length === 0) return;
    // It may have died between two runs of a sweep.
    this.#sweepsAreDue = true;
    log.warn(
      { processes: dead.workers.map(({ process }) => process), jobs: dead.jobs.map(named) },
      'processes without a heartbeat: their jobs run again',
    );
  }

  async #freeOrphans(): Promise<void> {
    if (performance.now() < this.#orphansNotBefore) return;
    const { connections, beat: times, log } = this.#options;
    const jobs = await connections.transact((tx) => freeOrphans(tx, times.expiresMs));
    this.#orphansNotBefore = performance.now() + ORPHANS_EVERY_MS;
    if (jobs.length > 0) log.warn({ jobs: jobs.map(named) }, 'jobs held by nobody: they run again');
  }
}

function named({ id, task }: TakenJob): string {
  return `${id} (${task})`;
}
