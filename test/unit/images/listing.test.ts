// Goal: which sets a list is made of, and its order (image specification, section 8.4). Method: the rules
// alone, for every kind of caller.
import { expect } from 'chai';
import { candidatesFor, completeOrder, wholeSecond } from '../../../src/images/domain/listing.js';

const MAY = { mayRead: true, mayWrite: true };
const MEMBER = { owner: 'p', isAdmin: false, ...MAY };
const NOBODY = { owner: null, isAdmin: false, ...MAY };
const ADMIN = { owner: 'p', isAdmin: true, ...MAY };
const memberStatus = 'accepted';
const SHARED_WITH = { kind: 'shared-with', member: 'p', status: 'accepted' };
const all = (visibility: string) => ({ kind: 'all', visibility });

describe('the images of a list (section 8.4)', () => {
  it('are those of the caller, the public ones and what was accepted', () => {
    const [open, own, shared, ...more] = candidatesFor(MEMBER, {
      visibility: undefined,
      memberStatus,
    });
    expect(open).to.deep.equal(all('public'));
    expect(own).to.include({ kind: 'owned', by: 'p' });
    expect(own)
      .to.have.property('visibilities')
      .that.has.members(['private', 'shared', 'community']);
    expect(shared).to.deep.equal(SHARED_WITH);
    expect(more).to.deep.equal([]);
  });

  it('are foreign community images on request only', () => {
    for (const visibility of ['all', 'community'] as const)
      expect(candidatesFor(MEMBER, { visibility, memberStatus })).to.deep.include(all('community'));
    expect(candidatesFor(ADMIN, { visibility: undefined, memberStatus })).to.not.deep.include(
      all('community'),
    );
  });

  it('are nothing shared or owned for a caller without a project', () => {
    expect(candidatesFor(NOBODY, { visibility: undefined, memberStatus })).to.deep.equal([
      all('public'),
    ]);
    expect(candidatesFor(NOBODY, { visibility: 'shared', memberStatus })).to.deep.equal([]);
  });

  it('are never shared ones where private ones are asked for', () => {
    expect(candidatesFor(MEMBER, { visibility: 'private', memberStatus })).to.deep.equal([
      { kind: 'owned', by: 'p', visibilities: ['private'] },
    ]);
  });
});

describe('the order of a list (section 8.4)', () => {
  const name = { field: 'name', ascending: true } as const;

  it('ends in the time of creation and the id, newest first', () => {
    expect(completeOrder([], 0)).to.deep.equal([
      { field: 'created_at', ascending: false },
      { field: 'id', ascending: false },
    ]);
  });

  it('goes on in the only direction given, and in none of several', () => {
    expect(completeOrder([name], 1).map(({ ascending }) => ascending)).to.deep.equal([
      true,
      true,
      true,
    ]);
    const size = { field: 'size', ascending: true } as const;
    expect(completeOrder([name, size], 2).map(({ ascending }) => ascending)).to.deep.equal([
      ...[true, true],
      ...[false, false],
    ]);
  });

  it('takes a key that is named twice as it came first', () => {
    const order = completeOrder([name, { ...name, ascending: false }], 2);
    expect(order.map(({ field }) => field)).to.deep.equal(['name', 'created_at', 'id']);
    expect(order[0]).to.deep.equal(name);
  });
});

it('a time loses its fraction of a second, also before 1970 (errata, 3.2)', () => {
  expect(wholeSecond(new Date(1_999)).getTime()).to.equal(1_000);
  expect(wholeSecond(new Date(-1)).getTime()).to.equal(-1_000);
});
