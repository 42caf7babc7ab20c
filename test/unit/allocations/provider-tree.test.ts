// Goal: providers move in their tree as section 14.4 of the allocations specification says.
// Method: every refusal and its neighbour that is none.
import { expect } from 'chai';
import {
  judgeFirstParent,
  judgeMove,
  TREE_REFUSALS,
  type WantedParent,
} from '../../../src/allocations/domain/provider-tree.js';

const ROOT = { uuid: 'self', parentUuid: null };
const CHILD = { uuid: 'self', parentUuid: 'old' };

function parent(of: Partial<WantedParent> = {}): WantedParent {
  return { uuid: 'new', exists: true, isWithin: false, ...of };
}

describe('the first parent of a provider', () => {
  it('must exist [12]', () => {
    expect(judgeFirstParent('self', parent())).to.equal(undefined);
    expect(judgeFirstParent('self', parent({ exists: false }))).to.equal('parent-unknown');
  });

  it('is not the provider itself, which does not exist either [12]', () => {
    const self = parent({ uuid: 'self', exists: false });
    expect(judgeFirstParent('self', self)).to.equal('parent-is-self');
  });
});

describe('a move in the tree', () => {
  it('gives a root a parent at any version [14.4]', () => {
    for (const mayReparent of [true, false])
      expect(judgeMove(ROOT, parent(), mayReparent)).to.equal(undefined);
  });

  it('leaves a root a root, and a child where it is, at any version [14.4]', () => {
    for (const mayReparent of [true, false]) {
      expect(judgeMove(ROOT, null, mayReparent)).to.equal(undefined);
      expect(judgeMove(CHILD, parent({ uuid: 'old' }), mayReparent)).to.equal(undefined);
    }
  });

  it('to another parent or none needs 1.37 [14.4]', () => {
    expect(judgeMove(CHILD, parent(), false)).to.equal('may-not-reparent');
    expect(judgeMove(CHILD, null, false)).to.equal('may-not-unparent');
    expect(judgeMove(CHILD, parent(), true)).to.equal(undefined);
    expect(judgeMove(CHILD, null, true)).to.equal(undefined);
  });

  it('needs a parent that exists, before anything else is judged [14.4]', () => {
    expect(judgeMove(CHILD, parent({ exists: false }), false)).to.equal('parent-unknown');
  });

  it('makes no loop, not even of one [14.4]', () => {
    const within = parent({ isWithin: true });
    expect(judgeMove(ROOT, within, false)).to.equal('loop');
    expect(judgeMove(CHILD, within, true)).to.equal('loop');
    expect(judgeMove(ROOT, parent({ uuid: 'self', isWithin: true }), true)).to.equal('loop');
  });

  it('is refused in the documented words [12, 14.4]', () => {
    expect(TREE_REFUSALS['may-not-reparent']).to.include(
      're-parenting a provider is not currently',
    );
    expect(TREE_REFUSALS['may-not-unparent']).to.include(
      'un-parenting a provider is not currently',
    );
    expect(TREE_REFUSALS.loop).to.equal('creating loop in the provider tree is not allowed.');
    expect(TREE_REFUSALS['parent-unknown']).to.equal('parent provider UUID does not exist.');
    expect(TREE_REFUSALS['parent-is-self']).to.include('cannot be same as UUID');
  });
});
