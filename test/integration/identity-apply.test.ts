// Goal: users, components, services and tokens of a state file are applied whole or not at all, once
// and for all, with a few statements however many they are. Method: state files on a real database;
// what reaches the other slices is taken down.
import { expect } from 'chai';
import type { Tx } from '../../src/db/tx.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  createIdentityFixture,
  forgetEverybody,
  type IdentityFixture,
} from '../support/identity.js';

describe('apply: identity', () => {
  let testDatabase: TestDatabase;
  let fixture: IdentityFixture;

  before(async () => {
    testDatabase = await createTestDatabase();
    // Nothing is remembered, so that every call sees what is stored.
    fixture = createIdentityFixture(testDatabase, { rememberTokensMs: 1 });
  });
  beforeEach(async () => {
    fixture.told.length = 0;
    await forgetEverybody(testDatabase);
  });
  after(async () => {
    await fixture.close();
    await testDatabase.drop();
  });

  const state = `
users:
  - uuid: u-alice
    username: alice
    email: alice@example.org
    full_name: Alice Archer
    password: s3cr3t
    tokens:
      - value: alice-token
      - {project: p1, roles: [reader]}
components:
  - name: nimbus
    token: nimbus-token
    services:
      - name: nimbus_compute
        type: compute
        endpoints: [{public_url: "http://127.0.0.1:8774/v2.1", version_id: v2.1}]
        resources: [{name: nimbus.vm}, {name: nimbus.ram}]
  - {name: orbit}
`;

  it('creates what is declared, sections in their own order, and then changes nothing', async () => {
    const lines = await fixture.applied(state);
    const generated = lines.filter((line) => / token [\w-]{43}$/.test(line));
    expect(lines.map((line) => line.replace(/ token [\w-]{43}$/, ' token …'))).to.deep.equal([
      'created component nimbus',
      'created component orbit token …',
      'created service nimbus_compute',
      'created user alice',
      'created token alice[0]',
      'created token alice[1] token …',
    ]);
    const [orbit = '', alice = ''] = generated.map((line) => line.slice(-43));
    expect(await fixture.who(orbit, 'component')).to.equal('orbit');
    expect(await fixture.who(alice)).to.equal('u-alice');
    expect(await fixture.who('alice-token')).to.equal('u-alice');

    const before = await contents();
    expect(await fixture.applied(state)).to.deep.equal([
      'unchanged component nimbus',
      'unchanged component orbit',
      'unchanged service nimbus_compute',
      'unchanged user alice',
      'unchanged token alice[0]',
      'unchanged token alice[1]',
    ]);
    expect(await contents()).to.deep.equal(before);
  });

  it('hands resources on with their service, component and place', async () => {
    await fixture.apply(state);
    expect(fixture.told[0]).to.deep.equal({
      resources: [0, 1].map((position) => ({
        component: 'nimbus',
        service: 'nimbus_compute',
        path: [0, 'services', 0, 'resources', position],
        entry: { name: ['nimbus.vm', 'nimbus.ram'][position] },
      })),
    });
  });

  it('takes a dry run back, without telling a token that never was', async () => {
    const before = await contents();
    const lines = await fixture.apply(state, { dryRun: true });
    expect(lines.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill('created'));
    expect(lines.some((line) => 'note' in line)).to.equal(false);
    expect(await contents()).to.deep.equal(before);
  });

  it('does nothing at all when the last entry is wrong', async () => {
    const before = await contents();
    expect(
      await fixture.refusal(
        `${state}  - {name: late, services: [{name: nimbus_compute, type: x}]}`,
      ),
    ).to.equal('components[2].services[0].name: the same as components[0].services[0].name');
    expect(await fixture.refusal(state.replace('email: alice@example.org', 'email: ""'))).to.equal(
      'users[0].email: must have 1 to 255 characters',
    );
    expect(await contents()).to.deep.equal(before);
  });

  const user = (name: string, more = '') =>
    `{uuid: u-${name}, username: ${name}, email: ${name}@x${more === '' ? '' : `, ${more}`}}`;

  const broken: [title: string, yaml: string, message: string][] = [
    [
      'the same uuid twice',
      `users: [${user('a')}, {uuid: u-a, username: b, email: b@x}]`,
      'users[1].uuid: the same as users[0].uuid',
    ],
    [
      'the same username twice',
      `users: [${user('a')}, {uuid: u-b, username: a, email: b@x}]`,
      'users[1].username: the same as users[0].username',
    ],
    [
      'the same e-mail twice',
      `users: [${user('a')}, {uuid: u-b, username: b, email: a@x}]`,
      'users[1].email: the same as users[0].email',
    ],
    [
      'the same token twice',
      `users: [${user('a', 'tokens: [{value: t}]')}, ${user('b', 'tokens: [{}, {value: t}]')}]`,
      'users[1].tokens[1].value: the same as users[0].tokens[0].value',
    ],
    [
      'a token of a component for a user',
      `components: [{name: c, token: t}]\nusers: [${user('a', 'tokens: [{value: t}]')}]`,
      'users[0].tokens[0].value: this token belongs to somebody else',
    ],
    [
      'the same component twice',
      'components: [{name: c}, {name: c}]',
      'components[1].name: the same as components[0].name',
    ],
    [
      'the same token for two components',
      'components: [{name: c, token: t}, {name: d, token: t}]',
      'components[1].token: the same as components[0].token',
    ],
    [
      '61: a service of another component',
      'components: [{name: c, services: [{name: astakos_account, type: account}]}]',
      'components[0].services[0].name: "astakos_account" belongs to component "astakos"',
    ],
    [
      'a URL that is none',
      'components: [{name: c, services: [{name: s, type: t, endpoints: [{public_url: "ftp://x"}]}]}]',
      'components[0].services[0].endpoints[0].public_url: must be an http or https URL, or a path below this deployment',
    ],
    [
      'an unknown key of a resource',
      'components: [{name: c, services: [{name: s, type: t, resources: [{name: r, size: 1}]}]}]',
      'components[0].services[0].resources[0].size: unknown key',
    ],
    ['an unknown section', 'customers: []', 'customers: unknown key'],
  ];
  for (const [title, yaml, message] of broken)
    it(`refuses ${title}`, async () => {
      expect(await fixture.refusal(yaml)).to.equal(message);
    });

  it('refuses names and tokens that stored users and components have', async () => {
    await fixture.apply(`users: [${user('a', 'tokens: [{value: t}]')}]`);
    expect(await fixture.refusal('users: [{uuid: u-b, username: a, email: b@x}]')).to.equal(
      'users[0].username: "a" belongs to user u-a',
    );
    expect(await fixture.refusal('users: [{uuid: u-b, username: b, email: a@x}]')).to.equal(
      'users[0].email: "a@x" belongs to user u-a',
    );
    expect(await fixture.refusal(`users: [${user('b', 'tokens: [{value: t}]')}]`)).to.equal(
      'users[0].tokens[0].value: this token belongs to somebody else',
    );
    expect(await fixture.refusal('components: [{name: c, token: t}]')).to.equal(
      'components[0].token: this token belongs to somebody else',
    );
  });

  it('lets users of one file swap names and addresses', async () => {
    await fixture.apply(`users: [${user('a')}, ${user('b')}, ${user('c')}]`);
    expect(
      await fixture.applied(`users:
        - {uuid: u-a, username: b, email: c@x}
        - {uuid: u-b, username: c, email: a@x}
        - {uuid: u-c, username: a, email: b@x}`),
    ).to.deep.equal(['updated user b', 'updated user c', 'updated user a']);
    expect(await fixture.refusal(`users: [{uuid: u-a, username: c, email: a2@x}]`)).to.equal(
      'users[0].username: "c" belongs to user u-b',
    );
  });

  it('accepts a user once, and never takes it back', async () => {
    await fixture.apply(`users: [${user('a', 'accepted: false')}, ${user('b')}, ${user('c')}]`);
    await fixture.apply(`users: [${user('a', 'accepted: false')}, ${user('b')}]`);
    await fixture.apply(`users: [${user('a')}, ${user('b')}]`);
    await fixture.apply(`users: [${user('a')}, ${user('b')}]`);
    expect(fixture.told).to.deep.equal([
      {
        accepted: [
          { uuid: 'u-b', username: 'b' },
          { uuid: 'u-c', username: 'c' },
        ],
      },
      { accepted: [{ uuid: 'u-a', username: 'a' }] },
    ]);
    expect(await fixture.refusal(`users: [${user('a', 'accepted: false')}]`)).to.equal(
      'users[0].accepted: an accepted user stays accepted; declare `active: false` instead',
    );
  });

  it('tells who stops and who resumes working', async () => {
    await fixture.apply(`users: [${user('a')}, ${user('b', 'active: false')}]`);
    await fixture.apply(`users: [${user('a', 'active: false')}, ${user('b')}]`);
    await fixture.apply(`users: [${user('a', 'active: false')}, ${user('b')}]`);
    expect(fixture.told.filter((what) => 'switched' in what)).to.deep.equal([
      { switched: [{ uuid: 'u-b', active: false }] },
      {
        switched: [
          { uuid: 'u-a', active: false },
          { uuid: 'u-b', active: true },
        ],
      },
    ]);
  });

  it('stores passwords salted and leaves them alone until they change', async () => {
    const password = async () => {
      const rows = await testDatabase.query<{ p: string }>('select password_hash as p from users');
      return rows[0]?.p ?? '';
    };
    await fixture.apply(`users: [${user('a', 'password: one')}]`);
    const first = await password();
    expect(first).to.match(/^scrypt-32768-8-1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await fixture.applied(`users: [${user('a', 'password: one')}]`)).to.deep.equal([
      'unchanged user a',
    ]);
    expect(await fixture.applied(`users: [${user('a')}]`)).to.deep.equal(['unchanged user a']);
    expect(await password()).to.equal(first);
    expect(await fixture.applied(`users: [${user('a', 'password: two')}]`)).to.deep.equal([
      'updated user a',
    ]);
    expect(await password()).not.to.equal(first);
  });

  it('replaces type and endpoints of a service wholesale', async () => {
    const service = (fields: string) =>
      `components: [{name: c, token: t, services: [{name: s, ${fields}}]}]`;
    const endpoints = async () =>
      (
        await testDatabase.query<{ url: string }>(
          `select public_url as url from endpoints e join services s on s.id = e.service_id
            where s.name = 's' order by position`,
        )
      ).map(({ url }) => url);
    await fixture.apply(
      service('type: x, endpoints: [{public_url: "http://a"}, {public_url: "http://b"}]'),
    );
    expect(await endpoints()).to.deep.equal(['http://a', 'http://b']);
    expect(
      await fixture.applied(service('type: y, endpoints: [{public_url: "http://b"}]')),
    ).to.deep.equal(['unchanged component c', 'updated service s']);
    expect(await endpoints()).to.deep.equal(['http://b']);
    expect(await fixture.applied(service('type: y'))).to.include('updated service s');
    expect(await endpoints()).to.deep.equal([]);
  });

  it('lets the built-in component be declared again, and makes no token for it', async () => {
    const yaml = `components:
      - name: astakos
        services:
          - name: astakos_account
            type: account
            endpoints: [{public_url: /account/v1.0, ui_url: /ui}]
            resources: [{name: astakos.pending_app}]`;
    expect(await fixture.applied(yaml)).to.deep.equal([
      'unchanged component astakos',
      'unchanged service astakos_account',
    ]);
  });

  it('lets two files be applied at the same moment', async () => {
    const outcomes = await Promise.all([
      fixture.applied(state),
      fixture.applied(state),
      fixture.applied(state),
    ]);
    const created = outcomes.filter((lines) => lines.includes('created user alice'));
    expect(created).to.have.length(1);
  });

  it('applies 20,000 users with as many statements as 200', async function () {
    this.timeout(60_000);
    const few = await statementsFor(200, 'few');
    const many = await statementsFor(20_000, 'many');
    expect(many).to.equal(few);
    expect(many).to.be.below(12);
    const [row] = await testDatabase.query<{ users: string; tokens: string }>(
      'select (select count(*) from users) as users, (select count(*) from tokens) as tokens',
    );
    expect(row).to.deep.equal({ users: '20200', tokens: '40400' });
  });

  /** Applies users with two tokens each, one of them generated, and returns how many statements. */
  async function statementsFor(count: number, prefix: string): Promise<number> {
    const section = fixture.sections.find(({ key }) => key === 'users')!;
    const entries = Array.from({ length: count }, (_, index) =>
      section.entry.parse({
        uuid: `${prefix}-${index}`,
        username: `${prefix}${index}`,
        email: `${prefix}${index}@example.org`,
        tokens: [{ value: `${prefix}-token-${index}` }, {}],
      }),
    );
    let statements = 0;
    await fixture.database.transact(async (tx) => {
      const counting: Tx = {
        query: (...call) => ((statements += 1), tx.query(...call)),
        run: (built) => ((statements += 1), tx.run(built)),
        pieces: (...call) => tx.pieces(...call),
        identify: (id) => tx.identify(id),
        afterCommit: (effect) => tx.afterCommit(effect),
        last: (...call) => {
          statements += 1;
          tx.last(...call);
        },
      };
      await section.apply(counting, entries, () => undefined);
    });
    return statements;
  }

  /** Everything identity stores, for comparisons. */
  async function contents(): Promise<unknown[]> {
    const tables = ['users', 'components', 'services', 'endpoints', 'tokens'];
    return Promise.all(
      tables.map((table) => testDatabase.query(`select * from ${table} t order by t::text`)),
    );
  }
});
