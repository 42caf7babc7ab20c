// Goal: what the ledger writes down is what its specification says, and the database refuses what
// would break it. Method: commissions over REST, then the rows; forbidden statements sent as SQL.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  holdingOf,
  LedgerClient,
  projectProvision,
  type SentProvision,
  userProvision,
} from '../../support/ledger.js';
import { type Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

interface LogRow {
  readonly name: string;
  readonly component: string;
  readonly issued_at: Date;
  readonly logged_at: Date;
  readonly holder: string;
  readonly source: string | null;
  readonly resource: string;
  readonly limit: string;
  readonly usage_min: string;
  readonly usage_max: string;
  readonly delta_quantity: string;
  readonly reason: string;
}

describe('the rows of the ledger', () => {
  let stack: Stack;
  let ledger: LedgerClient;
  let user: string;

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld();
    ledger = new LedgerClient(stack.rest, 'nimbus-token');
  });

  after(() => stack.stop());

  beforeEach(async () => {
    user = randomUUID();
    await stack.apply(
      `users: [{uuid: ${user}, username: ${user}, email: ${user}@example.org, tokens: [{value: ${user}}]}]`,
    );
  });

  const own = (quantity: number, resource = 'nimbus.vm') =>
    userProvision(user, user, resource, quantity);
  const projects = (quantity: number, resource = 'nimbus.vm') =>
    projectProvision(user, resource, quantity);

  async function counters(provision: SentProvision): Promise<string> {
    const row = await holdingOf(stack.database, provision);
    return `${row?.limit},${row?.usage_min},${row?.usage_max}`;
  }

  describe('the provision log (section 6.7)', () => {
    function logOf(serial: bigint): Promise<LogRow[]> {
      return stack.database.query<LogRow & Record<string, unknown>>(
        `select l.name, c.name as component, l.issued_at, l.logged_at, l.holder, l.source,
                l.resource, l."limit", l.usage_min, l.usage_max, l.delta_quantity, l.reason
           from provision_log l
           join components c on c.id = l.component_id
          where l.serial = $1
          order by l.holder desc, l.resource desc`,
        [serial],
      );
    }

    it('47. gets one row per provision when a commission is accepted, and none before', async () => {
      const before = new Date();
      const serial = await ledger.issue([own(5), projects(5)], { name: 'ναμε' });
      expect(await logOf(serial)).to.deep.equal([]);
      await ledger.settle(serial, 'accept');
      const after = new Date();
      const log = await logOf(serial);
      const common = {
        name: 'ναμε',
        component: 'nimbus',
        limit: '100',
        usage_min: '5',
        usage_max: '5',
        delta_quantity: '5',
        reason: 'ACCEPT:',
      };
      expect(log.map(({ issued_at: _, logged_at: __, ...row }) => row)).to.deep.equal([
        { ...common, holder: `user:${user}`, source: `project:${user}`, resource: 'nimbus.vm' },
        { ...common, holder: `project:${user}`, source: null, resource: 'nimbus.vm' },
      ]);
      for (const { issued_at, logged_at } of log) {
        expect(issued_at).to.be.within(before, after);
        expect(logged_at).to.be.within(issued_at, after);
      }
    });

    it('48. says by how much a rejected commission would have changed what is as before', async () => {
      await ledger.settle(await ledger.issue([own(3), own(3, 'nimbus.ram')]), 'accept');
      const serial = await ledger.issue([own(1), own(-1, 'nimbus.ram')]);
      expect(await counters(own(0))).to.equal('100,3,4');
      expect(await counters(own(0, 'nimbus.ram'))).to.equal('1024,2,3');
      await ledger.settle(serial, 'reject');
      expect(await counters(own(0))).to.equal('100,3,3');
      expect(await counters(own(0, 'nimbus.ram'))).to.equal('1024,3,3');
      const log = await logOf(serial);
      expect(
        log.map(({ resource, delta_quantity, usage_min, usage_max, reason }) =>
          [resource, delta_quantity, usage_min, usage_max, reason].join(' '),
        ),
      ).to.deep.equal(['nimbus.vm 1 3 3 REJECT:', 'nimbus.ram -1 3 3 REJECT:']);
    });

    it('shows each holding as it is after its own provision, when many are settled at once', async () => {
      const serials = [await ledger.issue([own(1)]), await ledger.issue([own(2)])];
      const answer = await ledger.resolve(serials, []);
      expect(answer.status).to.equal(200);
      const log = [...(await logOf(serials[0]!)), ...(await logOf(serials[1]!))];
      expect(log.map(({ usage_min, usage_max }) => `${usage_min},${usage_max}`)).to.deep.equal([
        '1,3',
        '3,3',
      ]);
    });

    it('23. is written by a commission that is accepted at once', async () => {
      const serial = await ledger.issue([own(4)], { auto_accept: true, name: 'at once' });
      const log = await logOf(serial);
      expect(log).to.have.lengthOf(1);
      expect(log[0]).to.include({
        name: 'at once',
        delta_quantity: '4',
        usage_min: '4',
        usage_max: '4',
        reason: 'ACCEPT:',
      });
      const rows = await stack.database.query('select from commissions where serial = $1', [
        serial,
      ]);
      expect(rows).to.deep.equal([]);
    });

    it('16. gets nothing of a commission that is refused', async () => {
      const size = async () =>
        (await stack.database.query<{ n: string }>('select count(*) as n from provision_log'))[0];
      const before = await size();
      expect((await ledger.send([own(1), own(9999, 'nimbus.ram')])).status).to.equal(413);
      expect((await ledger.send([own(1, 'nowhere.vm')], { auto_accept: true })).status).to.equal(
        404,
      );
      expect(await size()).to.deep.equal(before);
    });
  });

  describe('limits set by other slices (section 9.3)', () => {
    const setLimits = (...limits: readonly bigint[]) =>
      stack.operations.database.transact((tx) =>
        stack.operations.quotas.setLimits(
          tx,
          limits.map((limit) => ({
            holder: `user:${user}`,
            source: `project:${user}`,
            resource: 'nimbus.vm',
            limit: limit as never,
          })),
        ),
      );

    it('53. take the last value of a key that is given twice, in one holding', async () => {
      await setLimits(10n, 20n);
      expect(await counters(own(0))).to.equal('20,0,0');
      const { json } = await stack.rest.get('/account/v1.0/quotas', { token: user });
      expect(json).to.have.nested.property(`${user}.nimbus\\.vm.limit`, 20n);
    });

    it('54. leave both bounds of the usage as they are, and other resources alone', async () => {
      await ledger.settle(await ledger.issue([own(5)]), 'accept');
      await ledger.issue([own(2)]);
      await ledger.issue([own(-1)]);
      await setLimits(3n);
      expect(await counters(own(0))).to.equal('3,4,7');
      expect(await counters(own(0, 'nimbus.ram'))).to.equal('1024,0,0');
      expect(await counters(projects(0))).to.equal('100,0,0');
    });
  });

  describe('projects that were never activated (section 4.4)', () => {
    it('12. are in no answer', async () => {
      const project = randomUUID();
      // No call makes one yet; the projects API will.
      await stack.database.query(
        `insert into projects (uuid, realname, state, owner, end_date)
         values ($1, 'early.test', 'uninitialized', $2, now() + interval '1 year')`,
        [project, user],
      );
      const target = `/account/v1.0/service_project_quotas?project=${project}`;
      const answer = await stack.rest.get(target, { token: 'nimbus-token' });
      expect(answer.status).to.equal(404);
    });
  });

  describe('the database itself', () => {
    async function refusal(statement: string, ...values: unknown[]): Promise<unknown> {
      try {
        await stack.database.query(statement, values);
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'nothing was refused';
    }

    const RESTRICTED = '23001';
    const BROKEN_CHECK = '23514';
    const TAKEN = '23505';
    const UNKNOWN = '23503';

    it('deletes no holding, whether something is pending on it or not', async () => {
      const serial = await ledger.issue([own(1)]);
      for (const statement of [
        `delete from holdings where holder = 'user:${user}'`,
        `delete from holdings where holder = 'project:${user}'`,
        'truncate holdings cascade',
      ])
        expect(await refusal(statement), statement).to.equal(RESTRICTED);
      await ledger.settle(serial, 'accept');
      expect(await counters(own(0))).to.equal('100,1,1');
    });

    it('renames no holding', async () => {
      for (const change of [
        'holder = holder',
        "source = 'x'",
        "resource = 'nimbus.ram'",
        'id = default',
      ])
        expect(
          await refusal(`update holdings set ${change} where holder = 'user:${user}'`),
          change,
        ).to.equal(RESTRICTED);
    });

    it('keeps 0 <= usage_min <= usage_max, and limits from falling below 0', async () => {
      for (const change of [
        'usage_min = 1',
        'usage_min = -1',
        'usage_max = -1',
        'usage_min = -2, usage_max = -1',
        '"limit" = -1',
      ])
        expect(
          await refusal(`update holdings set ${change} where holder = 'user:${user}'`),
          change,
        ).to.equal(BROKEN_CHECK);
    });

    it('keeps one holding per project and resource, though the source is null', async () => {
      for (const [holder, source] of [
        [`project:${user}`, null],
        [`user:${user}`, `project:${user}`],
      ])
        expect(
          await refusal(
            `insert into holdings (holder, source, resource, "limit") values ($1, $2, 'nimbus.vm', 1)`,
            holder,
            source,
          ),
        ).to.equal(TAKEN);
    });

    it('makes no holding of a resource that is not registered, and loses no resource', async () => {
      expect(
        await refusal(
          `insert into holdings (holder, source, resource, "limit") values ('x', null, 'nowhere.vm', 1)`,
        ),
      ).to.equal(UNKNOWN);
      expect(await refusal(`delete from resources where name = 'nimbus.vm'`)).to.equal(UNKNOWN);
    });

    it('changes no row of the log', async () => {
      await ledger.settle(await ledger.issue([own(1)]), 'accept');
      for (const change of ["reason = 'ACCEPT:x'", "quantities = '{2}'", 'settled_at = now()'])
        expect(await refusal(`update settled_commissions set ${change}`), change).to.equal(
          RESTRICTED,
        );
    });

    it('keeps quantities beside holdings in pending commissions', async () => {
      const serial = await ledger.issue([own(1)]);
      for (const change of [
        "quantities = '{}'",
        "quantities = '{1,2}'",
        "quantities = '{null}'",
        "holding_ids = '{null}'",
        'serial = 0',
      ])
        expect(
          await refusal(`update commissions set ${change} where serial = $1`, serial),
          change,
        ).to.equal(BROKEN_CHECK);
    });
  });
});
