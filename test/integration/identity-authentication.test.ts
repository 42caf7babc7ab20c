// Goal: tokens are judged as documented, remembered for moments only, and forgotten by every
// process when they are revoked. Method: identity slices on one real database, each standing for a
// process; the clock is the test's own.
import { expect } from 'chai';
import { Failure } from '../../src/kernel/failure.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createIdentityFixture, credentialsOf, type IdentityFixture } from '../support/identity.js';

const STATE = `
components:
  - {name: nimbus, token: nimbus-token}
  - {name: orbit, token: orbit-token, token_expires_at: 2030-01-01T00:00:00Z}
users:
  - uuid: u-alice
    username: alice
    email: alice@example.org
    project_admin: true
    tokens:
      - {value: alice-token, expires_at: 2031-01-01T00:00:00Z}
      - {value: alice-expired, expires_at: 2029-01-01T00:00:00Z}
      - {value: alice-scoped, expires_at: null, project: p1, roles: [member, reader]}
  - {uuid: u-bob, username: bob, email: bob@x, active: false, terms_signed: false,
     tokens: [{value: bob-expired, expires_at: 2029-01-01T00:00:00Z}]}
  - {uuid: u-carol, username: carol, email: carol@x, accepted: false,
     tokens: [{value: carol-token, expires_at: 2031-01-01T00:00:00Z}]}
  - {uuid: u-dora, username: dora, email: dora@x, terms_signed: false,
     tokens: [{value: dora-token, expires_at: 2031-01-01T00:00:00Z},
              {value: dora-expired, expires_at: 2029-01-01T00:00:00Z}]}
`;

