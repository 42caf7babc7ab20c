/**
 * Goal: a job exists exactly if its cause was committed, runs once, is tried again when it fails,
 * and is visible to operators until it is done.
 * Method: one process's jobs on a real database; tasks write down what they do and wait for gates.
 */
import { expect } from 'chai';
import { Database } from '../../src/db/database.js';
import { enqueue, installJobSchema, listJobs, retryJob } from '../../src/jobs/index.js';
import { Failure } from '../../src/kernel/failure.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createStagedJobs, Stage, type StagedJobs } from '../support/job-stage.js';

describe('background jobs', function () {
  this.timeout(30_000);

  let database: TestDatabase;
  let transactions: Database;
  let stage: Stage;
  let staged: StagedJobs;

  before(async () => {
    database = await createTestDatabase();
    transactions = new Database({ url: database.url, poolSize: 4 });
    stage = new Stage(database);
    await stage.prepare();
    staged = createStagedJobs({ name: 'A', url: database.url });
    await staged.jobs.start();
  });
  after(async () => {
    await staged.close();
    await transactions.close();
    await database.drop();
  });

  const add = (task: string, gate: string, options = {}) =>
    transactions.transact((tx) => staged.jobs.enqueue(tx, task, { gate }, options));
  const list = (selection = {}) =>
    transactions.read((tx) => listJobs(tx, { limit: 100, ...selection }));
  const entry = async (id: bigint) => (await list()).find((job) => job.id === id);
  const lineOf = (id: bigint) => staged.lines.find((line) => line['job'] === String(id));

  it('runs a committed job once and forgets it', async () => {
    await stage.open('once');
    const id = await add('hold', 'once');
    await eventually(() => lineOf(id) !== undefined);
    await eventually(async () => (await entry(id)) === undefined);
    expect(await stage.happenings('once')).to.deep.equal(['A begins once', 'A ends once']);
    expect(lineOf(id)).to.include({ msg: 'job done', task: 'hold', attempt: 1, level: 20 });
    expect(staged.finished.at(-1)).to.include({ task: 'hold', outcome: 'succeeded' });
  });

  it('never runs a job whose transaction was rolled back', async () => {
    const cause = new Error('rolled back');
    const refused = await transactions
      .transact(async (tx) => {
        await staged.jobs.enqueue(tx, 'hold', { gate: 'never' });
        throw cause;
      })
      .catch((error: unknown) => error);
    expect(refused).to.equal(cause);
    // A later one that is done shows that the first one would have been.
    await stage.open('later');
    await add('hold', 'later');
    await eventually(async () => (await stage.happenings('later')).length === 2);
    expect(await stage.happenings('never')).to.deep.equal([]);
    expect((await list()).map(({ task }) => task)).not.to.include('hold');
  });

  it('tries a failed job again, later', async () => {
    const id = await add('fail', 'second');
    const waiting = await eventually(async () => {
      const job = await entry(id);
      return typeof job?.lastError === 'string' && job;
    });
    expect(waiting).to.include({
      state: 'waiting',
      attempts: 1,
      maxAttempts: 25,
      lastError: 'the gate is closed',
    });
    expect(waiting.runAt.getTime() - waiting.createdAt.getTime()).to.be.within(2_500, 20_000);
    expect(lineOf(id)).to.include({
      msg: 'job failed: it is tried again',
      level: 40,
      attempt: 1,
      maxAttempts: 25,
    });
    expect(lineOf(id)).to.have.nested.property('err.message', 'the gate is closed');
    await stage.open('second');
    await eventually(async () => (await entry(id)) === undefined);
    const begun = await stage.happenings('second .*');
    expect(begun).to.deep.equal(['A begins second 1/25', 'A begins second 2/25']);
  });

  it('gives up after the last attempt, and lets an operator try again', async () => {
    const id = await add('fail', 'third', { maxAttempts: 1 });
    await eventually(async () => (await list({ state: 'failed' })).some((job) => job.id === id));
    expect(lineOf(id)).to.include({ msg: 'job failed for good', level: 50 });
    expect(staged.finished.at(-1)).to.include({ task: 'fail', outcome: 'failed' });
    await stage.open('third');
    await transactions.transact((tx) => retryJob(tx, id));
    await eventually(async () => (await entry(id)) === undefined);
  });

  it('shows a running job with its process, and does not let it be retried', async () => {
    const id = await add('hold', 'shown', { key: 'a key', queue: 'a queue' });
    const job = await eventually(async () => (await list({ state: 'running' }))[0] ?? false);
    expect(job).to.include({ id, task: 'hold', state: 'running', key: 'a key', queue: 'a queue' });
    expect(job.process).to.match(new RegExp(`:${process.pid}$`));
    expect(job.startedAt).to.be.a('date');
    expect(await failureOf((tx) => retryJob(tx, id))).to.include({ reason: 'WRONG_STATE' });
    await stage.open('shown');
    await eventually(async () => (await entry(id)) === undefined);
    expect(await failureOf((tx) => retryJob(tx, id))).to.include({ reason: 'NOT_FOUND' });
  });

  it('lists by id, in pages', async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    const ids = [];
    for (const gate of ['x', 'y', 'z']) ids.push(await add('hold', gate, { runAt }));
    expect((await list({ limit: 2 })).map(({ id }) => id)).to.deep.equal(ids.slice(0, 2));
    expect((await list({ limit: 2, after: ids[1] })).map(({ id }) => id)).to.deep.equal([ids[2]]);
    expect(await list({ state: 'running' })).to.deep.equal([]);
    expect((await list())[0]?.runAt).to.deep.equal(runAt);
  });

  it('keeps one waiting job per key: the latest', async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    const first = await add('hold', 'old', { key: 'same', runAt });
    await stage.open('new');
    expect(await add('hold', 'new', { key: 'same' })).to.equal(first);
    await eventually(async () => (await stage.happenings('new')).length === 2);
    expect(await stage.happenings('old')).to.deep.equal([]);
  });

  it('runs jobs of one queue one after the other', async () => {
    const ids = await Promise.all([
      add('hold', 'serial', { queue: 'q' }),
      add('hold', 'serial', { queue: 'q' }),
    ]);
    await eventually(async () => (await stage.happenings('serial')).length === 1);
    await stage.open('serial');
    await eventually(async () => !(await list()).some(({ id }) => ids.includes(id)));
    const order = ['A begins serial', 'A ends serial', 'A begins serial', 'A ends serial'];
    expect(await stage.happenings('serial')).to.deep.equal(order);
  });

  it('refuses what is no job', async () => {
    const refusals = [
      await failureOf((tx) => staged.jobs.enqueue(tx, 'nothing', {})),
      await failureOf((tx) => enqueue(tx, 'hold', [])),
    ];
    expect(refusals.map(String)).to.deep.equal([
      'Error: There is no task nothing',
      'TypeError: The payload of a job is an object',
    ]);
  });

  async function failureOf(work: Parameters<Database['transact']>[0]): Promise<unknown> {
    return transactions.transact(work).then(
      () => undefined,
      (error: unknown) => error as Failure,
    );
  }
});

