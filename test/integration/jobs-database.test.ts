/**
 * Goal: while the database is away jobs wait, nothing crashes, and afterwards everything goes on.
 * Method: a Postgres of this file's own is stopped and started again under running jobs, in order
 * and as by a power cut; connections are cut one by one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { pino } from 'pino';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { migrate } from '../../src/db/migrate.js';
import { createJobs, type FinishedJob } from '../../src/jobs/index.js';
import { eventually } from '../support/eventually.js';
import { createGate } from '../support/gate.js';
import { createStagedJobs, Stage, type StagedJobs } from '../support/job-stage.js';

/** Every restart of the database takes longer than a heartbeat lives. */
const BEAT = { everyMs: 100, expiresMs: 600 };

describe('background jobs and their database', function () {
  this.timeout(90_000);

  let directory: string;
  let postgres: EmbeddedPostgres;
  let pool: pg.Pool;
  let stage: Stage;
  let staged: Pick<StagedJobs, 'close'>[];
  const problems: unknown[] = [];
  const note = (reason: unknown) => problems.push(reason);

  const query = async (text: string, values?: unknown[]) =>
    (await pool.query(text, values)).rows as never;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'apportion-jobs-'));
    await start();
    await migrate(postgres.url, 'up');
    pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
    pool.on('error', () => undefined);
    stage = new Stage({ query });
    await stage.prepare();
  });
  after(async () => {
    await pool.end();
    await postgres.stop('immediate');
    await rm(postgres.directory, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    staged = [];
    problems.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(async () => {
    for (const one of staged) await one.close();
    await query('truncate happenings, gates, job_workers');
    await query('truncate graphile_worker._private_jobs, graphile_worker._private_job_queues');
    process.off('unhandledRejection', note);
    expect(problems).to.deep.equal([]);
  });

  async function start(port?: number): Promise<void> {
    postgres = await startEmbeddedPostgres({ directory, port });
  }
  async function startJobs(name: string, tick?: number, beat = BEAT): Promise<StagedJobs> {
    const one = createStagedJobs({ name, url: postgres.url, beat, tick });
    staged.push(one);
    await one.jobs.start();
    return one;
  }
  const add = (gate: string) =>
    query(`select graphile_worker.add_job('hold', json_build_object('gate', $1::text))`, [gate]);
  const happened = (count: number, job?: string) =>
    eventually(async () => (await stage.happenings(job)).length >= count, { timeout: 30_000 });

  for (const mode of ['fast', 'immediate'] as const) {
    it(`go on after the database was stopped (${mode}) and started again`, async () => {
      const [first] = [await startJobs('A', 0.3), await startJobs('B', 0.3)];
      await add('held');
      await happened(1, 'held');
      const { port } = postgres;
      await postgres.stop(mode);
      await eventually(() => first.lines.some(({ msg }) => String(msg).startsWith('no heartbeat')));
      await start(port);
      // It was never interrupted, only its end could not be written down for a while.
      await stage.open('held');
      await stage.open('tick');
      await eventually(async () => (await stage.queued()) === 0, { timeout: 30_000 });
      expect(await stage.happenings('held')).to.have.length(2);
      await add('later');
      await stage.open('later');
      await happened(2, 'later');
      const ticks = (await stage.happenings('tick')).length;
      await happened(ticks + 4, 'tick');
    });
  }

  it('write down a job that ends while the database is away, once it is back', async () => {
    const { gate, begun, finished } = await startLocalJob();
    const { port } = postgres;
    await postgres.stop('fast');
    gate.open();
    await start(port);
    await eventually(async () => (await stage.queued('local')) === 0, { timeout: 30_000 });
    expect(begun()).to.equal(1);
    expect(finished.map(({ outcome }) => outcome)).to.deep.equal(['succeeded']);
  });

  it('write down a job whose end was lost with the database', async () => {
    const { gate, begun } = await startLocalJob();
    const holder = await pool.connect();
    holder.on('error', () => undefined);
    await holder.query('begin');
    await holder.query('select from graphile_worker._private_jobs for update');
    gate.open();
    await eventually(async () => {
      const blocked = (await query(
        `select from pg_stat_activity where application_name = 'apportion jobs'
           and wait_event_type = 'Lock' and query ~ 'delete'`,
      )) as unknown[];
      return blocked.length === 1;
    });
    const { port } = postgres;
    await postgres.stop('immediate');
    holder.release(true);
    await start(port);
    await eventually(async () => (await stage.queued('local')) === 0, { timeout: 30_000 });
    expect(begun()).to.equal(1);
  });

  /** Starts a job that needs no database to run, and returns once it has begun. */
  async function startLocalJob() {
    const gate = createGate();
    const finished: FinishedJob[] = [];
    let begun = 0;
    const jobs = createJobs({
      databaseUrl: postgres.url,
      log: pino({ level: 'silent' }),
      beat: BEAT,
      onFinished: (job) => finished.push(job),
      tasks: [
        {
          name: 'local',
          run: () => {
            begun += 1;
            return gate.passed;
          },
        },
      ],
    });
    staged.push({ close: () => jobs.stop(0) });
    await jobs.start();
    await query(`select graphile_worker.add_job('local')`);
    await eventually(() => begun === 1);
    return { gate, finished, begun: () => begun };
  }

  it('leave other processes the time to come back, too', async () => {
    const one = await startJobs('A', undefined, { everyMs: 200, expiresMs: 800 });
    await query(`insert into job_workers (worker_id, process) values ('pool-late', 'late:1')`);
    const { port } = postgres;
    await postgres.stop('immediate');
    await start(port);
    const buried = await eventually(() => lineWith(one, 'processes without a heartbeat'));
    expect(buried).to.deep.include({ processes: ['late:1'], jobs: [] });
    const back = Number(lineWith(one, 'jobs are taken again')['time']);
    expect(Number(buried['time']) - back).to.be.greaterThan(350);
  });

  function lineWith(one: StagedJobs, words: string): Record<string, unknown> {
    const line = one.lines.find(({ msg }) => String(msg).startsWith(words));
    if (line === undefined) throw new Error(`no line: ${words}`);
    return line;
  }

  it('survive cut connections, and free what was taken without their knowing', async () => {
    const one = await startJobs('A');
    const [before] = (await query('select worker_id from job_workers')) as { worker_id: string }[];
    await add('unknown');
    await happened(1, 'unknown');
    // A job that was taken by a statement whose answer never came.
    await query(
      `insert into graphile_worker._private_jobs (task_id, payload, locked_at, locked_by, attempts)
       select task_id, '{"gate": "lost"}', now(), locked_by, 1 from graphile_worker._private_jobs`,
    );
    await stage.open('unknown');
    await stage.open('lost');
    await query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name like 'apportion job%'`,
    );
    await eventually(async () => (await stage.queued()) === 0, { timeout: 30_000 });
    expect(await stage.happenings('lost')).to.deep.equal(['A begins lost', 'A ends lost']);
    const [after] = (await query('select worker_id from job_workers')) as { worker_id: string }[];
    expect(after?.worker_id).not.to.equal(before?.worker_id);
    expect(one.lines.map(({ msg }) => msg)).to.include('jobs are taken again');
  });

  it('stop in time while the database is away', async () => {
    const one = await startJobs('A', 1);
    await happened(1);
    const { port } = postgres;
    await postgres.stop('fast');
    const began = performance.now();
    await one.jobs.stop(1_000);
    expect(performance.now() - began).to.be.lessThan(5_000);
    await start(port);
    await startJobs('B', 1);
    await stage.open('tick');
    await eventually(async () => (await stage.happenings()).includes('B ends tick'), {
      timeout: 30_000,
    });
  });
});
