// Goal: the documented order of the causes of a 401 (projects specification, section 2.1).
// Method: users in every combination of faults; the first fault of the order must be the one told.
import { expect } from 'chai';
import {
  judgeComponentToken,
  judgeUserToken,
  type KnownToken,
} from '../../../src/identity/domain/known-token.js';
import { mayBeToken } from '../../../src/identity/domain/token.js';
import { Failure } from '../../../src/kernel/failure.js';

const NOW = new Date('2030-01-01T00:00:00Z');
const EARLIER = new Date('2029-12-31T23:59:59.999Z');
const LATER = new Date('2030-01-01T00:00:00.001Z');

interface Faults {
  active?: boolean;
  accepted?: boolean;
  termsSigned?: boolean;
  expiresAt?: Date | null;
}

function userToken(faults: Faults): KnownToken {
  const { active = true, accepted = true, termsSigned = true, expiresAt = LATER } = faults;
  return {
    kind: 'user',
    active,
    accepted,
    termsSigned,
    principal: {
      kind: 'user',
      id: 1n,
      uuid: 'u',
      username: 'alice',
      email: 'alice@example.org',
      projectAdmin: false,
      staff: false,
      scope: { project: null, roles: [] },
      tokenExpiresAt: expiresAt,
    },
  };
}

function componentToken(tokenExpiresAt: Date | null): KnownToken {
  return { kind: 'component', principal: { kind: 'component', id: 1n, name: 'c', tokenExpiresAt } };
}

function causeOf(judge: () => unknown): string | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.kind).to.equal('unauthenticated');
    return error.message;
  }
}

describe('judgeUserToken', () => {
  it('tells the first of several causes, in every combination of them', () => {
    for (let bits = 0; bits < 16; bits += 1) {
      const [active, accepted, termsSigned, isExpired] = [1, 2, 4, 8].map((bit) => !(bits & bit));
      const token = userToken({
        active,
        accepted,
        termsSigned,
        expiresAt: isExpired ? EARLIER : LATER,
      });
      const expected =
        !active || !accepted
          ? 'User inactive'
          : isExpired
            ? 'Authentication expired'
            : !termsSigned
              ? 'Pending approval terms'
              : undefined;
      expect(causeOf(() => judgeUserToken(token, NOW))).to.equal(expected);
    }
  });

  it('does not know a token that is nowhere, or a component’s', () => {
    expect(causeOf(() => judgeUserToken(undefined, NOW))).to.equal('Invalid X-Auth-Token');
    expect(causeOf(() => judgeUserToken(componentToken(null), NOW))).to.equal(
      'Invalid X-Auth-Token',
    );
  });

  it('refuses a token from the moment of its expiry on', () => {
    expect(causeOf(() => judgeUserToken(userToken({ expiresAt: NOW }), NOW))).to.equal(
      'Authentication expired',
    );
    expect(causeOf(() => judgeUserToken(userToken({ expiresAt: LATER }), NOW))).to.equal(undefined);
    expect(causeOf(() => judgeUserToken(userToken({ expiresAt: null }), NOW))).to.equal(undefined);
  });
});

describe('judgeComponentToken', () => {
  it('7: refuses a component token past its expiry, and lets one without expiry work on', () => {
    expect(causeOf(() => judgeComponentToken(componentToken(EARLIER), NOW))).to.equal(
      'Authentication expired',
    );
    expect(causeOf(() => judgeComponentToken(componentToken(LATER), NOW))).to.equal(undefined);
    expect(causeOf(() => judgeComponentToken(componentToken(null), NOW))).to.equal(undefined);
  });

  it('does not know a user’s token', () => {
    expect(causeOf(() => judgeComponentToken(userToken({}), NOW))).to.equal('Invalid X-Auth-Token');
  });
});

describe('mayBeToken', () => {
  it('refuses what cannot have been stored', () => {
    for (const value of ['', 'a\0b', '\ud800', 'x'.repeat(256)])
      expect(mayBeToken(value), JSON.stringify(value.slice(0, 5))).to.equal(false);
    for (const value of ['a', 'x'.repeat(255), 'ΑΒ 😀']) expect(mayBeToken(value)).to.equal(true);
  });
});
