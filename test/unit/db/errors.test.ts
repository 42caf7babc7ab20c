// Goal: what Postgres and the network say is taken for what it is: repeatable, away, or a bug.
// Method: errors as `pg` and Node shape them go through the three questions and the translation.
import { expect } from 'chai';
import { breaksUnique, isAway, isRetryable, translated } from '../../../src/db/errors.js';
import { databaseUnavailable, Failure, invalid } from '../../../src/kernel/failure.js';

function coded(code: string, more: object = {}): Error {
  return Object.assign(new Error(`error ${code}`), { code, ...more });
}

const AWAY = [
  ...['57P01', '57P02', '57P03', '53300', '08000', '08003', '08006'].map((code) => coded(code)),
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT'].map((code) => coded(code)),
  new Error('Connection terminated unexpectedly'),
  new Error('Connection terminated due to connection timeout'),
  new Error('timeout expired'),
  new Error('timeout exceeded when trying to connect'),
  new Error('Client has encountered a connection error and is not queryable'),
  new AggregateError([coded('EINVAL'), coded('ECONNREFUSED')], 'all addresses failed'),
  databaseUnavailable(),
];

const BUGS = [
  coded('42P01'),
  coded('23514'),
  coded('22003'),
  new Error('Holding 7 vanished'),
  new TypeError('undefined is not a function'),
  invalid('text'),
  'a text',
  null,
  undefined,
  { code: 7 },
];

describe('errors of the database', () => {
  it('are repeatable when the transaction lost against others', () => {
    for (const code of ['40001', '40P01']) expect(isRetryable(coded(code)), code).to.equal(true);
  });

  it('are not repeatable otherwise', () => {
    for (const error of [...AWAY, ...BUGS]) expect(isRetryable(error)).to.equal(false);
  });

  it('say that the database is away', () => {
    for (const error of AWAY) expect(isAway(error), String(error)).to.equal(true);
  });

  it('do not say so when a statement is wrong, whatever its message', () => {
    for (const error of [...BUGS, coded('40001')]) expect(isAway(error)).to.equal(false);
    const quoted = coded('23514', { message: 'timeout expired' });
    expect(isAway(quoted)).to.equal(false);
  });

  it('name the unique constraint that was broken', () => {
    const error = coded('23505', { constraint: 'users_uuid_key' });
    expect(breaksUnique(error, 'users_uuid_key')).to.equal(true);
    expect(breaksUnique(error, 'users_email_key')).to.equal(false);
    expect(
      breaksUnique(coded('23514', { constraint: 'users_uuid_key' }), 'users_uuid_key'),
    ).to.equal(false);
  });
});

describe('translating errors of the database', () => {
  it('makes DATABASE_UNAVAILABLE of a database that is away, and keeps the cause', () => {
    const error = coded('57P01');
    expect(translated(error)).to.be.instanceOf(Failure).and.deep.include({
      kind: 'unavailable',
      reason: 'DATABASE_UNAVAILABLE',
      cause: error,
    });
  });

  it('makes CONFLICTING_WRITES of what was lost again and again', () => {
    const error = coded('40001');
    expect(translated(error)).to.be.instanceOf(Failure).and.deep.include({
      kind: 'conflicting-writes',
      reason: 'CONFLICTING_WRITES',
      cause: error,
    });
  });

  it('leaves failures and bugs what they are', () => {
    for (const error of BUGS) expect(translated(error)).to.equal(error);
  });
});
