// Goal: what a state file's tokens mean for those that are stored. Method: small tables of declared
// and stored tokens, and the plan for each.
import { expect } from 'chai';
import {
  type DeclaredToken,
  planGeneratedTokens,
  planToken,
  type StoredToken,
} from '../../../src/identity/domain/declared-tokens.js';
import { hashToken } from '../../../src/identity/domain/token.js';

const SOON = new Date('2030-01-01T00:00:00Z');
const LATE = new Date('2031-01-01T00:00:00Z');

const declared = (fields: Partial<DeclaredToken> = {}): DeclaredToken => ({
  hash: hashToken('t'),
  expiresAt: undefined,
  project: null,
  roles: [],
  ...fields,
});
const stored = (fields: Partial<StoredToken> = {}): StoredToken => ({
  id: 1n,
  hash: hashToken('t'),
  expiresAt: SOON,
  project: null,
  roles: [],
  revokedAt: null,
  ...fields,
});
const isOwn = () => true;

describe('planToken', () => {
  it('makes a token that is not there', () => {
    expect(planToken(declared(), undefined, isOwn).kind).to.equal('create');
  });

  it('leaves the expiry alone that is not declared', () => {
    expect(planToken(declared(), stored(), isOwn).kind).to.equal('unchanged');
    const plan = planToken(declared({ roles: ['member'] }), stored(), isOwn);
    expect(plan).to.deep.include({ kind: 'update', expiresAt: SOON });
  });

  it('changes expiry and scope that are declared otherwise', () => {
    for (const change of [
      { expiresAt: LATE },
      { expiresAt: null },
      { project: 'p' },
      { roles: ['member'] },
    ])
      expect(planToken(declared(change), stored(), isOwn).kind).to.equal('update');
    expect(planToken(declared({ expiresAt: SOON }), stored(), isOwn).kind).to.equal('unchanged');
    expect(
      planToken(declared({ expiresAt: null }), stored({ expiresAt: null }), isOwn).kind,
    ).to.equal('unchanged');
  });

  it('never gives a token to somebody else, nor a revoked one back', () => {
    expect(planToken(declared(), stored(), () => false).kind).to.equal('foreign');
    expect(planToken(declared(), stored({ revokedAt: SOON }), isOwn).kind).to.equal('revoked');
  });
});

describe('planGeneratedTokens', () => {
  const kinds = (tokens: readonly DeclaredToken[], candidates: readonly StoredToken[]) =>
    planGeneratedTokens(tokens, candidates).map(({ kind }) => kind);
  const generated = declared({ hash: undefined });

  it('makes each token once, however often it is declared', () => {
    expect(kinds([generated, generated], [])).to.deep.equal(['create', 'create']);
    expect(kinds([generated, generated], [stored()])).to.deep.equal(['unchanged', 'create']);
    expect(kinds([generated, generated], [stored(), stored({ id: 2n })])).to.deep.equal([
      'unchanged',
      'unchanged',
    ]);
  });

  it('tells tokens of different scopes apart', () => {
    const scoped = { ...generated, project: 'p', roles: ['reader'] };
    expect(kinds([scoped], [stored()])).to.deep.equal(['create']);
    expect(
      kinds([scoped, generated], [stored(), stored({ id: 2n, project: 'p', roles: ['reader'] })]),
    ).to.deep.equal(['unchanged', 'unchanged']);
  });
});
