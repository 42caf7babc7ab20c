// Goal: every failure leaves as a gRPC status that programs can take apart again.
// Method: failures of every kind and reason are turned into statuses, and their details decoded.
import { status as Code } from '@grpc/grpc-js';
import { expect } from 'chai';
import { ErrorInfo, QuotaFailure, RetryInfo } from '../../../src/gen/google/rpc/error_details.js';
import { Status } from '../../../src/gen/google/rpc/status.js';
import { Failure, type FailureKind, type FailureReason } from '../../../src/kernel/failure.js';
import { codeOf, ERROR_DOMAIN, RETRY_AFTER_SECONDS, statusOf } from '../../../src/rpc/status.js';
import { unionWords } from '../../support/union-words.js';

const SOURCE = new URL('../../../src/kernel/failure.ts', import.meta.url);
const KINDS = unionWords(SOURCE, 'FailureKind') as readonly FailureKind[];

const LIMIT_FACTS = {
  holder: 'user:u',
  source: 'project:p',
  resource: 'nimbus.vm',
  quantity: 4n,
  usage: 17n,
  limit: 9223372036854775807n,
};

function sent(failure: Failure) {
  const { code, details: message, metadata } = statusOf(failure);
  const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) throw new Error('The status has no details');
  const status = Status.decode(bytes);
  expect(status).to.include({ code, message });
  const details = new Map(status.details.map(({ typeUrl, value }) => [typeUrl, value]));
  const take = <T>(type: string, decode: (value: Buffer) => T): T | undefined => {
    const value = details.get(`type.googleapis.com/google.rpc.${type}`);
    return value && decode(value);
  };
  return {
    code,
    message,
    types: [...details.keys()],
    info: take('ErrorInfo', (value) => ErrorInfo.decode(value)),
    quota: take('QuotaFailure', (value) => QuotaFailure.decode(value)),
    retry: take('RetryInfo', (value) => RetryInfo.decode(value)),
  };
}

describe('the gRPC status of a failure', () => {
  it('has a code for every kind, none of them OK or UNKNOWN', () => {
    expect(KINDS).to.include('invalid').and.include('internal');
    const codes = Object.fromEntries(
      KINDS.map((kind) => [kind, Code[codeOf(new Failure(kind, 'INTERNAL', ''))]]),
    );
    expect(codes).to.deep.equal({
      invalid: 'INVALID_ARGUMENT',
      unauthenticated: 'UNAUTHENTICATED',
      forbidden: 'PERMISSION_DENIED',
      'not-found': 'NOT_FOUND',
      'method-not-allowed': 'UNIMPLEMENTED',
      'already-exists': 'ALREADY_EXISTS',
      'wrong-state': 'FAILED_PRECONDITION',
      'over-limit': 'RESOURCE_EXHAUSTED',
      'too-large': 'RESOURCE_EXHAUSTED',
      overloaded: 'RESOURCE_EXHAUSTED',
      'conflicting-writes': 'ABORTED',
      'deadline-exceeded': 'DEADLINE_EXCEEDED',
      unavailable: 'UNAVAILABLE',
      internal: 'INTERNAL',
    });
  });

  it('carries reason, domain and facts of every kind', () => {
    for (const kind of KINDS) {
      const { info, message } = sent(new Failure(kind, 'WRONG_STATE', 'text', { id: 'x', n: 7n }));
      expect(info, kind).to.deep.equal({
        reason: 'WRONG_STATE',
        domain: ERROR_DOMAIN,
        metadata: { id: 'x', n: '7' },
      });
      expect(message).to.equal(kind === 'internal' ? 'Unexpected error' : 'text');
    }
  });

  it('carries every reason as it is called', () => {
    for (const reason of unionWords(SOURCE, 'FailureReason'))
      expect(sent(new Failure('invalid', reason as FailureReason, '')).info?.reason).to.equal(
        reason,
      );
  });

  it('says of limits what was charged and how much there is, with all digits', () => {
    const { info, quota, types } = sent(
      new Failure('over-limit', 'NO_CAPACITY', 'full', LIMIT_FACTS),
    );
    expect(info?.metadata).to.deep.equal({
      holder: 'user:u',
      source: 'project:p',
      resource: 'nimbus.vm',
      quantity: '4',
      usage: '17',
      limit: '9223372036854775807',
    });
    expect(quota?.violations).to.have.length(1);
    expect(quota?.violations[0]).to.deep.include({
      subject: 'user:u',
      description: 'full',
      quotaMetric: 'nimbus.vm',
      quotaDimensions: { source: 'project:p' },
      quotaValue: 9223372036854775807n,
    });
    expect(types).to.have.length(2);
  });

  it("says nothing of a source for a project's own holding", () => {
    const facts = {
      holder: 'project:p',
      resource: 'nimbus.vm',
      quantity: 4n,
      usage: 1n,
      limit: 0n,
    };
    const { info, quota } = sent(new Failure('over-limit', 'NO_CAPACITY', 'full', facts));
    expect(info?.metadata).to.not.have.property('source');
    expect(quota?.violations[0]).to.deep.include({ quotaDimensions: {}, quotaValue: 0n });
  });

  it('asks callers of an overloaded server to wait, and nobody else', () => {
    const { retry } = sent(new Failure('overloaded', 'OVERLOADED', 'full'));
    expect(retry?.retryDelay).to.deep.equal({ seconds: BigInt(RETRY_AFTER_SECONDS), nanos: 0 });
    for (const kind of KINDS.filter((one) => one !== 'overloaded'))
      expect(sent(new Failure(kind, 'INTERNAL', '')).retry, kind).to.equal(undefined);
  });

  it('shows nothing of a bug', () => {
    const bug = new Failure('internal', 'INTERNAL', 'relation "users" is missing', {}, {});
    const { message, info } = sent(bug);
    expect(message).to.equal('Unexpected error');
    expect(info?.metadata).to.deep.equal({});
  });

  it('shortens texts that no client would take, and only then', () => {
    const sizeOf = (failure: Failure) => {
      const { details, metadata } = statusOf(failure);
      const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
      return encodeURI(details ?? '').length + Buffer.from(bytes ?? '').toString('base64').length;
    };
    for (const letter of ['x', 'ν', '😀']) {
      const long = letter.repeat(4096 / letter.length);
      const facts = {
        holder: long,
        source: long,
        resource: long,
        quantity: 4n,
        usage: 1n,
        limit: 2n,
      };
      const failure = new Failure('over-limit', 'NO_CAPACITY', long, facts);
      expect(sizeOf(failure), letter).to.be.lessThan(6 * 1024);
      const { message, info, quota } = sent(failure);
      expect(info?.reason).to.equal('NO_CAPACITY');
      expect(info?.metadata).to.include({ quantity: '4', usage: '1', limit: '2' });
      for (const text of [message, info?.metadata['holder'], quota?.violations[0]?.subject]) {
        expect(text).to.match(/…$/);
        expect(long.startsWith(text?.slice(0, -1) ?? '-')).to.equal(true);
      }
    }
    const ordinary = 'ν'.repeat(255);
    const { info } = sent(new Failure('not-found', 'NO_HOLDING', 'text', { resource: ordinary }));
    expect(info?.metadata).to.deep.equal({ resource: ordinary });
  });

  it('carries texts in any language', () => {
    const { message, info } = sent(
      new Failure('invalid', 'INVALID_REQUEST', 'ναμε 😀', { id: 'ν' }),
    );
    expect(message).to.equal('ναμε 😀');
    expect(info?.metadata).to.deep.equal({ id: 'ν' });
  });
});
