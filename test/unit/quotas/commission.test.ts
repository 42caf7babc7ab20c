// Goal: provisions on one holding act as their sum, and what cannot be stored is refused by name.
// Method: lists of provisions are merged and compared; texts and quantities sit on their borders.
import { expect } from 'chai';
import fc from 'fast-check';
import { Failure } from '../../../src/kernel/failure.js';
import { LOWEST, quantity, UNLIMITED } from '../../../src/kernel/quantity.js';
import {
  commissionNotFound,
  holdingKey,
  KEPT_REASON,
  loggedReason,
  LONGEST_TEXT,
  mergeProvisions,
  noHolding,
  type RawProvision,
  refused,
  serialConflict,
  storableName,
} from '../../../src/quotas/domain/commission.js';

const VM = { holder: 'user:u', source: 'project:p', resource: 'nimbus.vm' } as const;
const OWN = { holder: 'project:p', source: null, resource: 'nimbus.vm' } as const;

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('Nothing was refused');
}

describe('merging provisions', () => {
  it('adds up equal keys and keeps the order of first appearance', () => {
    const ram = { ...VM, resource: 'nimbus.ram' };
    const merged = mergeProvisions([
      { ...VM, quantity: 3n },
      { ...ram, quantity: 1n },
      { ...VM, quantity: 4n },
      { ...OWN, quantity: 7n },
    ]);
    expect(merged).to.deep.equal([
      { ...VM, quantity: 7n },
      { ...ram, quantity: 1n },
      { ...OWN, quantity: 7n },
    ]);
  });

  it('keeps a provision whose parts cancel out, with quantity 0', () => {
    const merged = mergeProvisions([
      { ...VM, quantity: 10n },
      { ...VM, quantity: -10n },
    ]);
    expect(merged).to.deep.equal([{ ...VM, quantity: 0n }]);
  });

  it('takes an empty list', () => {
    expect(mergeProvisions([])).to.deep.equal([]);
  });

  it('does not take a null source and an empty one for the same holding', () => {
    const merged = mergeProvisions([
      { ...OWN, quantity: 1n },
      { ...OWN, source: '', quantity: 2n },
    ]);
    expect(merged.map((provision) => provision.quantity)).to.deep.equal([1n, 2n]);
  });

  it('tells all keys apart, whatever their parts are', () => {
    const part = fc.string({ unit: fc.constantFrom('a', ':', 'b'), maxLength: 3 });
    const key = fc.record({ holder: part, source: fc.option(part), resource: part });
    fc.assert(
      fc.property(key, key, (one, other) => {
        const isSame =
          one.holder === other.holder &&
          one.source === other.source &&
          one.resource === other.resource;
        expect(holdingKey(one) === holdingKey(other)).to.equal(isSame);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes a sum that passes 64 bits on the way and returns', () => {
    const merged = mergeProvisions([
      { ...VM, quantity: UNLIMITED },
      { ...VM, quantity: UNLIMITED },
      { ...VM, quantity: -UNLIMITED },
    ]);
    expect(merged).to.deep.equal([{ ...VM, quantity: UNLIMITED }]);
  });

  for (const [what, parts] of Object.entries({
    'a sum above 64 bits': [UNLIMITED, 1n],
    'a sum below 64 bits': [LOWEST, -1n],
    'a quantity above 64 bits': [UNLIMITED + 1n],
    'a quantity below 64 bits': [LOWEST - 1n],
    'a quantity beyond 64 bits whose sum is not': [UNLIMITED + 1n, -1n],
  })) {
    it(`refuses ${what}`, () => {
      const provisions = parts.map((part) => ({ ...VM, quantity: part }));
      const failure = failureOf(() => mergeProvisions(provisions));
      expect(failure).to.include({ kind: 'invalid', reason: 'INVALID_REQUEST' });
      expect(failure.message).to.include('64 bits');
    });
  }

  it('takes both ends of 64 bits', () => {
    for (const end of [LOWEST, UNLIMITED])
      expect(mergeProvisions([{ ...VM, quantity: end }])).to.deep.equal([{ ...VM, quantity: end }]);
  });

  for (const field of ['holder', 'source', 'resource'] as const) {
    const provision = (text: string): RawProvision => ({ ...VM, [field]: text, quantity: 1n });

    it(`takes a ${field} of ${LONGEST_TEXT} characters and refuses a longer one by name`, () => {
      expect(mergeProvisions([provision('x'.repeat(LONGEST_TEXT))])).to.have.length(1);
      const failure = failureOf(() => mergeProvisions([provision('x'.repeat(LONGEST_TEXT + 1))]));
      expect(failure).to.include({ reason: 'INVALID_REQUEST' });
      expect(failure.message).to.include(`'${field}'`);
    });

    for (const [what, text] of Object.entries({
      NUL: 'a\0b',
      'half of a surrogate pair': 'a\ud83db',
      'halves in the wrong order': '\udc00\ud800',
    })) {
      it(`refuses a ${field} with ${what} by name`, () => {
        const failure = failureOf(() => mergeProvisions([provision(text)]));
        expect(failure).to.include({ reason: 'INVALID_REQUEST' });
        expect(failure.message).to.include(`'${field}'`);
      });
    }

    it(`takes a ${field} of any other characters`, () => {
      const text = 'ναμε 😀 \u007f\u0001';
      expect(mergeProvisions([provision(text)])).to.deep.equal([provision(text)]);
    });
  }
});

describe('the name of a commission', () => {
  it('may be empty, foreign and of the greatest length', () => {
    for (const name of ['', 'ναμε 😀', 'x'.repeat(LONGEST_TEXT)])
      expect(storableName(name)).to.equal(name);
  });

  it('is refused when it is longer, or cannot be stored', () => {
    for (const name of ['x'.repeat(LONGEST_TEXT + 1), 'a\0b', '\udc00']) {
      const failure = failureOf(() => storableName(name));
      expect(failure).to.include({ kind: 'invalid', reason: 'INVALID_REQUEST' });
      expect(failure.message).to.include("'name'");
    }
  });
});

describe('the reason in the provision log', () => {
  it('tells how the commission ended, and why', () => {
    expect(loggedReason('accept', '')).to.equal('ACCEPT:');
    expect(loggedReason('reject', 'node died')).to.equal('REJECT:node died');
  });

  it('keeps the last characters of a long text', () => {
    const kept = 'b'.repeat(KEPT_REASON);
    expect(loggedReason('accept', kept)).to.equal(`ACCEPT:${kept}`);
    expect(loggedReason('accept', `a${kept}`)).to.equal(`ACCEPT:${kept}`);
  });

  it('counts characters and cuts none in two', () => {
    const kept = '😀'.repeat(KEPT_REASON);
    expect(loggedReason('accept', `😀${kept}`)).to.equal(`ACCEPT:${kept}`);
    expect(loggedReason('reject', `😀${'b'.repeat(KEPT_REASON - 1)}`)).to.equal(
      `REJECT:😀${'b'.repeat(KEPT_REASON - 1)}`,
    );
  });
});

describe('failures of provisions', () => {
  const provision = { ...VM, quantity: quantity(4n) };

  it('name the holding that does not exist, leaving out an absent source', () => {
    expect(noHolding(provision)).to.deep.include({
      kind: 'not-found',
      reason: 'NO_HOLDING',
      facts: { ...VM, quantity: 4n },
    });
    expect(noHolding({ ...OWN, quantity: quantity(4n) }).facts).to.deep.equal({
      holder: OWN.holder,
      resource: OWN.resource,
      quantity: 4n,
    });
  });

  it('carry usage and limit when there is no capacity', () => {
    const failure = refused(provision, {
      why: 'no-capacity',
      usage: quantity(17n),
      limit: quantity(20n),
    });
    expect(failure).to.deep.include({
      kind: 'over-limit',
      reason: 'NO_CAPACITY',
      facts: { ...VM, quantity: 4n, usage: 17n, limit: 20n },
    });
    expect(failure.message).to.match(/nimbus\.vm.*17.*4.*20/);
  });

  it('carry the settled usage and the floor when there is no quantity', () => {
    const failure = refused(
      { ...VM, quantity: quantity(-3n) },
      { why: 'no-quantity', usage: quantity(2n), limit: quantity(0n) },
    );
    expect(failure).to.deep.include({
      kind: 'over-limit',
      reason: 'NO_QUANTITY',
      facts: { ...VM, quantity: -3n, usage: 2n, limit: 0n },
    });
  });

  it('are malformed requests when 64 bits would be left', () => {
    expect(refused(provision, { why: 'overflow' })).to.include({
      kind: 'invalid',
      reason: 'INVALID_REQUEST',
    });
  });

  it('share no facts: two of them never show each other', () => {
    const one = noHolding(provision);
    const other = refused(provision, {
      why: 'no-capacity',
      usage: quantity(1n),
      limit: quantity(1n),
    });
    expect(one.facts).to.not.have.any.keys('usage', 'limit');
    expect(other.facts).to.include({ usage: 1n, limit: 1n });
  });
});

describe('failures of serials', () => {
  it('are worded as the document spells them out (section 5.8)', () => {
    expect(commissionNotFound(58n)).to.deep.include({
      kind: 'not-found',
      reason: 'COMMISSION_NOT_FOUND',
      message: 'serial 58 does not exist',
      facts: { serial: 58n },
    });
    expect(serialConflict(56n)).to.deep.include({
      kind: 'invalid',
      reason: 'SERIAL_CONFLICT',
      message: 'cannot both accept and reject serial 56',
      facts: { serial: 56n },
    });
  });
});
