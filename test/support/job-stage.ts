/**
 * Jobs whose doings a test can watch and hold up, in this process and in others: what happens is
 * written to a table, and jobs wait for gates that are rows of another one.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type Logger, pino } from 'pino';
import { type BeatTimes, createJobs, type FinishedJob, type Jobs } from '../../src/jobs/index.js';
import type { TestDatabase } from './database.js';

/** What a job did, in order: the process, then `begins`, `ends` or `aborted` and which job. */
export type Happening = string;

/** How a process with staged jobs is set up. */
export interface StagedOptions {
  /** What the process is called in the happenings. */
  readonly name: string;
  readonly url: string;
  readonly beat?: BeatTimes;
  readonly concurrency?: number;
  /** Seconds between the runs of a sweep called `tick`; default: there is none. */
  readonly tick?: number;
}

/** A process's staged jobs, not started. */
export interface StagedJobs {
  readonly jobs: Jobs;
  readonly finished: FinishedJob[];
  /** Lines of the log. */
  readonly lines: Record<string, unknown>[];
  /** Also stops the jobs. */
  close(): Promise<void>;
}

const TABLES = `
  create table happenings (
    id bigint generated always as identity primary key, process text, what text);
  create table gates (name text primary key);
`;

/** What a test does with the stage. */
export class Stage {
  constructor(private readonly database: Pick<TestDatabase, 'query'>) {}

  async prepare(): Promise<void> {
    await this.database.query(TABLES);
  }

  /** Lets every job and sweep of this name pass, from now on. */
  async open(gate: string): Promise<void> {
    await this.database.query('insert into gates values ($1) on conflict do nothing', [gate]);
  }

  async close(gate: string): Promise<void> {
    await this.database.query('delete from gates where name = $1', [gate]);
  }

  /** Returns everything that happened, or what happened in jobs of this name. */
  async happenings(job = '.*'): Promise<readonly Happening[]> {
    const rows = await this.database.query<{ process: string; what: string }>(
      'select process, what from happenings where what ~ $1 order by id',
      [`^\\w+ ${job}$`],
    );
    return rows.map(({ process, what }) => `${process} ${what}`);
  }

  /** Returns how many jobs the queue has, done ones not among them. */
  async queued(task = 'hold'): Promise<number> {
    const rows = await this.database.query<{ count: string }>(
      'select count(*) from graphile_worker.jobs where task_identifier = $1',
      [task],
    );
    return Number(rows[0]?.count);
  }
}

/**
 * Returns jobs with a task `hold`, which waits for the gate its payload names, a task `fail`, which
 * throws until the gate is open, a task `deaf`, which ignores that it should end, and a sweep.
 */
export function createStagedJobs(options: StagedOptions): StagedJobs {
  const { name, url, beat, concurrency, tick } = options;
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  let isClosed = false;
  /** What the stage itself asks for is to outlive a database that is away. */
  const insisting = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (isClosed) throw error;
        await pause(50);
      }
    }
  };
  const tell = (what: string) =>
    insisting(() =>
      pool.query('insert into happenings (process, what) values ($1, $2)', [name, what]),
    );
  const isOpen = async (gate: string) => {
    const { rowCount } = await insisting(() =>
      pool.query('select from gates where name = $1', [gate]),
    );
    return (rowCount ?? 0) > 0;
  };
  const hold = async (gate: string, signal?: AbortSignal) => {
    await tell(`begins ${gate}`);
    while (!(await isOpen(gate))) {
      if (signal?.aborted === true) {
        await tell(`aborted ${gate}`);
        throw signal.reason;
      }
      await pause(30);
    }
    await tell(`ends ${gate}`);
  };
  const gateOf = (payload: unknown) => (payload as { gate: string }).gate;
  const finished: FinishedJob[] = [];
  const { log, lines } = createLog();
  const jobs = createJobs({
    databaseUrl: url,
    log,
    beat,
    concurrency,
    onFinished: (job) => finished.push(job),
    tasks: [
      { name: 'hold', run: (payload, { signal }) => hold(gateOf(payload), signal) },
      { name: 'deaf', run: (payload) => hold(gateOf(payload)) },
      {
        name: 'fail',
        async run(payload, { attempt, maxAttempts }) {
          await tell(`begins ${gateOf(payload)} ${attempt}/${maxAttempts}`);
          if (!(await isOpen(gateOf(payload)))) throw new Error('the gate is closed');
        },
      },
    ],
  });
  if (tick !== undefined) {
    jobs.everySeconds('tick', tick, async (signal) => {
      await hold('tick', signal);
      if (await isOpen('tick fails')) throw new Error('the sweep fails');
    });
  }
  return {
    jobs,
    finished,
    lines,
    async close() {
      await jobs.stop(0);
      isClosed = true;
      await pool.end();
    },
  };
}

function createLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { log: pino({ level: 'debug' }, { write }), lines };
}
