// Goal: operators see the commissions of all components and settle those that were abandoned. Method:
// the command in processes of its own, on a database that a server uses, too.
import { expect } from 'chai';
import { parse } from 'lossless-json';
import { type CommandOutcome, apportion } from '../support/command.js';
import { connectGrpc, type GrpcClient } from '../support/grpc-client.js';
import { createPerson, ofProject, ofUser, pairOf, type Person } from '../support/people.js';
import { intervalOf } from '../support/stored-ledger.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const UNKNOWN = '999999';

type Row = Readonly<Record<string, unknown>>;

describe('apportion commission', function () {
  this.timeout(60_000);

  let stack: Stack;
  let client: GrpcClient;
  let user: Person;

  before(async () => {
    stack = await startWorld({ envoy: false });
    client = connectGrpc(stack.addresses[0]!);
  });
  beforeEach(async () => {
    user = await createPerson(stack);
  });
  after(async () => {
    client.close();
    await stack.stop();
  });

  const commission = (...args: string[]) =>
    apportion(['commission', ...args], { settings: { DATABASE_URL: stack.database.url } });

  const issue = async (
    quantity: bigint,
    more: { name?: string; autoAccept?: boolean } = {},
    caller = NIMBUS,
  ) => {
    const provisions = pairOf(user, 'nimbus.vm', quantity);
    const { serial } = await client.commissions.issueCommission({ provisions, ...more }, caller);
    return String(serial);
  };
  const usage = () => intervalOf(stack, ofUser(user, 'nimbus.vm', 0n));

  /** Makes a commission look as if it had been issued long ago. */
  const age = (serial: string, text: string) =>
    stack.database.query(
      `update commissions set issued_at = issued_at - $2::interval where serial = $1`,
      [serial, text],
    );

  const json = ({ stdout }: CommandOutcome) => parse(stdout, undefined, BigInt);

  describe('list', () => {
    it('shows pending commissions of all components, none that is settled', async () => {
      const mine = await issue(2n, { name: 'boot ναμε' });
      const other = await issue(1n, {}, ORBIT);
      const settled = await issue(1n, { autoAccept: true });
      await age(mine, '1 day 2 hours 3 minutes');
      const listed = await commission('list');
      expect(listed.code, listed.stderr).to.equal(0);
      expect(listed.stdout).to.match(
        /^SERIAL +COMPONENT +NAME +ISSUED +AGE +EXPIRES +PROVISIONS\n/,
      );
      expect(listed.stdout).to.match(
        new RegExp(`^${mine} +nimbus +boot ναμε +\\S+Z +1d 2h +- +2$`, 'm'),
      );
      expect(listed.stdout).to.match(new RegExp(`^${other} +orbit +- +\\S+Z +\\ds +- +2$`, 'm'));
      expect(listed.stdout).not.to.match(new RegExp(`^${settled} `, 'm'));
    });

    it('lists one component, and what is overdue', async () => {
      const [old, fresh] = [await issue(1n), await issue(1n)];
      const foreign = await issue(1n, {}, ORBIT);
      await age(old, '2 hours');
      await age(foreign, '2 hours');
      const overdue = ['list', '--overdue', '3600', '--component', 'nimbus', '--json'];
      const rows = json(await commission(...overdue)) as Row[];
      const serials = rows.map(({ serial }) => String(serial));
      expect(serials).to.include(old);
      expect(serials).not.to.include(fresh);
      expect(serials).not.to.include(foreign);
      const row = rows.find(({ serial }) => String(serial) === old)!;
      expect(row).to.deep.include({ component: 'nimbus', name: '', expires_at: null });
      expect(row['provisions']).to.equal(2n);
      expect(Number(row['age_seconds'])).to.be.within(7200, 7260);
      expect(json(await commission('list', '--component', 'none', '--json'))).to.deep.equal([]);
    });

    it('shows when a commission expires', async () => {
      const { serial } = await client.commissions.issueCommission(
        { provisions: [], expiresIn: { seconds: 3600n, nanos: 0 } },
        NIMBUS,
      );
      const listed = await commission('list');
      expect(listed.stdout).to.match(
        new RegExp(`^${serial} +nimbus +- +\\S+Z +\\ds +\\d{4}-\\S+Z +0$`, 'm'),
      );
    });
  });

  describe('show', () => {
    it('shows what a pending commission reserves', async () => {
      const serial = await issue(3n, { name: 'boot m-77' });
      const shown = await commission('show', serial);
      expect(shown.code, shown.stderr).to.equal(0);
      const [head, table] = shown.stdout.split('\n\n');
      expect(head).to.match(
        new RegExp(
          `^serial: +${serial}\ncomponent: +nimbus\nname: +boot m-77\nstate: +pending\nissued: +\\S+Z$`,
        ),
      );
      expect(table).to.match(/^HOLDER +SOURCE +RESOURCE +QUANTITY\n/);
      expect(table).to.match(
        new RegExp(`^user:${user.uuid} +project:${user.uuid} +nimbus.vm +3$`, 'm'),
      );
      expect(table).to.match(new RegExp(`^project:${user.uuid} +- +nimbus.vm +3$`, 'm'));
    });

    it('shows how, when and why it was settled, and what came of it', async () => {
      await issue(4n, { autoAccept: true });
      const serial = await issue(-1n);
      await client.commissions.resolveCommissions(
        { accept: [BigInt(serial)], reason: 'm-77 is gone' },
        NIMBUS,
      );
      const shown = json(await commission('show', serial, '--json')) as Row;
      expect(shown).to.deep.include({
        component: 'nimbus',
        state: 'accepted',
        reason: 'm-77 is gone',
        expires_at: null,
      });
      expect(shown['settled_at']).to.match(/^\d{4}-\S+Z$/);
      expect(shown['provisions']).to.deep.equal([
        {
          ...{ holder: `user:${user.uuid}`, source: `project:${user.uuid}` },
          ...{ resource: 'nimbus.vm', quantity: -1n },
          after: { limit: 100n, usage: 3n, pending: 0n },
        },
        {
          ...{ holder: `project:${user.uuid}`, source: null, resource: 'nimbus.vm', quantity: -1n },
          after: { limit: 100n, usage: 3n, pending: 0n },
        },
      ]);
      const text = (await commission('show', serial)).stdout;
      expect(text).to.match(/^state: +accepted$/m);
      expect(text).to.match(/^reason: +m-77 is gone$/m);
      expect(text).to.match(
        /^HOLDER +SOURCE +RESOURCE +QUANTITY +LIMIT_AFTER +USAGE_AFTER +PENDING_AFTER$/m,
      );
    });

    it('says in one line that there is no such commission', async () => {
      expect(await commission('show', UNKNOWN)).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: `apportion: serial ${UNKNOWN} does not exist\n`,
      });
      const { code, stderr } = await commission('show', 'x1');
      expect(code).to.equal(1);
      expect(stderr).to.contain("'x1' is invalid for argument 'serial'. It is a whole number.");
    });
  });

  describe('accept and reject', () => {
    it('settle commissions of several components, with the reason in the log', async () => {
      const [mine, other] = [await issue(2n), await issue(3n, {}, ORBIT)];
      const accepted = await commission('accept', other, mine, '--reason', 'ticket 99');
      expect(accepted).to.deep.equal({
        code: 0,
        stdout: `accepted: commission ${mine}\naccepted: commission ${other}\n`,
        stderr: '',
      });
      expect(await usage()).to.deep.equal([5n, 5n]);
      const rows = await stack.database.query<{ component: string; reason: string }>(
        `select distinct c.name as component, l.reason
           from provision_log l join components c on c.id = l.component_id
          where l.serial = any($1) order by 1`,
        [[mine, other]],
      );
      expect(rows).to.deep.equal([
        { component: 'nimbus', reason: 'ACCEPT:ticket 99' },
        { component: 'orbit', reason: 'ACCEPT:ticket 99' },
      ]);
    });

    it('write down that it was an operator, unless told why', async () => {
      const serial = await issue(2n);
      expect((await commission('reject', serial)).stdout).to.equal(
        `rejected: commission ${serial}\n`,
      );
      expect(await usage()).to.deep.equal([0n, 0n]);
      expect((await commission('show', serial)).stdout).to.match(/^reason: +by operator$/m);
    });

    it('leave the component to find it settled', async () => {
      const serial = BigInt(await issue(2n));
      await commission('reject', String(serial));
      const { failed } = await client.commissions.resolveCommissions({ accept: [serial] }, NIMBUS);
      expect(failed.map((one) => one.serial)).to.deep.equal([serial]);
    });

    it('change nothing when repeated, and settle what can be settled', async () => {
      const [first, second] = [await issue(1n), await issue(1n)];
      await commission('reject', first);
      const repeated = await commission('reject', first, first);
      expect(repeated).to.deep.equal({
        code: 0,
        stdout: `was rejected before: commission ${first}\n`,
        stderr: '',
      });
      const mixed = await commission('accept', UNKNOWN, first, second);
      expect(mixed).to.deep.equal({
        code: 1,
        stdout: `accepted: commission ${second}\n`,
        stderr:
          `apportion: serial ${first} was rejected before\n` +
          `apportion: serial ${UNKNOWN} does not exist\n`,
      });
      expect(await usage()).to.deep.equal([1n, 1n]);
      const told = json(await commission('accept', first, second, '--json')) as Row[];
      expect(told).to.deep.equal([
        {
          serial: BigInt(first),
          outcome: 'failed',
          message: `serial ${first} was rejected before`,
        },
        { serial: BigInt(second), outcome: 'unchanged' },
      ]);
    });

    it('leave the ledger as it should be', async () => {
      const { quotas, projects } = stack.operations;
      const report = () => expect.fail('nothing is wrong');
      await quotas.verify({ limits: projects.expectedLimits, fix: false, report });
      expect(await intervalOf(stack, ofProject(user.uuid, 'nimbus.vm', 0n))).to.deep.equal([
        0n,
        0n,
      ]);
    });
  });

  for (const word of ['list', 'show', 'accept', 'reject'])
    it(`explains itself: ${word} --help`, async () => {
      const { code, stdout } = await commission(word, '--help');
      expect(code).to.equal(0);
      expect(stdout).to.contain(`Examples:\n  apportion commission ${word}`);
    });
});
