/**
 * Goal: accepted users have base projects, and new resources are chargeable for everybody at once.
 * Method: the hooks run as identity and quotas run them, on a real database; rows are compared.
 */
import { expect } from 'chai';
import { UNLIMITED } from '../../src/kernel/quantity.js';
import { eventually } from '../support/eventually.js';
import {
  asUser,
  CountingTx,
  createGate,
  createProjectsWorld,
  insertResource,
  type ProjectsWorld,
  resourceDefaults,
} from './projects-world.js';

describe('system projects', () => {
  let world: ProjectsWorld;
  before(async () => {
    world = await createProjectsWorld();
  });
  after(() => world.close());

  it('are created with everything section 11 says when a user is accepted', async () => {
    await world.acceptUsers('ada');
    const [project] = await world.db.query<{ [key: string]: unknown; end_date: Date }>(
      `select * from projects where uuid = 'ada'`,
    );
    expect(project).to.include({
      realname: 'system:ada',
      name: 'system:ada',
      state: 'active',
      owner: null,
      homepage: '',
      description: 'system project for user ada',
      join_policy: 'closed',
      leave_policy: 'closed',
      max_members: '1',
      private: true,
      is_system: true,
    });
    const years = project!.end_date.getUTCFullYear() - new Date().getUTCFullYear();
    expect(years).to.be.within(99, 101);
    expect(
      await world.db.query(
        `select user_uuid, state, initialized from project_memberships where project_id = $1`,
        [project!['id']],
      ),
    ).to.deep.equal([{ user_uuid: 'ada', state: 'accepted', initialized: true }]);
  });

  it('have the system default of every resource, hidden ones included [60, 9.3]', async () => {
    await world.acceptUsers('bea');
    await world.db.query(`update resources set system_default = 50 where name = 'nimbus.vm'`);
    await world.acceptUsers('cyd');
    const ofVm = await world.holdings('nimbus.vm');
    expect(ofVm['user:bea project:bea']).to.deep.equal([100n, 0n, 0n]);
    expect(ofVm['project:bea']).to.deep.equal([100n, 0n, 0n]);
    expect(ofVm['user:cyd project:cyd']).to.deep.equal([50n, 0n, 0n]);
    expect(ofVm['project:cyd']).to.deep.equal([50n, 0n, 0n]);
    const hidden = await world.holdings('astakos.pending_app');
    expect(hidden['user:cyd project:cyd']).to.deep.equal([UNLIMITED, 0n, 0n]);
    const quota = await world.db.query(
      `select q.* from project_quotas q join projects p on p.id = q.project_id
        where p.uuid = 'cyd' and q.project_capacity = q.member_capacity`,
    );
    expect(quota).to.have.length(2);
    await world.db.query(`update resources set system_default = 100 where name = 'nimbus.vm'`);
  });

  it('are left alone when the user has one', async () => {
    await world.acceptUsers('dan');
    await world.database.transact((tx) => world.projects.setProjectState(tx, 'dan', 'suspended'));
    const before = await world.db.query(`select xmin, * from projects where uuid = 'dan'`);
    await world.addUsers('eve');
    await world.database.transact((tx) =>
      world.projects.onUsersAccepted(tx, ['dan', 'eve', 'eve'].map(asUser)),
    );
    expect(await world.db.query(`select xmin, * from projects where uuid = 'dan'`)).to.deep.equal(
      before,
    );
    const ofVm = await world.holdings('nimbus.vm');
    expect(ofVm['project:dan']).to.deep.equal([0n, 0n, 0n]);
    expect(ofVm['project:eve']).to.deep.equal([100n, 0n, 0n]);
  });

  it('are not put over an ordinary project with the id of the user', async () => {
    await world.addUsers('fay');
    await world.insertProject('fay', 'active');
    const outcome = await world.database
      .transact((tx) => world.projects.onUsersAccepted(tx, [asUser('fay')]))
      .catch((error: unknown) => error);
    expect(outcome).to.include({ kind: 'already-exists', reason: 'ALREADY_EXISTS' });
  });

  it('are created once when two transactions accept the same user', async () => {
    await world.addUsers('gus');
    const accept = () =>
      world.database.transact((tx) => world.projects.onUsersAccepted(tx, [asUser('gus')]));
    await Promise.all([accept(), accept(), accept()]);
    const rows = await world.db.query(
      `select 1 from projects p join project_memberships m on m.project_id = p.id
        where p.uuid = 'gus'`,
    );
    expect(rows).to.have.length(1);
  });

  it('of thousands of users cost as many statements as one', async () => {
    const uuids = Array.from({ length: 5_000 }, (_, index) => `many-${index}`);
    await world.addUsers('one', ...uuids);
    const statementsFor = (users: readonly string[]) =>
      world.database.transact(async (tx) => {
        const counting = new CountingTx(tx);
        await world.projects.onUsersAccepted(counting, users.map(asUser));
        return counting.statements;
      });
    expect(await statementsFor(uuids)).to.equal(await statementsFor(['one']));
    const [count] = await world.db.query<{ n: string }>(
      `select count(*) as n from holdings where source like 'project:many-%' and "limit" >= 100`,
    );
    expect(count!.n).to.equal('10000');
  });

  it('and nothing else exists of a user who was never accepted [5, 9.3]', async () => {
    await world.addUsers('ike');
    const holdings = await world.holdings('nimbus.vm');
    expect(Object.keys(holdings).filter((key) => key.includes('ike'))).to.deep.equal([]);
  });
});

