/**
 * Goal: the section `projects` of a state file creates and updates what it says, says truthfully
 * what it did, and refuses what cannot be. Method: entries are read by the section's own schema and
 * applied to a real database; rows, report and refusals are compared.
 */
import { expect } from 'chai';
import { UNLIMITED } from '../../src/kernel/quantity.js';
import { BrokenReference } from '../../src/state/section.js';
import { createProjectsWorld, type ProjectsWorld } from './projects-world.js';

const VM = (project_capacity: bigint | number, member_capacity: bigint | number) => ({
  'nimbus.vm': { project_capacity, member_capacity },
});

describe('the section projects of a state file', () => {
  let world: ProjectsWorld;
  before(async () => {
    world = await createProjectsWorld();
  });
  beforeEach(async () => {
    await world.reset();
    await world.acceptUsers('u', 'v', 'w');
    await world.db.query(`insert into users (uuid, username, email, accepted)
                          values ('stranger', 'stranger', 's@example.org', false)`);
  });
  after(() => world.close());

  const P = { uuid: 'p', name: 'p.org', owner: 'u' };

  async function refusal(...entries: unknown[]): Promise<string> {
    const error: unknown = await world.declare(...entries).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(BrokenReference);
    const { path, message } = error as BrokenReference;
    return `${path.join('.')}: ${message}`;
  }

  const project = async (uuid: string) => {
    const [row] = await world.db.query(`select * from projects where uuid = $1`, [uuid]);
    return row!;
  };

  const everything = () =>
    world.db.query(
      `select 'projects' as t, xmin::text, uuid as k, updated_at from projects
       union all select 'quotas', xmin::text, project_id || resource, null from project_quotas
       union all select 'memberships', xmin::text, id::text, updated_at from project_memberships
       union all select 'holdings', xmin::text, id::text, null from holdings order by 1, 3`,
    );

  describe('creating', () => {
    it('gives what is left out its default', async () => {
      expect(await world.declare(P)).to.deep.equal(['project p.org created']);
      const row = await project('p');
      expect(row).to.include({
        realname: 'p.org',
        name: 'p.org',
        state: 'active',
        owner: 'u',
        description: '',
        join_policy: 'moderated',
        leave_policy: 'auto',
        max_members: UNLIMITED.toString(),
        private: false,
        is_system: false,
      });
      const years = (row['end_date'] as Date).getUTCFullYear() - new Date().getUTCFullYear();
      expect(years).to.be.within(99, 101);
    });

    it('stores everything that can be declared', async () => {
      const lines = await world.declare({
        ...P,
        description: 'Ünïcode',
        state: 'suspended',
        end_date: '2030-01-01T02:00:00+02:00',
        join_policy: 'auto',
        leave_policy: 'closed',
        max_members: UNLIMITED,
        resources: VM(UNLIMITED, 4),
        members: [{ user: 'u' }, { user: 'v', state: 'requested' }],
      });
      expect(lines).to.deep.equal([
        'project p.org created',
        'project member p.org/u created',
        'project member p.org/v created',
      ]);
      expect(await project('p')).to.deep.include({
        description: 'Ünïcode',
        state: 'suspended',
        end_date: new Date('2030-01-01T00:00:00Z'),
        join_policy: 'auto',
        leave_policy: 'closed',
        max_members: UNLIMITED.toString(),
      });
      const quotas = await world.db.query(
        `select resource, project_capacity, member_capacity from project_quotas q
           join projects p on p.id = q.project_id where p.uuid = 'p' order by 1`,
      );
      expect(quotas).to.deep.equal([
        {
          resource: 'astakos.pending_app',
          project_capacity: UNLIMITED.toString(),
          member_capacity: UNLIMITED.toString(),
        },
        {
          resource: 'nimbus.vm',
          project_capacity: UNLIMITED.toString(),
          member_capacity: '4',
        },
      ]);
    });

    it('completes resources that are not named with the project default [5]', async () => {
      await world.addResource('nimbus.ram', 1024n, 9n);
      await world.declare({ ...P, resources: VM(40n, 4n), members: [{ user: 'v' }] });
      expect(await world.holdings('nimbus.vm')).to.deep.include({
        'project:p': [40n, 0n, 0n],
        'user:v project:p': [4n, 0n, 0n],
      });
      expect(await world.holdings('nimbus.ram')).to.deep.include({
        'project:p': [9n, 0n, 0n],
        'user:v project:p': [9n, 0n, 0n],
      });
    });

    it('gives holdings to members once accepted, and to nobody else [9.2]', async () => {
      const members = ['requested', 'rejected', 'cancelled', 'leave_requested', 'suspended'];
      const users = members.map((state) => `m-${state}`);
      await world.addUsers(...users);
      await world.declare({
        ...P,
        resources: VM(40, 4),
        members: members.map((state) => ({ user: `m-${state}`, state })),
      });
      const holdings = Object.entries(await world.holdings('nimbus.vm'));
      expect(Object.fromEntries(holdings.filter(([key]) => key.includes('m-')))).to.deep.equal({
        'user:m-leave_requested project:p': [4n, 0n, 0n],
        'user:m-suspended project:p': [0n, 0n, 0n],
      });
    });
  });

  describe('declaring again', () => {
    const FULL = {
      ...P,
      description: 'text',
      end_date: '2030-01-01T00:00:00.123456Z',
      resources: VM(40, 4),
      members: [{ user: 'u' }, { user: 'v', state: 'requested' }],
    };

    it('changes and writes nothing when all is as declared', async () => {
      await world.declare(FULL, { uuid: 'u', resources: VM(50, 50) });
      await world.charge('nimbus.vm');
      const before = await everything();
      expect(
        await world.declare(FULL, { uuid: 'u', resources: VM(50, 50) }, { uuid: 'v' }),
      ).to.deep.equal([
        'project p.org unchanged',
        'project system:u unchanged',
        'project system:v unchanged',
      ]);
      expect(await everything()).to.deep.equal(before);
    });

    it('leaves alone what it does not name', async () => {
      await world.declare({ ...FULL, join_policy: 'closed', state: 'suspended' });
      expect(await world.declare({ uuid: 'p' })).to.deep.equal(['project p.org unchanged']);
      expect(await world.declare({ uuid: 'p', members: [{ user: 'v' }] })).to.deep.equal([
        'project p.org unchanged',
      ]);
      expect(await project('p')).to.include({ join_policy: 'closed', state: 'suspended' });
    });

    it('replaces the pairs it names and keeps the others and usage', async () => {
      await world.addResource('nimbus.ram', 1024n, 9n);
      await world.declare(FULL);
      await world.charge('nimbus.vm');
      expect(await world.declare({ uuid: 'p', resources: VM(2, 1) })).to.deep.equal([
        'project p.org updated',
      ]);
      expect(await world.holdings('nimbus.vm')).to.deep.include({
        'project:p': [2n, 3n, 5n],
        'user:u project:p': [1n, 3n, 5n],
      });
      expect(await world.holdings('nimbus.ram')).to.deep.include({ 'project:p': [9n, 0n, 0n] });
    });

    it('moves the project and its members to the declared states', async () => {
      await world.declare(FULL);
      await world.charge('nimbus.vm');
      const declared = [
        ['suspended', 'removed', [0n, 3n, 5n], [0n, 3n, 5n]],
        ['active', 'accepted', [40n, 3n, 5n], [4n, 3n, 5n]],
        ['terminated', 'suspended', [0n, 3n, 5n], [0n, 3n, 5n]],
        ['suspended', 'leave_requested', [0n, 3n, 5n], [0n, 3n, 5n]],
        ['active', 'requested', [40n, 3n, 5n], [0n, 3n, 5n]],
      ] as const;
      for (const [state, membership, ofProject, ofMember] of declared) {
        const members = [{ user: 'u', state: membership }];
        expect(await world.declare({ uuid: 'p', state, members })).to.deep.equal([
          'project p.org updated',
          'project member p.org/u updated',
        ]);
        expect(await world.holdings('nimbus.vm')).to.deep.include({
          'project:p': ofProject,
          'user:u project:p': ofMember,
        });
      }
    });

    it('reports a member that changed below a project that did not', async () => {
      await world.declare(FULL);
      const members = [{ user: 'u' }, { user: 'v', state: 'accepted' }, { user: 'w' }];
      const before = (await project('p'))['updated_at'] as Date;
      expect(await world.declare({ uuid: 'p', members })).to.deep.equal([
        'project p.org unchanged',
        'project member p.org/v updated',
        'project member p.org/w created',
      ]);
      expect((await project('p'))['updated_at']).to.deep.equal(before);
      expect(await world.holdings('nimbus.vm')).to.deep.include({
        'user:v project:p': [4n, 0n, 0n],
        'user:w project:p': [4n, 0n, 0n],
      });
    });

    it('touches usage and pending quantities of nobody [54]', async () => {
      await world.declare(FULL);
      await world.charge('nimbus.vm');
      await world.declare({ ...FULL, state: 'terminated', resources: VM(0, 0) });
      for (const counters of Object.values(await world.holdings('nimbus.vm')))
        expect(counters.slice(1)).to.deep.equal([3n, 5n]);
    });
  });

  describe('names', () => {
    it('may change, and go round among the projects of a file', async () => {
      const Q = { uuid: 'q', name: 'q.org', owner: 'u' };
      await world.declare(P, Q);
      const swapped = [
        { ...P, name: 'q.org' },
        { ...Q, name: 'p.org' },
      ];
      expect(await world.declare(...swapped)).to.deep.equal([
        'project q.org updated',
        'project p.org updated',
      ]);
      expect(await project('p')).to.include({ name: 'q.org', realname: 'q.org' });
      expect(await project('q')).to.include({ name: 'p.org', realname: 'p.org' });
      expect(await world.declare(...swapped)).to.deep.equal([
        'project q.org unchanged',
        'project p.org unchanged',
      ]);
    });

    it('are free again once their project is terminated, in the same file, too', async () => {
      await world.declare(P);
      expect(
        await world.declare(
          { uuid: 'q', name: 'p.org', owner: 'u' },
          { uuid: 'p', state: 'terminated' },
        ),
      ).to.deep.equal(['project p.org created', 'project p.org updated']);
      expect(await project('p')).to.include({ name: null, realname: 'p.org' });
    });

    it('may not be those of other alive projects, whether in the file or not [6]', async () => {
      await world.declare(P);
      const taken = "project with name 'p.org' already exists (id: p)";
      const Q = { uuid: 'q', name: 'p.org', owner: 'u' };
      expect(await refusal(Q)).to.equal(`0.name: ${taken}`);
      expect(await refusal({ uuid: 'u' }, P, Q)).to.equal(`2.name: ${taken}`);
      expect(await refusal(Q, P)).to.equal(`0.name: ${taken}`);
      expect(
        await refusal({ ...Q, name: 'new.org' }, { uuid: 'r', name: 'new.org', owner: 'u' }),
      ).to.equal("1.name: project with name 'new.org' already exists (id: q)");
      await world.declare({ ...Q, state: 'terminated' });
      expect(await refusal({ uuid: 'q', state: 'active' })).to.equal(`0.name: ${taken}`);
      expect(await refusal({ uuid: 'q', state: 'suspended' })).to.equal(`0.name: ${taken}`);
      await world.declare({ ...Q, name: 'q.org', state: 'active' });
    });

    it('are compared exactly [6]', async () => {
      await world.declare(P, { uuid: 'q', name: 'P.org', owner: 'u' });
    });
  });

  describe('refuses', () => {
    it('what does not exist, with the path of the entry that names it', async () => {
      expect(await refusal(P, { ...P, uuid: 'q', owner: 'nobody' })).to.equal(
        '1.owner: there is no accepted user nobody',
      );
      expect(await refusal({ ...P, owner: 'stranger' })).to.equal(
        '0.owner: there is no accepted user stranger',
      );
      expect(await refusal({ ...P, members: [{ user: 'u' }, { user: 'stranger' }] })).to.equal(
        '0.members.1.user: there is no accepted user stranger',
      );
      expect(
        await refusal({ ...P, resources: { vm: { project_capacity: 1, member_capacity: 1 } } }),
      ).to.equal('0.resources.vm: there is no resource vm');
    });

    it('what is declared twice', async () => {
      expect(await refusal(P, { uuid: 'p' })).to.equal('1.uuid: project p is declared twice');
      expect(await refusal({ ...P, members: [{ user: 'u' }, { user: 'u' }] })).to.equal(
        '0.members.1.user: user u is declared twice',
      );
    });

    it('a new project without name or owner', async () => {
      expect(await refusal({ uuid: 'p', owner: 'u' })).to.equal(
        '0.name: a new project needs a name',
      );
      expect(await refusal({ uuid: 'p', name: 'p.org' })).to.equal(
        '0.owner: a new project needs an owner',
      );
    });

    it('projects that were never approved or are deleted', async () => {
      for (const state of ['uninitialized', 'deleted']) {
        await world.insertProject(state, state);
        expect(await refusal({ uuid: state })).to.contain(`0.uuid: project ${state} is ${state}`);
      }
    });

    it('to give a system project what only others have [11]', async () => {
      expect(await refusal({ uuid: 'u', name: 'u.org' })).to.contain('0.name: ');
      expect(await refusal({ uuid: 'u', description: 'x' })).to.contain('0.description: ');
      expect(await refusal({ uuid: 'u', owner: 'u' })).to.contain('0.owner: ');
      expect(await refusal({ uuid: 'u', members: [] })).to.contain('0.members: ');
      expect(await refusal({ uuid: 'u', state: 'terminated' })).to.contain('0.state: ');
    });

    it('the whole file, without a trace of its other entries', async () => {
      const before = await everything();
      await refusal(P, { ...P, uuid: 'q' });
      expect(await everything()).to.deep.equal(before);
    });
  });

  it('changes capacities and state of system projects [11]', async () => {
    await world.charge('nimbus.vm');
    expect(
      await world.declare({ uuid: 'u', state: 'suspended', resources: VM(50, 20) }),
    ).to.deep.equal(['project system:u updated']);
    expect(await world.holdings('nimbus.vm')).to.deep.include({ 'project:u': [0n, 3n, 5n] });
    await world.declare({ uuid: 'u', state: 'active' });
    expect(await world.holdings('nimbus.vm')).to.deep.include({
      'project:u': [50n, 3n, 5n],
      'user:u project:u': [20n, 3n, 5n],
    });
  });

  it('creates each project once when two files are applied at the same time', async () => {
    const entry = { ...P, resources: VM(40, 4), members: [{ user: 'v' }] };
    const lines = await Promise.all([world.declare(entry), world.declare(entry)]);
    expect(lines.map(([first]) => first)).to.have.members([
      'project p.org created',
      'project p.org unchanged',
    ]);
  });
});
