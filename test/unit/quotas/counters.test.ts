// Goal: what callers see of holdings follows sections 1.1 and 1.2 of the quota specification.
// Method: the documented example and the borders, then random holdings against the ledger's judge.
import { expect } from 'chai';
import fc from 'fast-check';
import { type Quantity, quantity, UNLIMITED } from '../../../src/kernel/quantity.js';
import {
  type Counters,
  countersOf,
  effectiveLimit,
  type UserQuota,
} from '../../../src/quotas/domain/counters.js';
import { judge } from '../../../src/quotas/domain/holding.js';

function counters(limit: bigint, usage: bigint): Counters {
  return { limit: quantity(limit), usage: quantity(usage), pending: quantity(0n) };
}

function quota(user: Counters, project: Counters): UserQuota {
  return {
    user: 'u',
    project: 'p',
    resource: 'nimbus.vm',
    userCounters: user,
    projectCounters: project,
  };
}

describe('the counters of a holding', () => {
  it('show the pessimistic usage and the width of the interval as pending', () => {
    const holding = { limit: quantity(10n), usageMin: quantity(2n), usageMax: quantity(7n) };
    expect(countersOf(holding)).to.deep.equal({ limit: 10n, usage: 7n, pending: 5n });
  });

  it('count pending imports and releases alike, in the example of section 1.1', () => {
    const accepted = { limit: quantity(10n), usageMin: quantity(4n), usageMax: quantity(4n) };
    const importing = { ...accepted, usageMax: quantity(7n) };
    const both = { ...importing, usageMin: quantity(2n) };
    expect(countersOf(importing)).to.include({ usage: 7n, pending: 3n });
    expect(countersOf(both)).to.include({ usage: 7n, pending: 5n });
  });

  it('hold the whole range of 64 bits', () => {
    const widest = { limit: UNLIMITED, usageMin: quantity(0n), usageMax: UNLIMITED };
    expect(countersOf(widest)).to.deep.equal({
      limit: UNLIMITED,
      usage: UNLIMITED,
      pending: UNLIMITED,
    });
  });
});

describe('the effective limit', () => {
  it('is the member limit while the project has room', () => {
    expect(effectiveLimit(quota(counters(4n, 1n), counters(20n, 3n)))).to.equal(4n);
  });

  it('is what others leave of the project when that is less', () => {
    expect(effectiveLimit(quota(counters(6n, 2n), counters(20n, 17n)))).to.equal(5n);
  });

  it('is negative, unclamped, when others take more than the project has', () => {
    expect(effectiveLimit(quota(counters(6n, 0n), counters(10n, 17n)))).to.equal(-7n);
    expect(effectiveLimit(quota(counters(0n, 0n), counters(0n, UNLIMITED)))).to.equal(-UNLIMITED);
  });

  it('is the member limit when the user was charged and the project was not', () => {
    expect(effectiveLimit(quota(counters(6n, 5n), counters(UNLIMITED, 0n)))).to.equal(6n);
    expect(effectiveLimit(quota(counters(UNLIMITED, UNLIMITED), counters(UNLIMITED, 0n)))).to.equal(
      UNLIMITED,
    );
  });

  it('tells exactly which imports the ledger grants on both holdings', () => {
    const small = fc.bigInt({ min: 0n, max: 12n });
    fc.assert(
      fc.property(small, small, small, small, fc.bigInt({ min: 1n, max: 12n }), (...drawn) => {
        const [limit, usage, projectLimit, others, by] = drawn;
        const user = counters(limit, usage);
        const project = counters(projectLimit, usage + others);
        const isGranted = [user, project].every(
          (one) =>
            judge(
              { limit: one.limit, usageMin: quantity(0n), usageMax: one.usage },
              by as Quantity,
              false,
            ) === undefined,
        );
        expect(usage + by <= effectiveLimit(quota(user, project))).to.equal(isGranted);
      }),
      { numRuns: 2_000 },
    );
  });
});
