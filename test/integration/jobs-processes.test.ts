/**
 * Goal: a job outlives the process that runs it, a sweep runs in one process at a time whatever
 * happens to them, and a process that was taken for dead does not go on as if nothing were.
 * Method: real processes that are killed and paused; what they do is read from a table they share.
 * The first case has the rhythm of production, the others a faster one.
 */
import { expect } from 'chai';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  createStagedJobs,
  Stage,
  type StagedJobs,
  type StagedOptions,
} from '../support/job-stage.js';
import { JobsProcess } from '../support/jobs-process.js';

/** Fast, and slow enough for a machine that is busy with other tests. */
const QUICK = { everyMs: 300, expiresMs: 3_000 };

describe('background jobs of several processes', function () {
  this.timeout(90_000);

  let database: TestDatabase;
  let stage: Stage;
  let processes: JobsProcess[];
  let local: StagedJobs[];

  beforeEach(async () => {
    database = await createTestDatabase();
    stage = new Stage(database);
    await stage.prepare();
    processes = [];
    local = [];
  });
  afterEach(async () => {
    for (const started of processes) await started.kill();
    for (const staged of local) await staged.close();
    await database.drop();
  });

  async function spawnProcess(name: string, options: Partial<StagedOptions> = {}) {
    const started = await JobsProcess.start({ name, url: database.url, beat: QUICK, ...options });
    processes.push(started);
    return started;
  }
  async function startHere(name: string, options: Partial<StagedOptions> = {}) {
    const staged = createStagedJobs({ name, url: database.url, beat: QUICK, ...options });
    local.push(staged);
    await staged.jobs.start();
    return staged;
  }
  const add = (task: string, gate: string) =>
    database.query(`select graphile_worker.add_job($1, json_build_object('gate', $2::text))`, [
      task,
      gate,
    ]);
  const happened = (count: number, job?: string) =>
    eventually(
      async () => {
        const happenings = await stage.happenings(job);
        if (happenings.length < count) throw new Error(`only: ${happenings.join(', ')}`);
        return happenings;
      },
      { timeout: 20_000 },
    );

  it('runs the job of a killed process elsewhere within 15 s', async () => {
    const first = await spawnProcess('A', { beat: undefined });
    await add('hold', 'job');
    await happened(1);
    await startHere('B', { beat: undefined });
    const killedAt = performance.now();
    await first.kill();
    expect(await happened(2)).to.deep.equal(['A begins job', 'B begins job']);
    expect(performance.now() - killedAt).to.be.lessThan(15_000);
    await stage.open('job');
    await eventually(async () => (await stage.queued()) === 0);
    expect(await stage.happenings()).to.deep.equal(['A begins job', 'B begins job', 'B ends job']);
  });

  it('does not give the last attempt of a job to one process after the other', async () => {
    const first = await spawnProcess('A');
    await database.query(
      `select graphile_worker.add_job('hold', '{"gate": "job"}', max_attempts => 1)`,
    );
    await happened(1);
    await startHere('B');
    await first.kill();
    const job = await eventually(async () => {
      const [row] = await database.query(
        'select attempts, last_error from graphile_worker.jobs where locked_by is null',
      );
      return row ?? false;
    });
    expect(job).to.deep.equal({
      attempts: 1,
      last_error: 'The process died during the last attempt',
    });
  });

  it('frees a job that nobody with a heartbeat holds', async () => {
    await startHere('A');
    await add('hold', 'job');
    await happened(1);
    // As if its heartbeat had been lost, but not the job it had taken.
    await local[0]?.jobs.stop(0);
    await database.query(
      `update graphile_worker._private_jobs
       set locked_by = 'pool-lost', locked_at = now() - interval '1 minute'`,
    );
    await stage.open('job');
    await startHere('B');
    await eventually(async () => (await stage.queued()) === 0);
    expect((await stage.happenings()).at(-1)).to.equal('B ends job');
  });

  it('aborts the jobs of a process that was paused for too long', async () => {
    const first = await spawnProcess('A');
    await add('hold', 'job');
    await happened(1);
    const worker = await workerIds();
    first.signal('SIGSTOP');
    await startHere('B');
    await happened(2);
    first.signal('SIGCONT');
    expect(await happened(3)).to.deep.equal(['A begins job', 'B begins job', 'A aborted job']);
    // It works on, under another id.
    await eventually(async () => (await workerIds()).length === 2);
    expect(await workerIds()).not.to.include(worker[0]);
    await stage.open('job');
    await eventually(async () => (await stage.queued()) === 0);
    expect((await stage.happenings()).slice(3)).to.deep.equal(['B ends job']);
    await local[0]?.jobs.stop();
    await stage.open('next');
    await add('hold', 'next');
    expect(await happened(2, 'next')).to.deep.equal(['A begins next', 'A ends next']);
  });

  it('does not let a paused process end a job that runs elsewhere', async () => {
    const first = await spawnProcess('A');
    await add('deaf', 'job');
    await happened(1);
    first.signal('SIGSTOP');
    await startHere('B');
    await happened(2);
    // Both wait for the gate. The one in this process is held back by its database's lock.
    const blocker = await blockHappenings('B');
    await stage.open('job');
    first.signal('SIGCONT');
    await happened(3);
    expect((await stage.happenings()).at(-1)).to.equal('A ends job');
    await eventually(async () => (await workerIds()).length === 2);
    expect(await stage.queued('deaf')).to.equal(1);
    await blocker();
    await eventually(async () => (await stage.queued('deaf')) === 0);
    expect((await stage.happenings()).at(-1)).to.equal('B ends job');
  });

  async function workerIds(): Promise<readonly string[]> {
    const rows = await database.query<{ worker_id: string }>('select worker_id from job_workers');
    return rows.map((row) => row.worker_id);
  }

  /** Keeps a process from writing what it does; returns how to let it. */
  async function blockHappenings(process: string): Promise<() => Promise<void>> {
    await database.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'not now';
      end $$;
      create trigger refuse before insert on happenings for each row
        when (new.process = '${process}') execute function refuse();
    `);
    return async () => {
      await database.query('drop trigger refuse on happenings');
    };
  }

  describe('with a sweep', () => {
    it('runs it in one process at a time, again and again', async () => {
      await spawnProcess('A', { tick: 1 });
      await startHere('B', { tick: 1 });
      await startHere('C', { tick: 1 });
      await happened(1);
      // Whatever else were due would begin meanwhile.
      await stage.open('job');
      await add('hold', 'job');
      await happened(2, 'job');
      expect(await stage.happenings('tick')).to.have.length(1);
      await stage.open('tick');
      expectTurns(await happened(8, 'tick'));
      expect(await stage.queued('sweep:tick')).to.be.within(1, 2);
    });

    it('goes on when a run fails', async () => {
      await stage.open('tick');
      await stage.open('tick fails');
      const staged = await startHere('A', { tick: 0.2 });
      await happened(6);
      expectTurns(await stage.happenings());
      expect(staged.finished[0]).to.include({ task: 'sweep:tick', outcome: 'failed' });
      const line = staged.lines.find(({ task }) => task === 'sweep:tick');
      expect(line).to.include({ msg: 'sweep failed: the next one comes as usual', level: 40 });
    });

    it('goes on elsewhere when its process is killed', async () => {
      const first = await spawnProcess('A', { tick: 0.2 });
      await happened(1);
      await startHere('B', { tick: 0.2 });
      await first.kill();
      await stage.open('tick');
      const happenings = await happened(6);
      expect(happenings.slice(0, 3)).to.deep.equal([
        'A begins tick',
        'B begins tick',
        'B ends tick',
      ]);
      expectTurns(happenings.slice(1));
      await eventually(async () => (await stage.queued('sweep:tick')) === 1);
    });

    it('is not doubled by a process that was paused in the middle of a run', async () => {
      const first = await spawnProcess('A', { tick: 0.2 });
      await happened(1);
      first.signal('SIGSTOP');
      await startHere('B', { tick: 0.2 });
      await happened(2);
      first.signal('SIGCONT');
      await eventually(async () => (await stage.happenings()).includes('A aborted tick'));
      await stage.open('tick');
      const happenings = await happened(12);
      expectTurns(happenings.filter((line) => line !== 'A aborted tick').slice(1));
      await eventually(async () => (await stage.queued('sweep:tick')) === 1);
    });

    it('is left alone by a process that starts', async () => {
      await stage.open('tick');
      await startHere('A', { tick: 3_600 });
      await happened(2);
      await startHere('B', { tick: 3_600 });
      // It would be due before this one.
      await stage.open('job');
      await add('hold', 'job');
      await happened(2, 'job');
      expect(await stage.happenings('tick')).to.deep.equal(['A begins tick', 'A ends tick']);
    });

    it('does not overlap with what a process scheduled that should be dead', async () => {
      await startHere('A', { tick: 3_600 });
      await happened(1);
      await database.query(
        `select graphile_worker.add_job('sweep:tick', queue_name => 'sweep:tick',
                                        job_key => 'sweep:tick')`,
      );
      await stage.open('job');
      await add('hold', 'job');
      await happened(2, 'job');
      expect(await stage.happenings('tick')).to.deep.equal(['A begins tick']);
      await stage.open('tick');
      await eventually(async () => (await stage.queued('sweep:tick')) === 1);
      expectTurns(await stage.happenings('tick'));
    });

    it('takes over a shorter period, and what a killed process left behind', async () => {
      await stage.open('tick');
      const slow = await startHere('A', { tick: 3_600 });
      await happened(2);
      await slow.jobs.stop();
      // A run that had scheduled its next one, but was not written down as done.
      await database.query(`select graphile_worker.add_job('sweep:tick', max_attempts => 1)`);
      await database.query(
        `select graphile_worker.permanently_fail_jobs(array_agg(id))
         from graphile_worker.jobs where key is null`,
      );
      await startHere('B', { tick: 0.2 });
      await happened(6);
      await eventually(async () => (await stage.queued('sweep:tick')) === 1);
    });
  });

  /** A run begins only when the one before has ended. */
  function expectTurns(happenings: readonly string[]): void {
    happenings.forEach((line, index) => {
      expect(line).to.match(index % 2 === 0 ? / begins tick$/ : / ends tick$/, String(index));
    });
  }
});
