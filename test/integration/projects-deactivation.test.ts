/**
 * Goal: deactivating a user by a state file suspends what the user may use and owns, and activating
 * him again resumes exactly that (quota specification, 9.3; errata of the astakos part, point 14).
 * Method: state files on the wired slices, everything charged beforehand; states, reasons and
 * limits are compared after each file.
 */
import { expect } from 'chai';
import { stringify } from 'yaml';
import type { Tx } from '../../src/db/tx.js';
import type { ProjectMembershipState, ProjectState } from '../../src/projects/index.js';
import { applyStateText } from '../../src/state/apply.js';
import { eventually } from '../support/eventually.js';
import {
  type Counters,
  CountingTx,
  createGate,
  createProjectsWorld,
  type ProjectsWorld,
} from './projects-world.js';

describe('deactivating a user by apply [9.3, errata 14]', () => {
  let world: ProjectsWorld;

  before(async () => {
    world = await createProjectsWorld();
  });
  beforeEach(async () => {
    await world.reset();
    await apply({ users: ['ann', 'bob', 'own'].map((uuid) => user(uuid)) });
  });
  after(() => world.close());

  const user = (uuid: string, more: Record<string, unknown> = {}) => ({
    uuid,
    username: uuid,
    email: `${uuid}@example.org`,
    ...more,
  });

  const project = (uuid: string, owner: string, members: Record<string, string | undefined>) => ({
    uuid,
    name: `${uuid}.org`,
    owner,
    resources: { 'nimbus.vm': { project_capacity: 40, member_capacity: 10 } },
    members: Object.entries(members).map(([member, state]) => ({ user: member, state })),
  });

  /** Applies a state file and returns what was not left unchanged, an object per line. */
  async function apply(file: Record<string, unknown>): Promise<readonly string[]> {
    const lines = await applyStateText(world, stringify(file), 'state.yaml');
    return lines
      .filter(({ outcome }) => outcome !== 'unchanged')
      .map(({ kind, name, outcome }) => `${kind} ${name} ${outcome}`);
  }

  const activity = (uuid: string, active: boolean) => apply({ users: [user(uuid, { active })] });

  const run = <T>(work: (tx: Tx) => Promise<T>) => world.database.transact(work);
  const projectTo = (uuid: string, state: ProjectState) =>
    run((tx) => world.projects.setProjectState(tx, uuid, state));
  const memberTo = (at: string, member: string, state: ProjectMembershipState) =>
    run((tx) => world.projects.setMembershipState(tx, { project: at, user: member }, state));

  /** Returns `state` or `state: reason` of every project, and of every membership as `project/user`. */
  async function standings(): Promise<Record<string, string>> {
    const rows = await world.db.query<{ key: string; standing: string }>(
      `select uuid as key, concat_ws(': ', state, suspension_reason) as standing from projects
       union all
       select p.uuid || '/' || m.user_uuid, concat_ws(': ', m.state, m.suspension_reason)
         from project_memberships m join projects p on p.id = m.project_id`,
    );
    return Object.fromEntries(rows.map(({ key, standing }) => [key, standing]));
  }

  const limits = async () => {
    const holdings = Object.entries(await world.holdings('nimbus.vm'));
    return Object.fromEntries(holdings.map(([key, [limit]]) => [key, limit]));
  };

  const WAITING = 'suspended: user_deactivation';

  it('suspends his system project, effective memberships and active projects', async () => {
    await apply({
      projects: [
        project('joined', 'own', { ann: 'accepted', bob: 'accepted' }),
        project('leaving', 'own', { ann: 'leave_requested' }),
        project('asked', 'own', { ann: 'requested' }),
        project('left', 'own', { ann: 'removed' }),
        project('owned', 'ann', { bob: 'accepted' }),
        { ...project('ended', 'ann', { ann: 'accepted' }), state: 'terminated' },
      ],
    });
    await world.charge('nimbus.vm');
    const before = { standings: await standings(), holdings: await world.holdings('nimbus.vm') };

    expect(await activity('ann', false)).to.deep.equal(['user ann updated']);

    expect(await standings()).to.deep.equal({
      ...before.standings,
      ann: WAITING,
      'ann/ann': WAITING,
      'joined/ann': WAITING,
      'leaving/ann': WAITING,
      owned: WAITING,
      'ended/ann': WAITING,
    });
    const nothing: Counters = [0n, 3n, 5n];
    expect(await world.holdings('nimbus.vm')).to.deep.equal({
      ...before.holdings,
      'project:ann': nothing,
      'user:ann project:ann': nothing,
      'user:ann project:joined': nothing,
      'user:ann project:leaving': nothing,
      'project:owned': nothing,
      'user:bob project:owned': nothing,
    });

    expect(await activity('ann', true)).to.deep.equal(['user ann updated']);

    expect(await standings()).to.deep.equal({ ...before.standings, 'leaving/ann': 'accepted' });
    expect(await world.holdings('nimbus.vm')).to.deep.equal(before.holdings);
  });

  it('leaves alone what an operator had suspended by hand', async () => {
    await apply({
      projects: [
        project('owned', 'ann', { bob: 'accepted' }),
        project('joined', 'own', { ann: 'accepted' }),
      ],
    });
    await projectTo('owned', 'suspended');
    await projectTo('ann', 'suspended');
    await memberTo('joined', 'ann', 'suspended');
    const before = await standings();
    await activity('ann', false);
    expect(await standings()).to.deep.equal({ ...before, 'ann/ann': WAITING });
    await activity('ann', true);
    expect(await standings()).to.deep.equal(before);
    expect(await limits()).to.include({ 'project:ann': 0n, 'user:ann project:joined': 0n });
  });

  it('does not resume what was suspended by hand or ended while he was inactive', async () => {
    await apply({
      projects: [
        project('again', 'ann', {}),
        project('ended', 'ann', {}),
        project('declared', 'ann', {}),
        project('resumed', 'ann', {}),
        project('one', 'own', { ann: 'accepted' }),
        project('two', 'own', { ann: 'accepted' }),
        project('three', 'own', { ann: 'accepted' }),
      ],
    });
    await activity('ann', false);
    await projectTo('again', 'active');
    await projectTo('again', 'suspended');
    await projectTo('ended', 'terminated');
    await projectTo('resumed', 'active');
    await memberTo('one', 'ann', 'accepted');
    await memberTo('one', 'ann', 'suspended');
    await memberTo('two', 'ann', 'removed');
    expect(
      await apply({
        projects: [
          { uuid: 'declared', state: 'suspended' },
          { uuid: 'three', members: [{ user: 'ann', state: 'suspended' }] },
        ],
      }),
    ).to.deep.equal(['project declared.org updated', 'project member three.org/ann updated']);

    await activity('ann', true);

    expect(await standings()).to.include({
      again: 'suspended',
      ended: 'terminated',
      declared: 'suspended',
      resumed: 'active',
      'one/ann': 'suspended',
      'two/ann': 'removed',
      'three/ann': 'suspended',
      ann: 'active',
      'ann/ann': 'accepted',
    });
  });

  it('keeps the reason through changes that are no transitions', async () => {
    await apply({ projects: [project('owned', 'ann', {})] });
    await activity('ann', false);
    await apply({
      projects: [
        {
          uuid: 'owned',
          description: 'new',
          resources: { 'nimbus.vm': { project_capacity: 50, member_capacity: 5 } },
        },
      ],
    });
    expect(await standings()).to.include({ owned: WAITING });
    await activity('ann', true);
    expect(await limits()).to.include({ 'project:owned': 50n });
  });

  it('suspends from the start who is created accepted and inactive [errata 8]', async () => {
    await activity('late', false);
    expect(await standings()).to.include({ late: WAITING, 'late/late': WAITING });
    expect(await limits()).to.include({ 'project:late': 0n, 'user:late project:late': 0n });
    await activity('late', true);
    expect(await standings()).to.include({ late: 'active', 'late/late': 'accepted' });
    expect(await limits()).to.include({ 'project:late': 100n, 'user:late project:late': 100n });
  });

  it('does nothing to users who were never accepted', async () => {
    const before = await standings();
    await apply({ users: [user('guest', { accepted: false, active: false })] });
    await apply({ users: [user('guest', { accepted: false, active: true })] });
    expect(await standings()).to.deep.equal(before);
  });

  it('suspends and resumes several users in one file, each for himself', async () => {
    await apply({ projects: [project('p', 'own', { ann: undefined, bob: undefined })] });
    await activity('ann', false);
    await apply({ users: [user('ann'), user('bob', { active: false }), user('own')] });
    expect(await standings()).to.include({
      ann: 'active',
      'p/ann': 'accepted',
      bob: WAITING,
      'p/bob': WAITING,
      p: 'active',
    });
    await apply({ users: [user('bob'), user('own', { active: false })] });
    expect(await standings()).to.include({ p: WAITING, 'p/ann': 'accepted', 'p/bob': 'accepted' });
    expect(await limits()).to.include({ 'project:p': 0n, 'user:ann project:p': 0n });
  });

  it('is taken back together with the rest of a file that is refused', async () => {
    const before = await standings();
    const error: unknown = await apply({
      users: [user('ann', { active: false })],
      projects: [project('p', 'nobody', {})],
    }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect(await standings()).to.deep.equal(before);
    expect(await limits()).to.include({ 'project:ann': 100n });
  });

  describe('in a file that declares states, too', () => {
    const file = (active: boolean) => ({
      users: [user('ann', { active })],
      projects: [
        { ...project('owned', 'ann', { ann: 'accepted', bob: 'accepted' }), state: 'active' },
        { ...project('joined', 'own', { ann: undefined }), state: 'active' },
        { uuid: 'ann', state: 'active' },
      ],
    });
    const INACTIVE = {
      owned: WAITING,
      'owned/ann': WAITING,
      'owned/bob': 'accepted',
      joined: 'active',
      'joined/ann': WAITING,
      ann: WAITING,
    };
    const ACTIVE = {
      owned: 'active',
      'owned/ann': 'accepted',
      'owned/bob': 'accepted',
      joined: 'active',
      'joined/ann': 'accepted',
      ann: 'active',
    };

    it('suspends what exists, and changes nothing when applied again', async () => {
      await apply(file(true));
      expect(await standings()).to.include(ACTIVE);
      expect(await apply(file(false))).to.deep.equal(['user ann updated']);
      expect(await standings()).to.include(INACTIVE);
      expect(await apply(file(false))).to.deep.equal([]);
      expect(await standings()).to.include(INACTIVE);
      expect(await apply(file(true))).to.deep.equal(['user ann updated']);
      expect(await standings()).to.include(ACTIVE);
    });

    it('creates suspended what hangs on him, and resumes it with him', async () => {
      expect(await apply(file(false))).to.deep.equal([
        'user ann updated',
        'project owned.org created',
        'project member owned.org/ann created',
        'project member owned.org/bob created',
        'project joined.org created',
        'project member joined.org/ann created',
      ]);
      expect(await standings()).to.include(INACTIVE);
      expect(await limits()).to.include({
        'project:owned': 0n,
        'user:bob project:owned': 0n,
        'user:ann project:joined': 0n,
      });
      expect(await apply(file(false))).to.deep.equal([]);
      await apply(file(true));
      expect(await standings()).to.include(ACTIVE);
      expect(await limits()).to.include({ 'project:owned': 40n, 'user:ann project:joined': 10n });
    });

    it('lets an active project be handed over to somebody active', async () => {
      await apply(file(true));
      await activity('ann', false);
      await apply({ projects: [{ uuid: 'owned', owner: 'bob', state: 'active' }] });
      expect(await standings()).to.include({ owned: 'active', 'owned/ann': WAITING });
    });
  });

  it('waits for a change of one of his projects and suspends what it accepted', async () => {
    await apply({ projects: [project('p', 'own', { ann: 'requested' })] });
    const gate = createGate();
    const acceptance = run(async (tx) => {
      await world.projects.setMembershipState(tx, { project: 'p', user: 'ann' }, 'accepted');
      await gate.opened;
    });
    await eventually(async () => (await transactionsIn('idle in transaction')) === 1);
    const deactivation = activity('ann', false);
    await eventually(async () => (await transactionsIn('active', 'Lock')) === 1);
    gate.open();
    await Promise.all([acceptance, deactivation]);
    expect(await standings()).to.include({ 'p/ann': WAITING });
    expect(await limits()).to.include({ 'user:ann project:p': 0n });
  });

  it('costs as many statements for thousands of users as for one', async function () {
    this.timeout(60_000);
    const uuids = Array.from({ length: 3_000 }, (_, index) => `many-${index}`);
    await world.acceptUsers(...uuids);
    await apply({
      projects: [
        project('p', 'own', Object.fromEntries(uuids.map((uuid) => [uuid, undefined]))),
        ...uuids.slice(0, 300).map((uuid) => project(`of-${uuid}`, uuid, {})),
      ],
    });
    const statementsFor = (users: readonly string[], active: boolean) =>
      run(async (tx) => {
        const counting = new CountingTx(tx);
        const changes = users.map((uuid) => ({ uuid, active }));
        await world.projects.onUserActivityChanged(counting, changes);
        return counting.statements;
      });
    const few = await statementsFor(['ann'], false);
    expect(few).to.be.below(16);
    expect(await statementsFor(uuids, false)).to.equal(few);
    expect(await usable()).to.equal(0);
    expect(await statementsFor(uuids, true)).to.equal(few);
    expect(await usable()).to.equal(3_000 * 3 + 300);
  });

  it('never leaves a reason where nothing is suspended', async () => {
    for (const table of ['projects', 'project_memberships']) {
      const error: unknown = await world.db
        .query(`update ${table} set suspension_reason = 'user_deactivation'`)
        .catch((reason: unknown) => reason);
      expect(error).to.include({ constraint: `${table}_suspension_reason_check` });
    }
  });

  /** Counts the holdings of the many with a limit. */
  async function usable(): Promise<number> {
    const [row] = await world.db.query<{ n: number }>(
      `select count(*)::int as n from holdings where resource = 'nimbus.vm' and "limit" > 0
          and (holder like '%:many-%' or holder like 'project:of-%')`,
    );
    return row!.n;
  }

  async function transactionsIn(state: string, waitsFor = 'Client'): Promise<number> {
    const rows = await world.db.query(
      `select 1 from pg_stat_activity
        where datname = current_database() and state = $1 and wait_event_type = $2`,
      [state, waitsFor],
    );
    return rows.length;
  }
});
