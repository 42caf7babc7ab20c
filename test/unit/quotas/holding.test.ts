// Goal: the rules of section 6 of the quota specification, down to the borders of 64 bits.
// Method: single judgements, the worked trace of section 6.4, and random changes on random holdings.
import { expect } from 'chai';
import fc from 'fast-check';
import { LOWEST, type Quantity, quantity, UNLIMITED } from '../../../src/kernel/quantity.js';
import { type Holding, judge, reserve, settle } from '../../../src/quotas/domain/holding.js';

function holding(limit: bigint, usageMin: bigint, usageMax: bigint): Holding {
  return {
    limit: quantity(limit),
    usageMin: quantity(usageMin),
    usageMax: quantity(usageMax),
  };
}

function judged(of: Holding, change: bigint, force = false) {
  return judge(of, quantity(change), force);
}

describe('judging an import', () => {
  it('lets usage reach the limit', () => {
    expect(judged(holding(10n, 0n, 7n), 3n)).to.equal(undefined);
  });

  it('refuses what passes the limit, with the pessimistic usage and the limit', () => {
    expect(judged(holding(10n, 2n, 7n), 4n)).to.deep.equal({
      why: 'no-capacity',
      usage: 7n,
      limit: 10n,
    });
  });

  it('counts quantity that is only pending', () => {
    expect(judged(holding(5n, 0n, 5n), 1n)).to.include({ why: 'no-capacity' });
  });

  it('finds no room in what is pending to be released', () => {
    expect(judged(holding(5n, 3n, 5n), 1n)).to.include({ why: 'no-capacity', usage: 5n });
  });

  it('refuses anything on a limit of 0, with usage 0 and limit 0', () => {
    expect(judged(holding(0n, 0n, 0n), 1n)).to.deep.equal({
      why: 'no-capacity',
      usage: 0n,
      limit: 0n,
    });
  });

  it('lets an import of 0 pass, even over the limit and at the end of 64 bits', () => {
    expect(judged(holding(0n, 7n, 7n), 0n)).to.equal(undefined);
    expect(judged(holding(UNLIMITED, 0n, UNLIMITED), 0n, true)).to.equal(undefined);
  });

  it('skips the limit when forced', () => {
    expect(judged(holding(10n, 7n, 7n), 100n, true)).to.equal(undefined);
  });

  it('refuses by the limit what would leave 64 bits below an infinite limit', () => {
    expect(judged(holding(UNLIMITED, 0n, UNLIMITED), 1n)).to.deep.equal({
      why: 'no-capacity',
      usage: UNLIMITED,
      limit: UNLIMITED,
    });
  });

  it('refuses as overflow what would leave 64 bits by force, and nothing less', () => {
    expect(judged(holding(0n, 0n, 1n), UNLIMITED, true)).to.deep.equal({ why: 'overflow' });
    expect(judged(holding(0n, 0n, 1n), UNLIMITED - 1n, true)).to.equal(undefined);
  });
});

describe('judging a release', () => {
  it('lets the settled usage reach 0', () => {
    expect(judged(holding(10n, 3n, 9n), -3n)).to.equal(undefined);
  });

  it('refuses what goes below 0, with the settled usage and the floor as limit', () => {
    expect(judged(holding(10n, 3n, 9n), -4n)).to.deep.equal({
      why: 'no-quantity',
      usage: 3n,
      limit: 0n,
    });
  });

  it('does not let go what is only pending', () => {
    expect(judged(holding(5n, 0n, 5n), -1n)).to.include({ why: 'no-quantity', usage: 0n });
  });

  it('keeps the floor when forced', () => {
    expect(judged(holding(10n, 3n, 3n), -4n, true)).to.include({ why: 'no-quantity' });
  });

  it('passes while the holding is over its limit', () => {
    expect(judged(holding(0n, 7n, 7n), -1n)).to.equal(undefined);
  });

  it('judges the most negative quantity', () => {
    expect(judged(holding(10n, 3n, 3n), LOWEST)).to.include({ why: 'no-quantity' });
  });
});

