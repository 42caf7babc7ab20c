/**
 * Goal: each event of section 9.3 of the quota specification sets the limits that its table says,
 * and never touches usage.
 * Method: one project with members in every state, charged beforehand; after each event all of its
 * holdings are compared.
 */
import { expect } from 'chai';
import type { Tx } from '../../src/db/tx.js';
import type { Quantity } from '../../src/kernel/quantity.js';
import type { ProjectMembershipState, ProjectState } from '../../src/projects/index.js';
import { type Counters, createProjectsWorld, type ProjectsWorld } from './projects-world.js';

describe('limits after events (quota specification, 9.3)', () => {
  let world: ProjectsWorld;

  before(async () => {
    world = await createProjectsWorld();
  });
  beforeEach(async () => {
    await world.reset();
    await world.acceptUsers('owner', 'new', 'asks', 'in', 'leaves', 'out', 'off');
    await world.declare({
      uuid: 'p',
      name: 'p.org',
      owner: 'owner',
      resources: { 'nimbus.vm': { project_capacity: 40n, member_capacity: 10n } },
      members: [
        { user: 'asks', state: 'requested' },
        { user: 'in' },
        { user: 'leaves', state: 'leave_requested' },
        { user: 'out', state: 'removed' },
        { user: 'off', state: 'suspended' },
      ],
    });
    await world.charge('nimbus.vm');
  });
  after(() => world.close());

  /** Holdings of the project: what an event leaves alone. */
  const START: Readonly<Record<string, Counters>> = {
    'project:p': [40n, 3n, 5n],
    'user:in project:p': [10n, 3n, 5n],
    'user:leaves project:p': [10n, 3n, 5n],
    'user:out project:p': [0n, 3n, 5n],
    'user:off project:p': [0n, 3n, 5n],
  };

  const NOTHING: Readonly<Record<string, Counters>> = {
    'project:p': [0n, 3n, 5n],
    'user:in project:p': [0n, 3n, 5n],
    'user:leaves project:p': [0n, 3n, 5n],
    'user:out project:p': [0n, 3n, 5n],
    'user:off project:p': [0n, 3n, 5n],
  };

  async function holdingsOfProject(): Promise<Record<string, Counters>> {
    const all = Object.entries(await world.holdings('nimbus.vm'));
    return Object.fromEntries(all.filter(([key]) => key.endsWith('project:p')));
  }

  const run = <T>(work: (tx: Tx) => Promise<T>) => world.database.transact(work);
  const projectTo = (state: ProjectState) =>
    run((tx) => world.projects.setProjectState(tx, 'p', state));
  const memberTo = (user: string, state: ProjectMembershipState) =>
    run((tx) => world.projects.setMembershipState(tx, { project: 'p', user }, state));
  const capacities = (projectCapacity: bigint, memberCapacity: bigint) =>
    run((tx) =>
      world.projects.setCapacities(tx, 'p', {
        'nimbus.vm': {
          projectCapacity: projectCapacity as Quantity,
          memberCapacity: memberCapacity as Quantity,
        },
      }),
    );
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('are created or set to the capacities when a project is activated', async () => {
    await world.insertProject('young.org', 'uninitialized');
    await run((tx) => world.projects.setProjectState(tx, 'young.org', 'active'));
    expect(await world.holdings('nimbus.vm')).to.deep.include({
      'project:young.org': [7n, 0n, 0n],
    });
  });

  it('follow new capacities, also below usage [54, 50]', async () => {
    const others = await world.holdings('astakos.pending_app');
    await capacities(4n, 2n);
    expect(await holdingsOfProject()).to.deep.equal({
      ...START,
      'project:p': [4n, 3n, 5n],
      'user:in project:p': [2n, 3n, 5n],
      'user:leaves project:p': [2n, 3n, 5n],
    });
    expect(await world.holdings('astakos.pending_app')).to.deep.equal(others);
  });

  it('keep new capacities for later while the project is suspended', async () => {
    await projectTo('suspended');
    await capacities(4n, 2n);
    expect(await holdingsOfProject()).to.deep.equal(NOTHING);
    await projectTo('active');
    expect(await holdingsOfProject()).to.deep.include({ 'project:p': [4n, 3n, 5n] });
  });

  it('fall to 0 on suspend and return on unsuspend [57]', async () => {
    await projectTo('suspended');
    expect(await holdingsOfProject()).to.deep.equal(NOTHING);
    await projectTo('active');
    expect(await holdingsOfProject()).to.deep.equal(START);
  });

  it('fall to 0 on terminate and return on reinstate [12]', async () => {
    await projectTo('terminated');
    expect(await holdingsOfProject()).to.deep.equal(NOTHING);
    const [row] = await world.db.query(`select name, realname from projects where uuid = 'p'`);
    expect(row).to.deep.equal({ name: null, realname: 'p.org' });
    await projectTo('active');
    expect(await holdingsOfProject()).to.deep.equal(START);
  });

  it('do not exist of an uninitialized project [12]', async () => {
    await world.insertProject('young', 'uninitialized');
    expect(Object.keys(await world.holdings('nimbus.vm'))).not.to.include('project:young');
  });

  it('do not come from a join request, its rejection or its cancellation [58]', async () => {
    await memberTo('new', 'requested');
    await memberTo('new', 'cancelled');
    await memberTo('asks', 'rejected');
    await memberTo('asks', 'requested');
    expect(await holdingsOfProject()).to.deep.equal(START);
  });

  it('of a member come with his acceptance [55]', async () => {
    await memberTo('asks', 'accepted');
    await memberTo('new', 'accepted');
    expect(await holdingsOfProject()).to.deep.equal({
      ...START,
      'user:asks project:p': [10n, 0n, 0n],
      'user:new project:p': [10n, 0n, 0n],
    });
    expect(await run((tx) => world.projects.visibleProjectIds(tx, 'new'))).to.deep.equal([
      'new',
      'p',
    ]);
  });

  it('of a member accepted into a suspended project are 0 until it is resumed', async () => {
    await projectTo('suspended');
    await memberTo('new', 'accepted');
    expect(await holdingsOfProject()).to.deep.include({ 'user:new project:p': [0n, 0n, 0n] });
    await projectTo('active');
    expect(await holdingsOfProject()).to.deep.include({ 'user:new project:p': [10n, 0n, 0n] });
  });

  it('stay when a member asks to leave, and so does the project [56]', async () => {
    await memberTo('in', 'leave_requested');
    expect(await holdingsOfProject()).to.deep.equal(START);
    expect(await run((tx) => world.projects.projectsOf(tx, 'in'))).to.deep.equal([
      { id: 'in', name: 'system:in' },
      { id: 'p', name: 'p.org' },
    ]);
  });

  it('fall to 0 when a member leaves or is removed, and the project disappears [55]', async () => {
    await memberTo('in', 'removed');
    await memberTo('leaves', 'removed');
    expect(await holdingsOfProject()).to.deep.equal({
      ...START,
      'user:in project:p': [0n, 3n, 5n],
      'user:leaves project:p': [0n, 3n, 5n],
    });
    expect(await run((tx) => world.projects.visibleProjectIds(tx, 'in'))).to.deep.equal(['in']);
  });

  it('return with the usage that was kept when a removed member is accepted again', async () => {
    const [before] = await world.db.query(
      `select id from project_memberships where user_uuid = 'out' and state = 'removed'`,
    );
    await memberTo('out', 'requested');
    expect(await holdingsOfProject()).to.deep.equal(START);
    const id = await memberTo('out', 'accepted');
    expect(id.toString()).to.equal(before!['id']);
    expect(await holdingsOfProject()).to.deep.include({ 'user:out project:p': [10n, 3n, 5n] });
  });

  it('fall to 0 when a membership is suspended and return afterwards', async () => {
    await memberTo('in', 'suspended');
    await memberTo('off', 'accepted');
    expect(await holdingsOfProject()).to.deep.equal({
      ...START,
      'user:in project:p': [0n, 3n, 5n],
      'user:off project:p': [10n, 3n, 5n],
    });
    expect(await run((tx) => world.projects.visibleProjectIds(tx, 'in'))).to.deep.equal(['in']);
  });

  it('of suspended and terminated projects stay visible to their members, deleted ones not', async () => {
    for (const state of ['suspended', 'terminated'] as const) {
      await projectTo(state);
      expect(await run((tx) => world.projects.visibleProjectIds(tx, 'in'))).to.include('p');
    }
    await world.db.query(`update projects set state = 'deleted' where uuid = 'p'`);
    expect(await run((tx) => world.projects.visibleProjectIds(tx, 'in'))).to.deep.equal(['in']);
  });

  it('are not touched by an event that is refused', async () => {
    expect(await failure(projectTo('active'))).to.include({ kind: 'wrong-state' });
    expect(await failure(projectTo('uninitialized'))).to.include({ kind: 'wrong-state' });
    expect(await failure(memberTo('in', 'accepted'))).to.include({ kind: 'wrong-state' });
    expect(await failure(memberTo('new', 'removed'))).to.include({ kind: 'wrong-state' });
    expect(await failure(capacities(4n, 5n))).to.include({ kind: 'invalid' });
    const unknown = (tx: Tx) => world.projects.setProjectState(tx, 'nowhere', 'active');
    expect(await failure(run(unknown))).to.include({ kind: 'not-found' });
    await projectTo('terminated');
    expect(await failure(memberTo('new', 'accepted'))).to.include({ kind: 'wrong-state' });
    expect(await holdingsOfProject()).to.deep.equal(NOTHING);
  });

  it('refuse capacities of resources that nobody registered', async () => {
    const pair = { projectCapacity: 1n as Quantity, memberCapacity: 1n as Quantity };
    const outcome = await failure(
      run((tx) => world.projects.setCapacities(tx, 'p', { 'nimbus.nothing': pair })),
    );
    expect(outcome).to.include({ kind: 'invalid' });
  });

  it('leave a terminated project alone whose name an alive one has meanwhile', async () => {
    await projectTo('terminated');
    await world.declare({ uuid: 'q', name: 'p.org', owner: 'owner' });
    const outcome = await failure(projectTo('active'));
    expect(outcome).to.include({
      kind: 'already-exists',
      message: "cannot approve: project with name 'p.org' already exists (id: q)",
    });
    expect(await holdingsOfProject()).to.deep.equal(NOTHING);
  });
});
