// Goal: lists show each caller what sections 7.3 and 12.2 of the projects specification say.
// Method: a stack of its own with one project in each relation to the people who list; each filter
// and mode is compared by the names of the projects it finds.
import { expect } from 'chai';
import {
  approved,
  type Caller,
  createAdmin,
  createCaller,
  createCallers,
  done,
  listOf,
  membershipFrom,
  outcomeOf,
  startProjects,
  submitted,
  textOf,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

describe('lists of projects', function () {
  this.timeout(60_000);

  let stack: Stack;
  let [admin, owner, plain, other]: Caller[] = [];
  /** Shown names by id, of all projects there are. */
  const names = new Map<string, string>();

  before(async () => {
    stack = await startProjects();
    admin = await createAdmin(stack);
    [owner, plain, other] = await createCallers(stack, 3);
    for (const [name, one] of Object.entries({ admin, owner, plain, other }))
      names.set(one!.uuid, `system of ${name}`);

    const active = (name: string, fields: object = {}) =>
      create(name, fields).then(async (project) => {
        await done(admin!.calls.judge(project, 'approve'));
        return project;
      });
    const enroll = (id: string) => membershipFrom(owner!.calls.enroll(id, plain!));

    await active('public.test');
    await active('private.test', { private: true });
    const asked = await active('asked.test', { private: true });
    const entered = await active('entered.test', { private: true });
    const leaving = await active('leaving.test', { leave_policy: 'moderated' });
    const suspended = await active('suspended.test');
    const terminated = await active('terminated.test');
    const left = await active('left.test');
    const deleted = await create('deleted.test');
    await create('waiting.test');
    const denied = await create('denied.test');
    // A request that was made before the project became private.
    await askPrivately(asked.id);
    await enroll(entered.id);
    const leave = await enroll(leaving.id);
    await done(plain!.calls.move(leave, 'leave'));
    await enroll(suspended.id);
    await enroll(terminated.id);
    await done(plain!.calls.move(await enroll(left.id), 'leave'));
    await done(admin.calls.act(suspended.id, 'suspend'));
    await done(admin.calls.act(terminated.id, 'terminate'));
    await done(admin.calls.act(left.id, 'suspend'));
    await done(owner!.calls.judge(deleted, 'cancel'));
    await done(admin.calls.judge(denied, 'deny'));
    // Applied for in another's name.
    const given = await submitted(plain!.calls.create({ name: 'given.test', owner: owner!.uuid }));
    names.set(given.id, 'given.test');
  });
  after(() => stack.stop());

  async function create(name: string, fields: object = {}) {
    const project = await submitted(owner!.calls.create({ name, ...fields }));
    names.set(project.id, name);
    // Later creations would otherwise meet the limit of pending applications.
    await stack.apply(
      JSON.stringify({
        projects: [
          {
            uuid: owner!.uuid,
            resources: { 'astakos.pending_app': { project_capacity: 99, member_capacity: 99 } },
          },
        ],
      }),
    );
    return project;
  }

  async function askPrivately(id: string) {
    const open = await submitted(owner!.calls.modify(id, { private: false }));
    await done(admin!.calls.judge(open, 'approve'));
    await membershipFrom(plain!.calls.join(id));
    const shut = await submitted(owner!.calls.modify(id, { private: true }));
    await done(admin!.calls.judge(shut, 'approve'));
  }

  /** Names of what a query finds, in the order of the answer. */
  async function found(who: Caller, query: string): Promise<readonly string[]> {
    const entries = await listOf(who.calls.list(query));
    return entries.map(({ id }) => names.get(textOf(id)) ?? `unknown ${textOf(id)}`);
  }

  const ALIVE = ['public', 'private', 'asked', 'entered', 'leaving'].map((name) => `${name}.test`);
  const OWNED = [
    ...ALIVE,
    ...['suspended', 'terminated', 'left', 'deleted', 'waiting', 'denied', 'given'].map(
      (name) => `${name}.test`,
    ),
  ];
  const SYSTEM = ['system of admin', 'system of owner', 'system of plain', 'system of other'];

  describe('behaviour 41', () => {
    it('state=active lists the system project and what the caller was enrolled in', async () => {
      const [fresh, hidden] = await createCallers(stack, 2);
      names.set(fresh!.uuid, 'system of fresh');
      const project = await approved(hidden!, admin!, { name: 'fresh.test', private: true });
      names.set(project.id, 'fresh.test');
      await membershipFrom(hidden!.calls.enroll(project.id, fresh!));
      const query = '?state=active&mode=member';
      expect(await found(fresh!, query)).to.deep.equal(['system of fresh', 'fresh.test']);
      expect(await found(fresh!, '?state=active')).to.deep.equal([
        ...['public.test', 'leaving.test', 'system of fresh', 'fresh.test'],
      ]);
    });

    it('state lists one state only', async () => {
      expect(await found(owner!, '?state=deleted')).to.deep.equal(['deleted.test']);
      expect(await found(owner!, '?state=terminated')).to.deep.equal(['terminated.test']);
      expect(await found(owner!, '?state=suspended')).to.deep.equal([
        'suspended.test',
        'left.test',
      ]);
      expect(await found(owner!, '?state=uninitialized')).to.deep.equal([
        ...['waiting.test', 'denied.test', 'given.test'],
      ]);
      expect(await found(plain!, '?state=deleted')).to.deep.equal([]);
      expect(await found(plain!, '?state=uninitialized')).to.deep.equal(['given.test']);
      expect(await found(admin!, '?state=deleted')).to.deep.equal(['deleted.test']);
    });

    it('name matches the shown name exactly, in every state', async () => {
      for (const name of OWNED) {
        expect(await found(owner!, `?name=${name}`)).to.deep.equal([name]);
        expect(await found(owner!, `?name=${name.toUpperCase()}`)).to.deep.equal([]);
      }
      expect(await found(plain!, '?name=private.test')).to.deep.equal([]);
      expect(await found(owner!, '?name=public.test&state=suspended')).to.deep.equal([]);
    });

    it('owner matches the uuid of the owner, within what the caller may see', async () => {
      expect(await found(owner!, `?owner=${owner!.uuid}`)).to.deep.equal(OWNED);
      expect(await found(other!, `?owner=${owner!.uuid}`)).to.deep.equal([
        ...['public.test', 'leaving.test'],
      ]);
      expect(await found(owner!, `?owner=${plain!.uuid}`)).to.deep.equal([]);
      expect(await found(admin!, `?owner=${owner!.uuid}&state=deleted`)).to.deep.equal([
        'deleted.test',
      ]);
    });
  });

  describe('behaviour 42', () => {
    it('mode=member lists active projects with effective membership', async () => {
      expect(await found(plain!, '?mode=member')).to.deep.equal([
        ...['system of plain', 'entered.test', 'leaving.test'],
      ]);
      expect(await found(owner!, '?mode=member')).to.deep.equal(['system of owner']);
    });

    it('mode=member lists only the own memberships of an admin', async () => {
      expect(await found(admin!, '?mode=member')).to.deep.equal(['system of admin']);
    });

    it('mode=member drops what is suspended and shows it again afterwards', async () => {
      const [id] = [...names].find(([, name]) => name === 'entered.test')!;
      await done(admin!.calls.act(id, 'suspend'));
      expect(await found(plain!, '?mode=member')).to.not.include('entered.test');
      expect(await found(plain!, '')).to.include('entered.test');
      await done(admin!.calls.act(id, 'unsuspend'));
      expect(await found(plain!, '?mode=member')).to.include('entered.test');
    });
  });

  describe('behaviour 43', () => {
    it('the default mode lists what the caller may see', async () => {
      const seen = [
        'system of plain',
        ...['public.test', 'entered.test', 'leaving.test', 'suspended.test', 'terminated.test'],
        'given.test',
      ];
      expect(await found(plain!, '?mode=default')).to.have.members(seen);
      expect(await found(plain!, '')).to.have.members(seen);
      expect(await found(owner!, '')).to.have.members(['system of owner', ...OWNED]);
      expect(await found(other!, '')).to.have.members([
        ...['system of other', 'public.test', 'leaving.test'],
      ]);
    });

    it('the default mode lists exactly what retrieving shows', async () => {
      for (const who of [owner!, plain!, other!]) {
        const listed = new Set((await listOf(who.calls.list())).map(({ id }) => textOf(id)));
        for (const [id, name] of names) {
          const outcome = outcomeOf(await who.calls.retrieve(id));
          expect(outcome.slice(0, 3), name).to.equal(listed.has(id) ? '200' : '403');
        }
      }
    });

    it('the default mode lists everything to an admin', async () => {
      expect(await found(admin!, '')).to.include.members([...SYSTEM, ...OWNED]);
      expect(await found(admin!, '?mode=related')).to.include.members([...SYSTEM, ...OWNED]);
      expect(await found(admin!, '?mode=active')).to.include.members([...SYSTEM, ...OWNED]);
    });

    it('mode=active and mode=related divide what the default mode lists', async () => {
      expect(await found(plain!, '?mode=active')).to.deep.equal(['public.test', 'leaving.test']);
      expect(await found(plain!, '?mode=related')).to.deep.equal([
        'system of plain',
        ...['entered.test', 'leaving.test', 'suspended.test', 'terminated.test'],
      ]);
      expect(await found(owner!, '?mode=related&state=active')).to.deep.equal([
        'system of owner',
        ...ALIVE,
      ]);
    });
  });

  it('every entry of a list is what retrieving shows (section 7.3)', async () => {
    for (const who of [owner!, plain!, admin!]) {
      for (const entry of await listOf(who.calls.list())) {
        const { json } = await who.calls.retrieve(textOf(entry['id']));
        expect(json).to.deep.equal(entry);
      }
    }
  });

  describe('behaviour 44: memberships', () => {
    const idOf = (name: string) => [...names].find(([, one]) => one === name)![0];

    it('of a project are all shown to its owner, and to others their own', async () => {
      const leaving = idOf('leaving.test');
      await membershipFrom(owner!.calls.join(leaving));
      await membershipFrom(other!.calls.join(leaving));
      const usersOf = async (who: Caller) => {
        const entries = await listOf(who.calls.memberships(`?project=${leaving}`));
        for (const { project } of entries) expect(project).to.equal(leaving);
        return entries.map(({ user }) => user);
      };
      expect(await usersOf(owner!)).to.deep.equal([plain!.uuid, owner!.uuid, other!.uuid]);
      expect(await usersOf(plain!)).to.deep.equal([plain!.uuid]);
      expect(await usersOf(other!)).to.deep.equal([other!.uuid]);
      expect(await usersOf(admin!)).to.deep.equal([plain!.uuid, owner!.uuid, other!.uuid]);
      expect(await listOf(owner!.calls.memberships('?project=nope'))).to.deep.equal([]);
      expect(await listOf(owner!.calls.memberships(`?project=${plain!.uuid}`))).to.deep.equal([]);
    });

    it('are shown in every state, ascending by id, with what retrieving shows', async () => {
      const states = async (who: Caller) => {
        const entries = await listOf(who.calls.memberships());
        const ids = entries.map(({ id }) => id as bigint);
        expect(ids).to.deep.equal([...ids].sort((a, b) => (a < b ? -1 : 1)));
        for (const entry of entries)
          expect((await who.calls.membership(entry['id'] as bigint)).json).to.deep.equal(entry);
        return entries.map(({ state }) => textOf(state));
      };
      expect(await states(plain!)).to.have.members([
        ...['accepted', 'requested', 'accepted', 'leave_requested', 'accepted', 'accepted'],
        'removed',
      ]);
      expect(await states(other!)).to.deep.equal(['accepted', 'requested']);
      expect((await states(admin!)).length).to.be.at.least(11);
    });

    it('of nobody else are shown to a stranger', async () => {
      const stranger = await createCaller(stack);
      const entries = await listOf(stranger.calls.memberships());
      expect(entries.map(({ user, project }) => [user, project])).to.deep.equal([
        [stranger.uuid, stranger.uuid],
      ]);
    });
  });
});