describe('reserving and settling', () => {
  it('keeps an import in the upper bound until it is accepted', () => {
    const reserved = reserve(holding(10n, 2n, 4n), quantity(3n));
    expect(reserved).to.deep.equal(holding(10n, 2n, 7n));
    expect(settle(reserved, quantity(3n), 'accept')).to.deep.equal(holding(10n, 5n, 7n));
    expect(settle(reserved, quantity(3n), 'reject')).to.deep.equal(holding(10n, 2n, 4n));
  });

  it('keeps a release in the lower bound until it is accepted', () => {
    const reserved = reserve(holding(10n, 4n, 6n), quantity(-3n));
    expect(reserved).to.deep.equal(holding(10n, 1n, 6n));
    expect(settle(reserved, quantity(-3n), 'accept')).to.deep.equal(holding(10n, 1n, 3n));
    expect(settle(reserved, quantity(-3n), 'reject')).to.deep.equal(holding(10n, 4n, 6n));
  });

  it('follows the worked trace of section 6.4 on both holdings', () => {
    let r1 = holding(10n, 0n, 0n);
    let r2 = holding(20n, 0n, 0n);
    r1 = reserve(r1, quantity(5n));
    r2 = reserve(r2, quantity(20n));
    expect(judged(r1, 1n)).to.equal(undefined);
    expect(judged(r2, 1n)).to.deep.equal({ why: 'no-capacity', usage: 20n, limit: 20n });
    expect(judged(r1, -1n)).to.deep.equal({ why: 'no-quantity', usage: 0n, limit: 0n });
    r1 = settle(r1, quantity(5n), 'accept');
    r2 = settle(r2, quantity(20n), 'accept');
    for (let round = 0; round < 3; round += 1) {
      r1 = reserve(r1, quantity(1n));
      r2 = reserve(r2, quantity(-1n));
    }
    expect([r1, r2]).to.deep.equal([holding(10n, 5n, 8n), holding(20n, 17n, 20n)]);
    r1 = settle(settle(r1, quantity(1n), 'accept'), quantity(1n), 'reject');
    r2 = settle(settle(r2, quantity(-1n), 'accept'), quantity(-1n), 'reject');
    expect([r1, r2]).to.deep.equal([holding(10n, 6n, 7n), holding(20n, 18n, 19n)]);
    expect(judged(r1, 6n)).to.include({ why: 'no-capacity' });
    expect(judged(r1, 6n, true)).to.equal(undefined);
    r1 = settle(reserve(r1, quantity(6n)), quantity(6n), 'accept');
    expect(r1).to.deep.equal(holding(10n, 12n, 13n));
    expect(judged(r1, -20n, true)).to.include({ why: 'no-quantity', usage: 12n });
    r1 = settle(reserve(r1, quantity(-1n)), quantity(-1n), 'accept');
    expect(r1).to.deep.equal(holding(10n, 11n, 12n));
  });

  it('keeps the invariant for every change that was judged, and rejecting restores the holding', () => {
    const amount = fc.oneof(
      fc.bigInt({ min: 0n, max: 20n }),
      fc.bigInt({ min: UNLIMITED - 20n, max: UNLIMITED }),
    );
    const change = fc.oneof(
      fc.bigInt({ min: -25n, max: 25n }),
      fc.constantFrom(LOWEST, UNLIMITED),
      fc.bigInt({ min: LOWEST, max: UNLIMITED }),
    );
    let kept = 0;
    fc.assert(
      fc.property(amount, amount, amount, change, fc.boolean(), (limit, one, other, by, force) => {
        const [least, most] = one < other ? [one, other] : [other, one];
        const before = holding(limit, least, most);
        if (judged(before, by, force) !== undefined) return;
        kept += 1;
        const reserved = reserve(before, by as Quantity);
        const accepted = settle(reserved, by as Quantity, 'accept');
        for (const { usageMin, usageMax } of [reserved, accepted]) {
          expect(usageMin >= 0n && usageMin <= usageMax && usageMax <= UNLIMITED).to.equal(true);
        }
        expect(settle(reserved, by as Quantity, 'reject')).to.deep.equal(before);
        if (!force && by > 0n) expect(accepted.usageMax <= limit).to.equal(true);
      }),
      { numRuns: 2_000 },
    );
    expect(kept).to.be.greaterThan(100);
  });
});
