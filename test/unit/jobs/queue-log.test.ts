/**
 * Goal: what graphile-worker says reaches our log without payloads and without false alarms.
 * Method: its logger is spoken to as the library does; the lines are read as JSON.
 */
import { expect } from 'chai';
import { pino } from 'pino';
import { createQueueLog } from '../../../src/jobs/queue-log.js';

describe('the log of the job queue', () => {
  let lines: Record<string, unknown>[];
  let log: ReturnType<typeof createQueueLog>;

  beforeEach(() => {
    lines = [];
    const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
    log = createQueueLog(pino({ level: 'debug' }, { write }));
  });

  it('makes errors warnings, with their causes', () => {
    log.error('Error with notify listener', { error: new Error('gone') });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({
      level: 40,
      msg: 'job queue',
      detail: 'Error with notify listener',
    });
    expect(lines[0]).to.have.nested.property('err.message', 'gone');
  });

  it('keeps the rest for debugging', () => {
    log.scope({ label: 'worker' }).info('Worker connected');
    expect(lines[0]).to.include({ level: 20, detail: 'Worker connected' });
  });

  it('leaves single jobs to us, and their payloads out', () => {
    const job = { payload: { password: 'secret' } };
    log.error('Failed task 1', { failure: true, job, error: new Error('x') });
    log.info('Completed task 1', { success: true, job });
    log.error('Failed to complete jobs', { jobs: [job], fatalError: new Error('y') });
    expect(lines).to.have.length(1);
    expect(JSON.stringify(lines)).not.to.include('secret');
  });
});