describe('a newly registered resource', () => {
  let world: ProjectsWorld;
  before(async () => {
    world = await createProjectsWorld();
  });
  beforeEach(() => world.reset());
  after(() => world.close());

  it('is chargeable at once by every initialized project and membership [59, 8.3]', async () => {
    await world.acceptUsers('u', 'v');
    const members = [{ user: 'u' }, { user: 'v', state: 'requested' }];
    for (const state of ['active', 'suspended', 'terminated'])
      await world.declare({ uuid: state, name: `${state}.org`, owner: 'u', state, members });
    await world.declare({
      uuid: 'left',
      name: 'left.org',
      owner: 'u',
      members: [{ user: 'u', state: 'removed' }],
    });
    await world.insertProject('young', 'uninitialized');
    await world.insertProject('gone', 'deleted');

    await world.addResource('nimbus.ram', 1024n, 9n);

    expect(await world.holdings('nimbus.ram')).to.deep.equal({
      'project:u': [1024n, 0n, 0n],
      'user:u project:u': [1024n, 0n, 0n],
      'project:v': [1024n, 0n, 0n],
      'user:v project:v': [1024n, 0n, 0n],
      'project:active': [9n, 0n, 0n],
      'user:u project:active': [9n, 0n, 0n],
      'project:suspended': [0n, 0n, 0n],
      'user:u project:suspended': [0n, 0n, 0n],
      'project:terminated': [0n, 0n, 0n],
      'user:u project:terminated': [0n, 0n, 0n],
      'project:left': [9n, 0n, 0n],
      'user:u project:left': [0n, 0n, 0n],
    });
    const quotas = await world.db.query(
      `select p.uuid from project_quotas q join projects p on p.id = q.project_id
        where q.resource = 'nimbus.ram' and q.project_capacity = q.member_capacity`,
    );
    expect(quotas.map(({ uuid }) => uuid as string)).to.have.members([
      'u',
      'v',
      'active',
      'suspended',
      'terminated',
      'left',
    ]);
  });

  it('touches no other resource', async () => {
    await world.acceptUsers('u');
    await world.charge('nimbus.vm');
    await world.addResource('nimbus.ram', 1n, 1n);
    expect(await world.holdings('nimbus.vm')).to.deep.equal({
      'project:u': [100n, 3n, 5n],
      'user:u project:u': [100n, 3n, 5n],
    });
  });

  it('is not missed by a user who is accepted during the registration [59]', async () => {
    await world.addUsers('late');
    const gate = createGate();
    const registration = world.database.transact(async (tx) => {
      await insertResource(tx, 'nimbus.ram', 1024n, 9n);
      await world.projects.onResourcesRegistered(tx, [resourceDefaults('nimbus.ram', 1024n, 9n)]);
      await gate.opened;
    });
    await eventually(async () => (await waiting('granted')) === 1);
    const acceptance = world.database.transact((tx) =>
      world.projects.onUsersAccepted(tx, [asUser('late')]),
    );
    await eventually(async () => (await waiting('not granted')) === 1);
    gate.open();
    await Promise.all([registration, acceptance]);
    expect(await world.holdings('nimbus.ram')).to.deep.equal({
      'project:late': [1024n, 0n, 0n],
      'user:late project:late': [1024n, 0n, 0n],
    });
  });

  it('is not missed by a member whose acceptance began before the registration', async () => {
    await world.acceptUsers('u', 'v');
    await world.declare({ uuid: 'p', name: 'p.org', owner: 'u' });
    const gate = createGate();
    const acceptance = world.database.transact(async (tx) => {
      await world.projects.setMembershipState(tx, { project: 'p', user: 'v' }, 'accepted');
      await gate.opened;
    });
    await eventually(async () => (await waiting('granted')) === 1);
    const registration = world.addResource('nimbus.ram', 1024n, 9n);
    await eventually(async () => (await waiting('not granted')) === 1);
    gate.open();
    await Promise.all([acceptance, registration]);
    expect(await world.holdings('nimbus.ram')).to.deep.include({
      'project:p': [9n, 0n, 0n],
      'user:v project:p': [9n, 0n, 0n],
    });
  });

  async function waiting(condition: 'granted' | 'not granted'): Promise<number> {
    const rows = await world.db.query(
      `select 1 from pg_locks
        where locktype = 'advisory' and ${condition}
          and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows.length;
  }
});
