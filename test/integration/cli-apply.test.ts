// Goal: `apportion apply` tells what it did and, in one line, what is wrong. Method: the command in
// processes of its own, on a real database.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { apportion } from '../support/command.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const STATE = `
users:
  - {uuid: u-alice, username: alice, email: alice@x, tokens: [{}]}
components:
  - {name: nimbus, token: nimbus-token}
`;

describe('apportion apply', function () {
  this.timeout(60_000);

  let database: TestDatabase;
  let folder: string;
  let file: string;

  before(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'apportion-cli-'));
    file = path.join(folder, 'state.yaml');
    await writeFile(file, STATE);
  });
  after(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const run = (args: readonly string[], stdin?: string) =>
    apportion(['apply', ...args], { settings: { DATABASE_URL: database.url }, stdin });

  it('only says what it would do with --dry-run', async () => {
    const { code, stdout, stderr } = await run(['-f', file, '--dry-run']);
    expect(code, stderr).to.equal(0);
    expect(stdout.split('\n')).to.deep.equal([
      'created    component nimbus',
      'created    user alice',
      'created    token alice[0]',
      '',
    ]);
    expect(stderr).to.contain('Dry run, nothing was changed: 3 created, 0 updated, 0 unchanged\n');
    expect(await database.query('select from users')).to.have.length(0);
  });

  it('prints a generated token once, then finds everything unchanged', async () => {
    const first = await run(['--file', file]);
    expect(first.code, first.stderr).to.equal(0);
    expect(first.stdout).to.match(/^created {4}token alice\[0\]: token [\w-]{43}$/m);
    const again = await run(['-f', '-', '--json'], STATE);
    expect(again.code, again.stderr).to.equal(0);
    expect(JSON.parse(again.stdout)).to.deep.equal([
      { kind: 'component', name: 'nimbus', outcome: 'unchanged' },
      { kind: 'user', name: 'alice', outcome: 'unchanged' },
      { kind: 'token', name: 'alice[0]', outcome: 'unchanged' },
    ]);
  });

  it('says in one line where the file is wrong, and exits with 1', async () => {
    const wrong = path.join(folder, 'wrong.yaml');
    await writeFile(wrong, 'users: [{uuid: u, username: u, email: u, colour: red}]');
    expect(await run(['-f', wrong])).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: `apportion: ${wrong}: users[0].colour: unknown key\n`,
    });
    expect(await run(['-f', '-'], 'users: [')).to.include({ code: 1, stdout: '' });
    expect((await run(['-f', `${folder}/none.yaml`])).stderr).to.equal(
      `apportion: ${folder}/none.yaml: no such file\n`,
    );
    expect((await run(['-f', folder])).stderr).to.match(/^apportion: \S+: EISDIR/);
  });
});