describe('authentication', () => {
  let testDatabase: TestDatabase;
  let one: IdentityFixture;
  let other: IdentityFixture;
  let now = new Date('2029-06-01T00:00:00Z');
  const clock = { now: () => now };

  before(async () => {
    testDatabase = await createTestDatabase();
    one = createIdentityFixture(testDatabase, { clock });
    other = createIdentityFixture(testDatabase, { clock });
    await one.apply(STATE);
    await Promise.all([one.identity.start(), other.identity.start()]);
  });
  beforeEach(() => {
    now = new Date('2029-06-01T00:00:00Z');
  });
  after(async () => {
    await Promise.all([one.close(), other.close()]);
    await testDatabase.drop();
  });

  async function call(
    kind: 'user' | 'component',
    headers: Readonly<Record<string, string>>,
    process = one,
  ): Promise<string> {
    try {
      const caller = process.identity.callers[kind];
      const principal = await caller.authenticate(credentialsOf(headers));
      return principal.kind === 'user' ? principal.username : principal.name;
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'unauthenticated') throw error;
      return error.message;
    }
  }
  const as = (token: string, process = one) => call('user', { 'x-auth-token': token }, process);
  const asComponent = (token: string) => call('component', { 'x-auth-token': token });

  const causes: [title: string, token: string | undefined, expected: string][] = [
    ['3: no token', undefined, 'Access denied. No authentication token'],
    ['3: an empty token', '', 'Access denied. No authentication token'],
    ['an unknown token', 'nobody', 'Invalid X-Auth-Token'],
    ['a token with NUL', 'a\0b', 'Invalid X-Auth-Token'],
    ['half a surrogate pair', '\ud800', 'Invalid X-Auth-Token'],
    ['an endless token', 'x'.repeat(100_000), 'Invalid X-Auth-Token'],
    ['6: a component’s token', 'nimbus-token', 'Invalid X-Auth-Token'],
    ['5: the token of a user not yet moderated', 'carol-token', 'User inactive'],
    ['an inactive user before an expired token', 'bob-expired', 'User inactive'],
    ['7: an expired token', 'alice-expired', 'Authentication expired'],
    ['an expired token before missing terms', 'dora-expired', 'Authentication expired'],
    ['7: missing terms', 'dora-token', 'Pending approval terms'],
  ];
  for (const [title, token, expected] of causes)
    it(`answers 401 ${expected} to ${title}`, async () => {
      const headers: Record<string, string> = token === undefined ? {} : { 'x-auth-token': token };
      expect(await call('user', headers)).to.equal(expected);
      expect(await call('user', headers), 'again, when it may be remembered').to.equal(expected);
    });

  it('6: does not know a user’s token where a component’s is asked for', async () => {
    expect(await asComponent('alice-token')).to.equal('Invalid X-Auth-Token');
    expect(await call('component', {})).to.equal('Access denied. No authentication token');
    expect(await asComponent('nimbus-token')).to.equal('nimbus');
  });

  it('takes the token from either header', async () => {
    expect(await as('alice-token')).to.equal('alice');
    expect(await call('user', { authorization: 'Token alice-token' })).to.equal('alice');
    expect(await call('user', { authorization: 'Bearer alice-token' })).to.equal('alice');
  });

  it('tells the route everything about the user and the token in use', async () => {
    const principal = await one.identity.callers.user.authenticate(
      credentialsOf({ 'x-auth-token': 'alice-scoped' }),
    );
    expect(principal).to.deep.include({
      kind: 'user',
      uuid: 'u-alice',
      username: 'alice',
      email: 'alice@example.org',
      projectAdmin: true,
      staff: false,
      scope: { project: 'p1', roles: ['member', 'reader'] },
      tokenExpiresAt: null,
    });
  });

  it('7: judges the expiry at every call, also of a token it remembers', async () => {
    expect(await as('alice-token')).to.equal('alice');
    expect(await asComponent('orbit-token')).to.equal('orbit');
    now = new Date('2030-01-01T00:00:00Z');
    expect(await as('alice-token')).to.equal('alice');
    expect(await asComponent('orbit-token')).to.equal('Authentication expired');
    expect(await asComponent('nimbus-token')).to.equal('nimbus');
    now = new Date('2031-01-01T00:00:00Z');
    expect(await as('alice-token')).to.equal('Authentication expired');
  });

  it('answers a remembered token at once, without a turn of the event loop', async () => {
    await as('alice-token');
    const caller = one.identity.callers.user;
    const answer = caller.authenticate(credentialsOf({ 'x-auth-token': 'alice-token' }));
    expect(answer).not.to.be.instanceOf(Promise);
  });

  it('accepts a token as soon as it is made, although it was unknown a moment before', async () => {
    expect(await as('fresh-token')).to.equal('Invalid X-Auth-Token');
    await other.identity.tokens.create({
      owner: { kind: 'user', nameOrUuid: 'alice' },
      value: 'fresh-token',
    });
    now = new Date();
    expect(await as('fresh-token')).to.equal('alice');
  });

  it('refuses a revoked token in every process at once', async () => {
    const { value } = await one.identity.tokens.create({
      owner: { kind: 'user', nameOrUuid: 'alice' },
    });
    expect([await as(value, one), await as(value, other)]).to.deep.equal(['alice', 'alice']);
    await one.identity.tokens.revoke({ value });
    expect(await as(value, one)).to.equal('Invalid X-Auth-Token');
    // Far below the 5 s for which a token is believed without hearing of its revocation.
    await eventually(async () => (await as(value, other)) === 'Invalid X-Auth-Token', {
      timeout: 1_000,
      interval: 5,
    });
  });

  it('hears of users that a state file changes', async () => {
    const user = (flags: string) =>
      one.apply(`users: [{uuid: u-erin, username: erin, email: erin@x, ${flags}
        tokens: [{value: erin-token, expires_at: null}]}]`);
    await user('');
    expect(await as('erin-token', other)).to.equal('erin');
    await user('active: false,');
    await eventually(async () => (await as('erin-token', other)) === 'User inactive', {
      timeout: 1_000,
      interval: 5,
    });
  });

  it('goes on hearing after its connection was cut, and believes nothing from before', async () => {
    const make = () => one.identity.tokens.create({ owner: { kind: 'component', name: 'nimbus' } });
    const [missed, heard] = [(await make()).value, (await make()).value];
    const isRefused = async (value: string) =>
      (await other.who(value, 'component')) === 'Invalid X-Auth-Token';
    expect([await isRefused(missed), await isRefused(heard)]).to.deep.equal([false, false]);
    await testDatabase.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'apportion token listener' and datname = current_database()`,
    );
    // As if it had been announced while nobody listened.
    await testDatabase.query(
      `update tokens set revoked_at = now() where hash = sha256(convert_to($1, 'UTF8'))`,
      [missed],
    );
    await eventually(() => isRefused(missed), { timeout: 2_000, interval: 5 });
    expect(await isRefused(heard)).to.equal(false);
    await one.identity.tokens.revoke({ value: heard });
    await eventually(() => isRefused(heard), { timeout: 1_000, interval: 5 });
  });
});

describe('authentication without hearing of revocations', () => {
  let testDatabase: TestDatabase;
  let process: IdentityFixture;

  before(async () => {
    testDatabase = await createTestDatabase();
    process = createIdentityFixture(testDatabase, { rememberTokensMs: 200 });
    await process.apply('components: [{name: nimbus, token: nimbus-token}]');
  });
  after(async () => {
    await process.close();
    await testDatabase.drop();
  });

  const authenticate = async () =>
    process.identity.callers.component.authenticate(
      credentialsOf({ 'x-auth-token': 'nimbus-token' }),
    );

  it('asks once for a token that many calls bring at the same moment', async () => {
    const { database } = process;
    const read = database.read.bind(database);
    let questions = 0;
    database.read = (work) => {
      questions += 1;
      return read(work);
    };
    await Promise.all(Array.from({ length: 200 }, authenticate));
    database.read = read;
    expect(questions).to.equal(1);
  });

  it('does not remember what was read before a revocation', async () => {
    const { identity, database } = process;
    const created = await identity.tokens.create({ owner: { kind: 'component', name: 'nimbus' } });
    const read = database.read.bind(database);
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    database.read = async (work) => {
      const answer = await read(work);
      await gate;
      return answer;
    };
    const early = process.who(created.value, 'component');
    await read((tx) => tx.query({ text: 'select pg_sleep(0.05)' }));
    await identity.tokens.revoke({ id: created.id });
    database.read = read;
    const late = process.who(created.value, 'component');
    letGo();
    expect(await early).to.equal('nimbus');
    expect(await late).to.equal('Invalid X-Auth-Token');
    expect(await process.who(created.value, 'component')).to.equal('Invalid X-Auth-Token');
  });

  it('believes a token no longer than it is remembered', async () => {
    await authenticate();
    await testDatabase.query('update tokens set revoked_at = now()');
    const begun = Date.now();
    await eventually(
      () =>
        authenticate().then(
          () => false,
          () => true,
        ),
      { interval: 5 },
    );
    expect(Date.now() - begun).to.be.below(1_000);
  });
});
