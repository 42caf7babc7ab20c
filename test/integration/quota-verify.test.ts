// Goal: verifying the ledger finds every kind of damage and nothing else, however busy the ledger is,
// and repairs what can be repaired. Method: real commissions through servers, damage done by SQL.
import { expect } from 'chai';
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';
import type { Capacities } from '../../src/projects/index.js';
import type { Difference, ExpectedLimits } from '../../src/quotas/index.js';
import { eventually } from '../support/eventually.js';
import { connectGrpc, type GrpcClient } from '../support/grpc-client.js';
import {
  createPeople,
  createPerson,
  createProject,
  ofProject,
  ofUser,
  pairOf,
  type Person,
} from '../support/people.js';
import { intervalOf } from '../support/stored-ledger.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };

describe('verifying the ledger', function () {
  this.timeout(60_000);

  let stack: Stack;
  let clients: readonly GrpcClient[];
  let commissions: GrpcClient['commissions'];

  before(async () => {
    stack = await startWorld({ envoy: false, servers: 2 });
    clients = stack.addresses.map((address) => connectGrpc(address));
    commissions = clients[0]!.commissions;
  });
  after(async () => {
    for (const client of clients) client.close();
    await stack.stop();
  });

  /** Verifies and returns what was told. */
  async function verify(
    fix = false,
    limits: ExpectedLimits = stack.operations.projects.expectedLimits,
  ): Promise<Difference[]> {
    const told: Difference[] = [];
    await stack.operations.quotas.verify({ limits, fix, report: (some) => told.push(...some) });
    return told;
  }

  /** The limits that are expected, with something that happens before they are held. */
  function limitsWith(before: () => Promise<unknown>): ExpectedLimits {
    const { expectedLimits } = stack.operations.projects;
    return {
      ...expectedLimits,
      hold: async (tx, names) => {
        await before();
        await expectedLimits.hold(tx, names);
      },
    };
  }

  const issue = async (...provisions: Provision[]) =>
    (await commissions.issueCommission({ provisions }, NIMBUS)).serial;
  const charge = (...provisions: Provision[]) =>
    commissions.issueCommission({ provisions, autoAccept: true }, NIMBUS);

  const damage = (change: string, { holder, source, resource }: Provision) =>
    stack.database.query(
      `update holdings set ${change}
        where holder = $1 and source is not distinct from $2 and resource = $3`,
      [holder, source ?? null, resource],
    );

  /** Deletes holdings, which only works where triggers do not: as a replica. */
  const lose = (condition: string) =>
    stack.database.query(
      `begin; set local session_replication_role = replica;
       delete from holdings where ${condition}; commit`,
    );

  const grant = (project: string, projectCapacity: bigint, memberCapacity: bigint) => {
    const { database, projects } = stack.operations;
    const capacities = { projectCapacity, memberCapacity } as Capacities;
    return database.transact((tx) =>
      projects.setCapacities(tx, project, { 'nimbus.vm': capacities }),
    );
  };

  const brief = ({ what, stored, expected, isRepaired }: Difference) =>
    `${what} ${stored} ${expected} ${isRepaired ? 'repaired' : 'remains'}`;

  it('counts every holding and finds nothing wrong with a ledger that was only used', async () => {
    const user = await createPerson(stack);
    const vm = (quantity: bigint) => pairOf(user, 'nimbus.vm', quantity);
    await charge(...vm(20n));
    await issue(...vm(5n));
    await issue(...vm(-7n));
    await issue(...vm(0n));
    await issue();
    const [accept, reject] = [await issue(...vm(-2n)), await issue(...vm(3n))];
    await commissions.resolveCommissions({ accept: [accept], reject: [reject] }, NIMBUS);
    await commissions.issueCommission({ provisions: vm(1_000n), force: true }, ORBIT);
    expect(await intervalOf(stack, vm(0n)[0]!)).to.deep.equal([11n, 1_023n]);

    const { quotas, projects } = stack.operations;
    const report = () => expect.fail('nothing is wrong');
    const limits = projects.expectedLimits;
    const [row] = await stack.database.query<{ count: number }>(
      'select count(*)::int as count from holdings',
    );
    expect(await quotas.verify({ limits, fix: false, report })).to.equal(row?.count);
    expect(await quotas.verify({ limits, fix: true, report })).to.equal(row?.count);
  });

  describe('damaged counters', () => {
    let user: Person;
    let vm: Provision;

    beforeEach(async () => {
      user = await createPerson(stack);
      vm = ofUser(user, 'nimbus.vm', 0n);
      await charge(ofUser(user, 'nimbus.vm', 10n));
      await issue(ofUser(user, 'nimbus.vm', 4n), ofUser(user, 'nimbus.ram', 100n));
      await issue(ofUser(user, 'nimbus.vm', -3n));
    });

    const damages: [change: string, differences: string[]][] = [
      ['usage_min = 0', ['usage_min 0 7']],
      ['usage_max = 99', ['usage_max 99 14']],
      ['usage_min = 0, usage_max = 0', ['usage_min 0 7', 'usage_max 0 14']],
    ];
    for (const [change, differences] of damages)
      it(`are reported, then repaired: ${change}`, async () => {
        await damage(change, vm);
        const before = await intervalOf(stack, vm);
        const found = await verify();
        expect(found.map(brief)).to.deep.equal(differences.map((text) => `${text} remains`));
        expect(found[0]).to.deep.include({
          holder: `user:${user.uuid}`,
          source: `project:${user.uuid}`,
          resource: 'nimbus.vm',
        });
        expect(await intervalOf(stack, vm)).to.deep.equal(before);

        const repaired = await verify(true);
        expect(repaired.map(brief)).to.deep.equal(differences.map((text) => `${text} repaired`));
        expect(await intervalOf(stack, vm)).to.deep.equal([7n, 14n]);
        expect(await verify(true)).to.deep.equal([]);
      });

    it('are counted anew when commissions move them before they are locked', async () => {
      await damage('usage_min = 1, usage_max = 50', vm);
      const meanwhile = limitsWith(async () => {
        await charge(ofUser(user, 'nimbus.vm', 2n));
        await issue(ofUser(user, 'nimbus.vm', 1n));
      });
      const repaired = await verify(true, meanwhile);
      expect(repaired.map(brief)).to.deep.equal([
        'usage_min 3 9 repaired',
        'usage_max 53 17 repaired',
      ]);
      expect(await verify()).to.deep.equal([]);
    });

    it('are left to whoever repairs them before they are locked', async () => {
      await damage('usage_max = 50', vm);
      const meanwhile = limitsWith(() => damage('usage_max = 14', vm));
      expect(await verify(true, meanwhile)).to.deep.equal([]);
      expect(await intervalOf(stack, vm)).to.deep.equal([7n, 14n]);
    });

    it('are left alone when the log lost rows and adds up to what no counter can be', async () => {
      const [lost] = await stack.database.query<{ serial: string }>(
        `select serial from provision_log where holder = $1 and resource = 'nimbus.vm'`,
        [`user:${user.uuid}`],
      );
      const [row] = await stack.database.query<Record<string, unknown>>(
        'select * from settled_commissions where serial = $1',
        [lost?.serial],
      );
      await stack.database.query('delete from settled_commissions where serial = $1', [
        lost?.serial,
      ]);
      const told = (await verify(true)).map(brief);
      expect(told).to.deep.equal(['usage_min 7 -3 remains', 'usage_max 14 4 remains']);
      expect(await intervalOf(stack, vm)).to.deep.equal([7n, 14n]);

      // The log is mended for the tests that follow.
      const columns = Object.keys(row ?? {}).join(', ');
      await stack.database.query(
        `insert into settled_commissions (${columns}) overriding system value
         select ${columns} from json_populate_record(null::settled_commissions, $1)`,
        [JSON.stringify(row)],
      );
      expect(await verify()).to.deep.equal([]);
    });
  });

  describe('damaged limits', () => {
    let owner: Person;
    let member: Person;
    let project: string;

    beforeEach(async () => {
      [owner, member] = (await createPeople(stack, 2)) as [Person, Person];
      project = await createProject(stack, owner, [owner, member], {
        'nimbus.vm': { project_capacity: 40, member_capacity: 4 },
      });
    });

    it('of a project and its members are reported, then repaired; usage stays', async () => {
      await charge(...pairOf(member, 'nimbus.vm', 3n, project));
      const pool = ofProject(project, 'nimbus.vm', 0n);
      const share = ofUser(member, 'nimbus.vm', 0n, project);
      await damage('"limit" = 41', pool);
      await damage('"limit" = 0', share);
      expect((await verify()).map(brief)).to.deep.equal([
        'limit 41 40 remains',
        'limit 0 4 remains',
      ]);
      expect((await verify(true)).map(brief)).to.deep.equal([
        'limit 41 40 repaired',
        'limit 0 4 repaired',
      ]);
      expect(await intervalOf(stack, share)).to.deep.equal([3n, 3n]);
      expect(await verify(true)).to.deep.equal([]);
    });

    it('are judged by states: a suspended project and a former member have none', async () => {
      const { database, projects } = stack.operations;
      const former = { project, user: member.uuid };
      await database.transact((tx) => projects.setMembershipState(tx, former, 'removed'));
      expect(await verify()).to.deep.equal([]);
      await damage('"limit" = 4', ofUser(member, 'nimbus.vm', 0n, project));
      expect((await verify(true)).map(brief)).to.deep.equal(['limit 4 0 repaired']);

      await database.transact((tx) => projects.setProjectState(tx, project, 'suspended'));
      expect(await verify()).to.deep.equal([]);
      await damage('"limit" = 40', ofProject(project, 'nimbus.vm', 0n));
      expect((await verify(true)).map(brief)).to.deep.equal(['limit 40 0 repaired']);
    });

    it('follow what was granted before they are locked', async () => {
      await damage('"limit" = 1', ofUser(member, 'nimbus.vm', 0n, project));
      const meanwhile = limitsWith(() => grant(project, 50n, 5n));
      // Granting has set the right limit, so nothing is left to repair.
      expect(await verify(true, meanwhile)).to.deep.equal([]);
      expect(await verify()).to.deep.equal([]);
    });

    it('of holdings that are missing are created', async () => {
      await lose(`source = 'project:${project}' and resource = 'nimbus.vm'`);
      await lose(`holder = 'project:${project}' and resource = 'nimbus.ram'`);
      const [poolRam, ...shares] = await verify();
      expect(poolRam).to.deep.include({ holder: `project:${project}`, resource: 'nimbus.ram' });
      expect(shares.map(brief)).to.deep.equal(['missing null 4 remains', 'missing null 4 remains']);
      expect((await verify(true)).map(brief)).to.deep.equal([
        'missing null 0 repaired',
        'missing null 4 repaired',
        'missing null 4 repaired',
      ]);
      expect(await verify(true)).to.deep.equal([]);
      await charge(...pairOf(member, 'nimbus.vm', 3n, project));
    });

    it('stay as they were judged until what is missing is there', async () => {
      await lose(`holder = 'user:${member.uuid}' and source = 'project:${project}'`);
      const { expectedLimits } = stack.operations.projects;
      let isHeld = false;
      let granted: Promise<void> | undefined;
      const limits: ExpectedLimits = {
        ...expectedLimits,
        hold: async (tx, names) => {
          await expectedLimits.hold(tx, names);
          isHeld = true;
        },
        among: async (tx, names) => {
          const judged = await expectedLimits.among(tx, names);
          if (isHeld) {
            granted = grant(project, 50n, 5n);
            const isWaiting = async () => {
              const waiting = await stack.database.query(
                `select from pg_stat_activity
                  where datname = current_database() and wait_event_type = 'Lock'`,
              );
              return waiting.length > 0;
            };
            await Promise.race([granted, eventually(isWaiting)]);
          }
          return judged;
        },
      };
      expect((await verify(true, limits)).map(brief)).to.include('missing null 4 repaired');
      await granted;
      expect(await verify()).to.deep.equal([]);
    });

    it('of holdings that nobody asks for are only reported, and stay', async () => {
      const stranger = await createPerson(stack);
      await stack.database.query(
        `insert into holdings (holder, source, resource, "limit") values
           ($1, $2, 'nimbus.vm', 5), ('bob', null, 'nimbus.vm', 6), ($1, 'somewhere', 'nimbus.vm', 7)`,
        [`user:${stranger.uuid}`, `project:${project}`],
      );
      const found = (await verify()).map(brief);
      expect(found).to.have.members([
        'unexpected 5 null remains',
        'unexpected 6 null remains',
        'unexpected 7 null remains',
      ]);
      expect((await verify(true)).map(brief)).to.deep.equal(found);
      expect((await verify(true)).map(brief)).to.deep.equal(found);
      await lose(`holder = 'bob' or source = 'somewhere'`);
      await lose(`holder = 'user:${stranger.uuid}' and source = 'project:${project}'`);
    });
  });

  describe('while it is in use', () => {
    let people: readonly Person[];
    let project: string;
    let isOver: boolean;
    let work: Promise<number>[];

    beforeEach(async () => {
      people = await createPeople(stack, 6);
      project = await createProject(stack, people[0]!, people, {
        'nimbus.vm': { project_capacity: 1_000_000, member_capacity: 1_000_000 },
      });
      // Something to release.
      for (const person of people) await charge(...pairOf(person, 'nimbus.vm', 100n, project));
      isOver = false;
      work = clients.flatMap((client) => people.map((person) => use(client, person)));
    });
    afterEach(async () => {
      isOver = true;
      await Promise.all(work);
    });

    /** Issues and settles until it is over, and returns how many commissions that were. */
    async function use({ commissions }: GrpcClient, person: Person): Promise<number> {
      let count = 0;
      const open: bigint[] = [];
      while (!isOver) {
        count += 1;
        const quantity = count % 4 === 3 ? -1n : 2n;
        const provisions = pairOf(person, 'nimbus.vm', quantity, project);
        const autoAccept = count % 4 === 0;
        const { serial } = await commissions.issueCommission({ provisions, autoAccept }, NIMBUS);
        if (!autoAccept) open.push(serial);
        if (open.length < 5) continue;
        const [reject, ...accept] = open.splice(0, 3);
        await commissions.resolveCommissions({ accept, reject: [reject!] }, NIMBUS);
      }
      return count;
    }

    async function granting(): Promise<number> {
      let count = 0;
      while (!isOver) {
        count += 1;
        await grant(project, 1_000_000n + BigInt(count), 1_000_000n);
      }
      return count;
    }

    it('gives no false alarm', async () => {
      work.push(granting());
      for (let run = 0; run < 20; run += 1) expect(await verify(run % 2 === 1)).to.deep.equal([]);
      isOver = true;
      for (const count of await Promise.all(work)) expect(count).to.be.greaterThan(5);
      expect(await verify()).to.deep.equal([]);
    });

    it('is repaired by exactly what was damaged, also by two operators at once', async () => {
      work.push(granting());
      const pool = ofProject(project, 'nimbus.vm', 0n);
      const share = ofUser(people[1]!, 'nimbus.vm', 0n, project);
      for (let run = 0; run < 5; run += 1) {
        await damage('usage_max = usage_max + 7', pool);
        await damage('usage_min = usage_min + 1, usage_max = usage_max + 1000', share);
        const told = (await Promise.all([verify(true), verify(true)])).flat();
        // What one of them has repaired the other one does not find any more.
        const by = told.map(({ holder, what, stored, expected, isRepaired }) => {
          expect(isRepaired).to.equal(true);
          return `${holder.replace(/:.*/, '')} ${what} ${stored! - expected!}`;
        });
        expect(by).to.have.members([
          'project usage_max 7',
          'user usage_min 1',
          'user usage_max 1000',
        ]);
        expect(await verify()).to.deep.equal([]);
      }
    });
  });
});
