/**
 * Goal: mistakes in declaring background work are found at the start, not in the night.
 * Method: declarations without a database, which are never started.
 */
import { expect } from 'chai';
import { pino } from 'pino';
import { z } from 'zod';
import { createJobs, jobTask, type JobTask } from '../../../src/jobs/index.js';

const IDLE = () => Promise.resolve();
const JOB = { attempt: 1, maxAttempts: 25, signal: new AbortController().signal };

function declare(...tasks: JobTask[]) {
  return createJobs({
    databaseUrl: 'postgres://nowhere.invalid/',
    tasks,
    log: pino({ level: 'silent' }),
  });
}

describe('declaring background work', () => {
  it('refuses two tasks or two sweeps of one name', () => {
    const task = { name: 'same', run: IDLE };
    expect(() => declare(task, task)).to.throw('Two tasks have one name');
    const jobs = declare();
    jobs.everySeconds('same', 1, IDLE);
    expect(() => jobs.everySeconds('same', 2, IDLE)).to.throw('Two sweeps have one name');
  });

  it('refuses a period that is none', () => {
    for (const seconds of [0, -1, Number.NaN])
      expect(() => declare().everySeconds('s', seconds, IDLE)).to.throw(RangeError);
  });

  it('starts and stops without any work', async () => {
    const jobs = declare();
    await jobs.start();
    expect(() => jobs.everySeconds('late', 1, IDLE)).to.throw('before the start');
    await jobs.stop();
  });

  it('may be stopped without having been started', () => declare().stop());
});

describe('a task with a schema', () => {
  const seen: unknown[] = [];
  const task = jobTask('count', z.strictObject({ count: z.number() }), ({ count }, { attempt }) => {
    seen.push([count, attempt]);
    return Promise.resolve();
  });

  it('gets a payload of its schema', async () => {
    await task.run({ count: 3 }, JOB);
    expect(seen).to.deep.equal([[3, 1]]);
  });

  it('fails on any other', async () => {
    const refused = await task.run({ counts: 3 }, JOB).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(z.ZodError);
  });
});
