// Goal: operators see limits, usage and resources, and learn from exit code and output what differs in
// the ledger. Method: the command in processes of its own, on a database that servers use, too.
import { expect } from 'chai';
import { parse } from 'lossless-json';
import { type CommandOutcome, apportion } from '../support/command.js';
import { connectGrpc, type GrpcClient } from '../support/grpc-client.js';
import { createPeople, createProject, pairOf, type Person } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };

type Row = Readonly<Record<string, unknown>>;

describe('apportion quota', function () {
  this.timeout(60_000);

  let stack: Stack;
  let client: GrpcClient;
  let owner: Person;
  let member: Person;
  let project: string;

  before(async () => {
    stack = await startWorld({ envoy: false });
    client = connectGrpc(stack.addresses[0]!);
    [owner, member] = (await createPeople(stack, 2)) as [Person, Person];
    project = await createProject(stack, owner, [owner, member], {
      'nimbus.vm': { project_capacity: 40, member_capacity: 4 },
    });
    const charge = (quantity: bigint, autoAccept: boolean) =>
      client.commissions.issueCommission(
        { provisions: pairOf(member, 'nimbus.vm', quantity, project), autoAccept, force: true },
        NIMBUS,
      );
    await charge(5n, true);
    await charge(2n, false);
    await charge(-1n, false);
  });
  after(async () => {
    client.close();
    await stack.stop();
  });

  const run = (...args: string[]) =>
    apportion(args, { settings: { DATABASE_URL: stack.database.url } });
  const quota = (...args: string[]) => run('quota', ...args);

  /** The JSON of a command's answer; every integer is a bigint. */
  const json = ({ stdout }: CommandOutcome) => parse(stdout, undefined, BigInt) as Row[];

  /** The cells of a table, row by row, without the headings. */
  const cells = ({ stdout }: CommandOutcome) =>
    stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/));

  describe('list', () => {
    it('shows what is used and pending, as users are shown it', async () => {
      const listed = await quota('list', '--user', member.uuid, '--project', project);
      expect(listed.code, listed.stderr).to.equal(0);
      expect(listed.stdout).to.match(/^HOLDER +SOURCE +RESOURCE +LIMIT +USAGE +PENDING\n/);
      const [holder, source] = [`user:${member.uuid}`, `project:${project}`];
      expect(cells(listed)).to.deep.include([holder, source, 'nimbus.vm', '4', '7', '3']);
      expect(cells(listed).every(([first]) => first === holder)).to.equal(true);
    });

    it('shows a project with its members', async () => {
      const listed = await quota(
        'list',
        '--project',
        `project:${project}`,
        '--resource',
        'nimbus.vm',
      );
      expect(cells(listed)).to.have.deep.members([
        [`project:${project}`, '-', 'nimbus.vm', '40', '7', '3'],
        [`user:${member.uuid}`, `project:${project}`, 'nimbus.vm', '4', '7', '3'],
        [`user:${owner.uuid}`, `project:${project}`, 'nimbus.vm', '4', '0', '0'],
      ]);
    });

    it('finds who is over his limit', async () => {
      const listed = await quota('list', '--over-limit', '--json');
      expect(json(listed)).to.deep.equal([
        {
          ...{ holder: `user:${member.uuid}`, source: `project:${project}`, resource: 'nimbus.vm' },
          ...{ limit: 4n, usage: 7n, pending: 3n },
        },
      ]);
    });

    it('says unlimited to people, and all digits of it to programs', async () => {
      const only = ['--user', `user:${owner.uuid}`, '--resource', 'astakos.pending_app'];
      expect(cells(await quota('list', ...only, '--project', owner.uuid))[0]?.[3]).to.equal(
        'unlimited',
      );
      const rows = json(await quota('list', ...only, '--json'));
      expect(rows.map(({ limit }) => limit)).to.deep.equal([2n ** 63n - 1n, 2n ** 63n - 1n]);
      expect(rows.map(({ source }) => source)).to.have.members([
        `project:${owner.uuid}`,
        `project:${project}`,
      ]);
    });

    it('lists at most so many, and nothing of whom nobody knows', async () => {
      expect(cells(await quota('list', '--limit', '2'))).to.have.length(2);
      const nobody = await quota('list', '--user', 'nobody');
      expect(nobody.code).to.equal(0);
      expect(cells(nobody)).to.deep.equal([]);
      expect(json(await quota('list', '--project', 'none', '--json'))).to.deep.equal([]);
    });

    it('refuses a limit that is none', async () => {
      const { code, stdout, stderr } = await quota('list', '--limit', '0');
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.contain("argument '0' is invalid. It is a positive number.");
    });

    it('is not cut off when it is long and read slowly', async () => {
      const add = `insert into holdings (holder, resource, "limit")
        select 'stranger:' || i, 'nimbus.vm', 1 from generate_series(1, 5000) as i`;
      await stack.database.query(add);
      const rows = json(await quota('list', '--json'));
      expect(rows.length).to.be.greaterThan(5000);
      await stack.database.query(
        `begin; set local session_replication_role = replica;
         delete from holdings where holder like 'stranger:%'; commit`,
      );
    });
  });

  describe('verify', () => {
    it('exits with 0 and says how much it checked when nothing differs', async () => {
      const [row] = await stack.database.query<{ count: string }>('select count(*) from holdings');
      const verified = await quota('verify');
      expect(verified).to.deep.equal({
        code: 0,
        stdout: '',
        stderr: `${row?.count} holdings checked, no differences\n`,
      });
      expect(await quota('verify', '--json')).to.deep.include({ code: 0, stdout: '[]\n' });
    });

    it('exits with 1 until what differs is repaired', async () => {
      const name = [`user:${member.uuid}`, `project:${project}`, 'nimbus.vm'];
      await stack.database.query(
        `update holdings set usage_max = 99, "limit" = 8
          where holder = $1 and source = $2 and resource = $3`,
        name,
      );
      const found = await quota('verify');
      expect(found.code).to.equal(1);
      expect(found.stdout).to.match(/^HOLDER +SOURCE +RESOURCE +WHAT +STORED +EXPECTED\n/);
      expect(cells(found)).to.deep.equal([
        [...name, 'usage_max', '99', '7'],
        [...name, 'limit', '8', '4'],
      ]);
      expect(found.stderr).to.match(/^\d+ holdings checked, 2 differences\n$/);

      const asJson = await quota('verify', '--json');
      expect(asJson.code).to.equal(1);
      expect(json(asJson)[0]).to.deep.equal({
        ...{ holder: name[0], source: name[1], resource: name[2] },
        ...{ what: 'usage_max', stored: 99n, expected: 7n, repaired: false },
      });

      const fixed = await quota('verify', '--fix');
      expect(fixed.code).to.equal(0);
      expect(cells(fixed).map((row) => row.slice(3))).to.deep.equal([
        ['usage_max', '99', '7', 'yes'],
        ['limit', '8', '4', 'yes'],
      ]);
      expect(fixed.stderr).to.contain(' checked, 2 differences: 2 repaired, 0 remaining\n');
      expect(await quota('verify', '--fix', '--json')).to.deep.include({ code: 0, stdout: '[]\n' });
    });

    it('exits with 1 after repairing while something cannot be repaired', async () => {
      await stack.database.query(
        `insert into holdings (holder, resource, "limit") values ('bob', 'nimbus.vm', 1)`,
      );
      const fixed = await quota('verify', '--fix');
      expect(fixed.code).to.equal(1);
      expect(cells(fixed)).to.deep.equal([['bob', '-', 'nimbus.vm', 'unexpected', '1', '-', 'no']]);
      expect(fixed.stderr).to.contain(' checked, 1 difference: 0 repaired, 1 remaining\n');
    });

    it('says in one line that there is no database', async () => {
      const { code, stdout, stderr } = await apportion(['quota', 'verify'], {
        settings: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
      });
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/^apportion: .+\n$/);
    });
  });

  describe('resource list', () => {
    it('shows hidden resources and defaults, too', async () => {
      const listed = await run('resource', 'list');
      expect(listed.code, listed.stderr).to.equal(0);
      expect(cells(listed)).to.have.deep.members([
        ['astakos.pending_app', 'astakos_account', '-', 'no', 'no', 'unlimited', 'unlimited'],
        ['nimbus.ram', 'nimbus_compute', 'bytes', 'yes', 'yes', '1024', '0'],
        ['nimbus.total_ram', 'nimbus_compute', 'bytes', 'no', 'no', '2048', 'unlimited'],
        ['nimbus.vm', 'nimbus_compute', '-', 'yes', 'yes', '100', '0'],
        ['orbit.disk', 'orbit_store', 'bytes', 'yes', 'no', '3', '0'],
      ]);
      const rows = json(await run('resource', 'list', '--json'));
      expect(rows.find(({ name }) => name === 'nimbus.total_ram')).to.deep.equal({
        name: 'nimbus.total_ram',
        service: 'nimbus_compute',
        description: null,
        unit: 'bytes',
        api_visible: false,
        ui_visible: false,
        system_default: 2048n,
        project_default: 2n ** 63n - 1n,
      });
    });
  });

  for (const words of [['quota'], ['quota', 'list'], ['quota', 'verify'], ['resource', 'list']])
    it(`explains itself: ${words.join(' ')} --help`, async () => {
      const { code, stdout } = await run(...words, '--help');
      expect(code).to.equal(0);
      if (words.length > 1) expect(stdout).to.contain(`Examples:\n  apportion ${words.join(' ')}`);
    });
});
