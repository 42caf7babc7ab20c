// Goal: operators make, list and revoke tokens, and never see a value twice. Method: the command in
// processes of its own, on a real database.
import { expect } from 'chai';
import { apportion } from '../support/command.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createIdentityFixture, type IdentityFixture } from '../support/identity.js';

describe('apportion token', function () {
  this.timeout(60_000);

  let database: TestDatabase;
  let server: IdentityFixture;

  before(async () => {
    database = await createTestDatabase();
    server = createIdentityFixture(database);
    await server.identity.start();
    await server.apply(`
users: [{uuid: u-alice, username: alice, email: alice@x}]
components: [{name: nimbus, token: nimbus-token}]`);
  });
  after(async () => {
    await server.close();
    await database.drop();
  });

  const token = (...args: string[]) =>
    apportion(['token', ...args], { settings: { DATABASE_URL: database.url } });

  it('makes a token that works, prints it alone and never shows it again', async () => {
    const made = await token('create', '--user', 'alice', '--expires', '1h');
    expect(made.code, made.stderr).to.equal(0);
    const value = made.stdout.trim();
    expect(value).to.match(/^[\w-]{43}$/);
    expect(await server.who(value)).to.equal('u-alice');

    const listed = await token('list');
    expect(listed.stdout).to.match(/^ID +OWNER +EXPIRES +PROJECT +ROLES +STATE\n/);
    expect(listed.stdout).to.match(/^\d+ +component nimbus +never +- +- +usable$/m);
    expect(listed.stdout).to.match(
      /^\d+ +user alice +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +- +- +usable$/m,
    );
    expect(listed.stdout).not.to.contain(value);

    const id = /^(\d+) +user alice/m.exec(listed.stdout)?.[1] ?? '';
    const revoked = await token('revoke', id);
    expect(revoked).to.deep.include({ code: 0, stdout: `revoked: token ${id}\n` });
    expect(await server.who(value)).to.equal('Invalid X-Auth-Token');
    expect((await token('revoke', '--value', value)).stdout).to.equal(
      `was revoked before: token ${id}\n`,
    );
    expect((await token('list', '--user', 'u-alice')).stdout).to.match(/revoked$/m);
  });

  it('gives programs JSON, with the scope', async () => {
    const made = await token(
      ...['create', '--component', 'nimbus', '--expires', '2031-01-01T00:00:00Z'],
      ...['--project', 'p1', '--role', 'member', '--role', 'reader', '--json'],
    );
    const created = JSON.parse(made.stdout) as { id: number; token: string };
    expect(created).to.deep.include({ owner: 'nimbus', expires_at: '2031-01-01T00:00:00Z' });
    const listed = await token('list', '--component', 'nimbus', '--json');
    const found = (JSON.parse(listed.stdout) as { id: number }[]).find(
      ({ id }) => id === created.id,
    );
    expect(found).to.deep.include({
      component: 'nimbus',
      project: 'p1',
      roles: ['member', 'reader'],
      expires_at: '2031-01-01T00:00:00Z',
      state: 'usable',
    });
    expect(listed.stdout).not.to.contain(created.token);
  });

  const refused: [args: string[], message: string][] = [
    [['create', '--user', 'nobody'], 'No user has the name or uuid "nobody"'],
    [['create', '--component', 'none'], 'No component has the name "none"'],
    [['create'], 'Say whose token it is: --user or --component'],
    [['list', '--user', 'nobody'], 'No user has the name or uuid "nobody"'],
    [['revoke', '999999'], 'No token has the id 999999'],
    [['revoke', '--value', 'nothing'], 'Unknown token'],
    [['revoke'], 'Say which token: its number, or --value'],
  ];
  for (const [args, message] of refused)
    it(`says in one line: ${message}`, async () => {
      expect(await token(...args)).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: `apportion: ${message}\n`,
      });
    });
});
