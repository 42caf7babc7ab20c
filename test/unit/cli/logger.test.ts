// Goal: secrets stay out of the log, at whatever depth of a line. Method: a logger in a process of
// its own, whose output is searched.
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';

const PROGRAM = `
  import { createLogger } from './src/cli/logger.ts';
  const log = createLogger({ logLevel: 'info', logFormat: process.argv[1] }, process.argv[2]);
  const headers = { 'x-auth-token': 's3cr3t', authorization: 'Token s3cr3t', accept: 'json' };
  log.info({ ...headers, token: 's3cr3t', call: { token: 's3cr3t', headers } }, 'a call');
  log.debug('not worth it');
`;

function run(format: 'json' | 'pretty', target: 'stdout' | 'stderr') {
  const args = ['--import', 'tsx', '--input-type=module', '-e', PROGRAM, format, target];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('createLogger', function () {
  this.timeout(30_000);

  it('blacks secrets out as JSON', () => {
    const { stdout, stderr } = run('json', 'stdout');
    expect(stdout, stderr).not.to.contain('s3cr3t');
    const headers = { 'x-auth-token': '[redacted]', authorization: '[redacted]', accept: 'json' };
    expect(JSON.parse(stdout)).to.deep.include({
      msg: 'a call',
      token: '[redacted]',
      call: { token: '[redacted]', headers },
    });
  });

  it('blacks secrets out for people, on the other stream', () => {
    const { stdout, stderr } = run('pretty', 'stderr');
    expect(stdout).to.equal('');
    expect(stderr).to.match(/INFO.*a call/);
    expect(stderr).not.to.contain('s3cr3t');
  });
});
