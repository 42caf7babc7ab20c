// Goal: the tokens a state file declares, or asks for, are made once, changed as declared, replaced
// and revoked for good. Method: state files on a real database, and calls with the tokens.
import { expect } from 'chai';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  createIdentityFixture,
  forgetEverybody,
  type IdentityFixture,
} from '../support/identity.js';

describe('apply: tokens', () => {
  let testDatabase: TestDatabase;
  let fixture: IdentityFixture;

  before(async () => {
    testDatabase = await createTestDatabase();
    // Nothing is remembered, so that every call sees what is stored.
    fixture = createIdentityFixture(testDatabase, { rememberTokensMs: 1 });
  });
  beforeEach(async () => {
    await forgetEverybody(testDatabase);
  });
  after(async () => {
    await fixture.close();
    await testDatabase.drop();
  });

  const user = (more: string) => `{uuid: u-a, username: a, email: a@x, ${more}}`;

  it('gives user tokens 30 days unless told otherwise, and leaves them alone afterwards', async () => {
    const expiry = async () => {
      const rows = await testDatabase.query<{ e: Date | null }>(
        'select expires_at as e from tokens',
      );
      return rows[0]?.e;
    };
    await fixture.apply(`users: [${user('tokens: [{value: t}]')}]`);
    const first = await expiry();
    const days = ((first?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).to.be.within(29.99, 30);
    expect(await fixture.applied(`users: [${user('tokens: [{value: t}]')}]`)).to.include(
      'unchanged token a[0]',
    );
    expect(await expiry()).to.deep.equal(first);
    const changed = `users: [${user('tokens: [{value: t, expires_at: null, project: p}]')}]`;
    expect(await fixture.applied(changed)).to.deep.equal([
      'unchanged user a',
      'updated token a[0]',
    ]);
    expect(await expiry()).to.equal(null);
  });

  it('never brings a revoked token back, and says so', async () => {
    const yaml = `users: [${user('tokens: [{value: t}]')}]\ncomponents: [{name: c, token: ct}]`;
    await fixture.apply(yaml);
    await fixture.identity.tokens.revoke({ value: 't' });
    await fixture.identity.tokens.revoke({ value: 'ct' });
    expect(await fixture.applied(yaml)).to.deep.equal([
      'unchanged component c its token was revoked and stays so: declare another one',
      'unchanged user a',
      'unchanged token a[0] was revoked and stays so: declare another one',
    ]);
    expect(await fixture.who('t')).to.equal('Invalid X-Auth-Token');
    expect(await fixture.who('ct', 'component')).to.equal('Invalid X-Auth-Token');
  });

  it('lets a component’s new token take the place of all earlier ones', async () => {
    await fixture.apply('components: [{name: c, token: one}]');
    const extra = await fixture.identity.tokens.create({ owner: { kind: 'component', name: 'c' } });
    expect(await fixture.applied('components: [{name: c, token: one}]')).to.deep.equal([
      'unchanged component c',
    ]);
    expect(await fixture.who(extra.value, 'component')).to.equal('c');
    expect(await fixture.applied('components: [{name: c, token: two}]')).to.deep.equal([
      'updated component c',
    ]);
    for (const token of ['one', extra.value])
      expect(await fixture.who(token, 'component')).to.equal('Invalid X-Auth-Token');
    expect(await fixture.who('two', 'component')).to.equal('c');
    // Taking the file back to its last version works, too.
    await fixture.apply('components: [{name: c, token: one}]');
    expect(await fixture.who('one', 'component')).to.equal('c');
  });

  it('7: sets and lifts the expiry of a component’s token', async () => {
    await fixture.apply(
      'components: [{name: c, token: t, token_expires_at: 2020-01-01T00:00:00Z}]',
    );
    expect(await fixture.who('t', 'component')).to.equal('Authentication expired');
    expect(await fixture.applied('components: [{name: c, token: t}]')).to.deep.equal([
      'updated component c',
    ]);
    expect(await fixture.who('t', 'component')).to.equal('c');
  });

  it('keeps the generated token of a component, whose expiry can be declared', async () => {
    const [line] = await fixture.apply('components: [{name: c}]');
    const token = line?.note?.replace('token ', '') ?? '';
    expect(await fixture.applied('components: [{name: c}]')).to.deep.equal([
      'unchanged component c',
    ]);
    const expired = 'components: [{name: c, token_expires_at: 2020-01-01T00:00:00Z}]';
    expect(await fixture.applied(expired)).to.deep.equal(['updated component c']);
    expect(await fixture.applied(expired)).to.deep.equal(['unchanged component c']);
    expect(await fixture.applied('components: [{name: c}]')).to.deep.equal([
      'unchanged component c',
    ]);
    expect(await fixture.who(token, 'component')).to.equal('Authentication expired');
  });
});