describe('stopping background jobs', function () {
  this.timeout(30_000);

  let database: TestDatabase;
  let stage: Stage;
  let staged: StagedJobs;

  beforeEach(async () => {
    database = await createTestDatabase();
    stage = new Stage(database);
    await stage.prepare();
    staged = createStagedJobs({ name: 'A', url: database.url });
    await staged.jobs.start();
  });
  afterEach(async () => {
    await staged.close();
    await database.drop();
  });

  async function begin(task: string): Promise<void> {
    await database.query(`select graphile_worker.add_job($1, '{"gate": "running"}')`, [task]);
    await eventually(async () => (await stage.happenings('running')).length === 1);
  }

  it('waits for the running job, and takes no other', async () => {
    await begin('hold');
    const stopped = staged.jobs.stop(20_000);
    // Due a moment later: what a worker asked for just before it was told to stop it may still get.
    await database.query(
      `select graphile_worker.add_job('hold', '{"gate": "late"}', run_at => now() + interval '1 second')`,
    );
    await eventually(async () => {
      const [late] = await database.query<{ is_due: boolean }>(
        `select bool_or(run_at <= now()) as is_due from graphile_worker.jobs where locked_at is null`,
      );
      return late?.is_due === true;
    });
    await stage.open('running');
    await stage.open('late');
    await stopped;
    expect(await stage.happenings()).to.deep.equal(['A begins running', 'A ends running']);
    expect(await stage.queued()).to.equal(1);
    expect(await database.query('select * from job_workers')).to.deep.equal([]);
  });

  it('tells a job that takes too long to end, and the job is tried again', async () => {
    await begin('hold');
    await staged.jobs.stop(1_000);
    expect(await stage.happenings()).to.deep.equal(['A begins running', 'A aborted running']);
    expect(staged.finished).to.have.length(1);
    expect(staged.finished[0]).to.include({ outcome: 'interrupted' });
    const [job] = await database.query('select attempts, locked_by from graphile_worker.jobs');
    expect(job).to.deep.equal({ attempts: 1, locked_by: null });
  });

  it('puts back a job that does not listen', async () => {
    await begin('deaf');
    await staged.jobs.stop(600);
    const [job] = await database.query('select attempts, locked_by from graphile_worker.jobs');
    expect(job).to.deep.equal({ attempts: 1, locked_by: null });
    expect(staged.lines.map((line) => line['msg'])).to.include(
      'jobs did not end in time: they run again',
    );
    const other = createStagedJobs({ name: 'B', url: database.url });
    await other.jobs.start();
    await stage.open('running');
    await eventually(async () => (await stage.queued('deaf')) === 0);
    await other.close();
    expect(await stage.happenings()).to.include('B ends running');
  });
});

describe('stopping background jobs that are just starting', () => {
  it('leaves nothing behind', async () => {
    const database = await createTestDatabase();
    const staged = createStagedJobs({ name: 'A', url: database.url });
    const started = staged.jobs.start().catch(() => undefined);
    await staged.jobs.stop();
    await started;
    await eventually(async () => {
      const others = await database.query(
        `select from pg_stat_activity where datname = current_database()
           and application_name like 'apportion job%'`,
      );
      return others.length === 0;
    });
    await staged.close();
    await database.drop();
  });
});

describe('the schema of the job queue', function () {
  this.timeout(30_000);

  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterEach(() => database.drop());

  it('is installed once by many at the same time', async () => {
    await Promise.all(Array.from({ length: 5 }, () => installJobSchema(database.url)));
    await installJobSchema(database.url);
    const added = await database.query(`select id from graphile_worker.add_job('hold')`);
    expect(added).to.have.length(1);
  });

  it('is asked of the operator when the role may not install it', async () => {
    const url = await roleWithoutRights();
    const error = await installJobSchema(url).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(OperatorError);
    expect((error as OperatorError).message).to.match(/apportion migrate up/);
  });

  it('serves a role that may change rows but no tables', async () => {
    await database.query(
      'create table job_workers (worker_id text primary key, process text, beat_at timestamptz default now())',
    );
    await installJobSchema(database.url);
    await new Stage(database).prepare();
    const url = await roleWithoutRights();
    const { username } = new URL(url);
    await database.query(`
      alter role ${username} bypassrls;
      grant usage on schema graphile_worker to ${username};
      grant select, insert, update, delete on all tables in schema graphile_worker to ${username};
      grant select, insert, update, delete on all tables in schema public to ${username};
    `);
    const staged = createStagedJobs({ name: 'A', url });
    try {
      await staged.jobs.start();
      await new Stage(database).open('granted');
      await database.query(`select graphile_worker.add_job('hold', '{"gate": "granted"}')`);
      await eventually(async () => (await new Stage(database).queued()) === 0);
    } finally {
      await staged.close();
      await database.query(`drop owned by ${username}; drop role ${username}`);
    }
  });

  async function roleWithoutRights(): Promise<string> {
    const url = new URL(database.url);
    const name = `clerk_${url.pathname.slice(-8)}`;
    await database.query(`drop role if exists ${name}`);
    await database.query(`create role ${name} login password 'clerk'`);
    url.username = name;
    url.password = 'clerk';
    return url.href;
  }
});
