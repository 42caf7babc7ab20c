// Goal: every step of every membership is in its log, whoever made it, with who and why (projects
// specification, 4, 12.1 and 12.5), and each event of section 13 is recorded for whom it says.
// Method: memberships are moved in every way there is; after each test the logs must lead, without a
// gap, from nothing to the state that is stored.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../../src/kernel/failure.js';
import type { UserPrincipal } from '../../src/kernel/principal.js';
import { parsed } from '../../src/kernel/parsed.js';
import type { MembershipAction } from '../../src/projects/domain/membership-actions.js';
import { createMemberships, type Memberships } from '../../src/projects/service/memberships.js';
import { createProjectsWorld, type ProjectsWorld } from './projects-world.js';

const SOURCES = join(import.meta.dirname, '..', '..', 'src');

describe('the log of memberships', () => {
  let world: ProjectsWorld;
  let memberships: Memberships;

  before(async () => {
    world = await createProjectsWorld();
    const { database, quotas, events, identity } = world;
    memberships = createMemberships({
      ...{ database, quotas, events, clock: { now: () => new Date() } },
      holdAccounts: (tx, selection) => identity.holdAccounts(tx, selection),
    });
  });
  beforeEach(async () => {
    await world.reset();
    await world.db.query('truncate events');
    await world.acceptUsers('owner', 'admin', 'u', 'v');
    await declare({});
  });
  afterEach(async () => {
    expect(await gaps()).to.deep.equal([]);
  });
  after(() => world.close());

  const declare = (fields: object) =>
    world.declare({ uuid: 'p', name: 'p.org', owner: 'owner', ...fields });
  const act = (
    caller: string,
    id: bigint,
    action: MembershipAction,
    reason: string | null = null,
  ) => memberships.act(principal(caller), parsed({ id, action, reason }));
  const joining = (caller: string) =>
    memberships.create(principal(caller), parsed({ how: 'join', project: 'p' }));
  const enrolling = (caller: string, uuid: string) =>
    memberships.create(
      principal(caller),
      parsed({ how: 'enroll', project: 'p', account: { by: 'uuid', value: uuid } }),
    );
  const activity = (active: boolean, ...uuids: string[]) =>
    world.database.transact(async (tx) => {
      await tx.query({ text: 'update users set active = $2 where uuid = any($1)' }, [
        uuids,
        active,
      ]);
      const users = uuids.map((uuid) => ({ uuid, active }));
      await world.projects.onUserActivityChanged(tx, users);
    });

  /** Steps of a user in the project, as `from > to, by actor: reason`. */
  async function stepsOf(user: string, project = 'p'): Promise<string[]> {
    const rows = await world.db.query<{ step: string }>(
      `select concat_ws(' > ', l.from_state, l.to_state) || coalesce(', by ' || l.actor, '')
              || coalesce(': ' || l.reason, '') as step
         from project_membership_log l join project_memberships m on m.id = l.membership_id
         join projects p on p.id = m.project_id
        where m.user_uuid = $1 and p.uuid = $2 order by l.id`,
      [user, project],
    );
    return rows.map(({ step }) => step);
  }

  /** Events of the project's memberships as `type > recipients`, in their order. */
  async function told(): Promise<string[]> {
    const rows = await world.db.query<{ line: string }>(
      `select type || ' > ' || array_to_string(recipients, ',') as line
         from events where facts->>'project' = 'p' order by id`,
    );
    return rows.map(({ line }) => line.replace('project.membership.', ''));
  }

  it('has what the API did, each step with its actor and reason [12.5, 13]', async () => {
    const id = await joining('u');
    await act('u', id, 'cancel', 'changed my mind');
    expect(await joining('u')).to.equal(id);
    await act('owner', id, 'reject', 'not now');
    expect(await joining('u')).to.equal(id);
    await act('admin', id, 'accept');
    await act('owner', id, 'remove', 'bye');
    expect(await enrolling('owner', 'u')).to.equal(id);
    await act('u', id, 'leave');
    expect(await stepsOf('u')).to.deep.equal([
      'requested, by u',
      'requested > cancelled, by u: changed my mind',
      'cancelled > requested, by u',
      'requested > rejected, by owner: not now',
      'rejected > requested, by u',
      'requested > accepted, by admin',
      'accepted > removed, by owner: bye',
      'removed > accepted, by owner',
      'accepted > removed, by u',
    ]);
    expect(await told()).to.deep.equal([
      ...['requested > owner', 'requested > owner', 'rejected > u', 'requested > owner'],
      ...['accepted > u', 'removed > u', 'enrolled > u'],
    ]);
  });

  it('has two steps of a user who is let in at once, of which nobody hears [12.4, 13]', async () => {
    await declare({ join_policy: 'auto' });
    await joining('u');
    expect(await stepsOf('u')).to.deep.equal(['requested, by u', 'requested > accepted, by u']);
    expect(await told()).to.deep.equal([]);
  });

  it('has every repeated wish to leave, and tells the owner whose it is [12.5, 13]', async () => {
    await declare({ leave_policy: 'moderated', members: [{ user: 'u' }] });
    const [{ id } = { id: '' }] = await world.db.query<{ id: string }>(
      `select id from project_memberships where user_uuid = 'u' order by id desc limit 1`,
    );
    await act('u', BigInt(id), 'leave', 'tired');
    await act('u', BigInt(id), 'leave', 'very tired');
    expect(await stepsOf('u')).to.deep.equal([
      'accepted: state_file',
      'accepted > leave_requested, by u: tired',
      'leave_requested > leave_requested, by u: very tired',
    ]);
    expect(await told()).to.deep.equal(['leave_requested > owner', 'leave_requested > owner']);
    const [event] = await world.db.query(`select subject, facts from events limit 1`);
    expect(event).to.deep.equal({
      subject: id,
      facts: { project: 'p', project_name: 'p.org', user: 'u', email: 'u@example.org' },
    });
  });

  it('has what state files said [state file]', async () => {
    await declare({ members: [{ user: 'u', state: 'requested' }, { user: 'v' }] });
    await declare({
      members: [
        { user: 'u', state: 'accepted' },
        { user: 'v', state: 'removed' },
      ],
    });
    await declare({ members: [{ user: 'u' }] });
    expect(await stepsOf('u')).to.deep.equal([
      'requested: state_file',
      'requested > accepted: state_file',
    ]);
    expect(await stepsOf('v')).to.deep.equal([
      'accepted: state_file',
      'accepted > removed: state_file',
    ]);
    expect(await told()).to.deep.equal([]);
  });

  it('begins with the acceptance of the account in its system project [11]', async () => {
    expect(await stepsOf('u', 'u')).to.deep.equal(['accepted']);
  });

  it('has what the deactivation of an account suspended and its activation resumed [14, 13]', async () => {
    await declare({
      leave_policy: 'moderated',
      members: [
        { user: 'u', state: 'leave_requested' },
        { user: 'v', state: 'suspended' },
      ],
    });
    await activity(false, 'u', 'v');
    await activity(true, 'u', 'v');
    expect(await stepsOf('u')).to.deep.equal([
      'leave_requested: state_file',
      'leave_requested > suspended: user_deactivation',
      'suspended > accepted: user_deactivation',
    ]);
    expect(await stepsOf('v')).to.deep.equal(['suspended: state_file']);
    expect(await stepsOf('v', 'v')).to.deep.equal([
      'accepted',
      'accepted > suspended: user_deactivation',
      'suspended > accepted: user_deactivation',
    ]);
    expect(await told()).to.deep.equal(['suspended > u', 'unsuspended > u']);
  });

  it('names the deactivation when a state file meets a deactivated account [14]', async () => {
    await activity(false, 'u');
    await declare({ members: [{ user: 'u' }] });
    await activity(true, 'u');
    expect(await stepsOf('u')).to.deep.equal([
      'suspended: user_deactivation',
      'suspended > accepted: user_deactivation',
    ]);
  });

  it('has what other slices did, with what they said', async () => {
    await world.database.transact(async (tx) => {
      const of = { project: 'p', user: 'u' };
      await world.projects.setMembershipState(tx, of, 'accepted');
      await world.projects.setMembershipState(tx, of, 'removed', { actor: 'admin', reason: 'why' });
    });
    expect(await stepsOf('u')).to.deep.equal(['accepted', 'accepted > removed, by admin: why']);
  });

  it('has nothing of what was refused, and nobody hears of it', async () => {
    const id = await joining('u');
    const before = [await stepsOf('u'), await told()];
    const calls = [
      () => act('v', id, 'accept'),
      () => act('owner', id, 'leave'),
      () => joining('u'),
    ];
    for (const call of calls) {
      const outcome = await call().then(
        () => 'done',
        (error: unknown) => error,
      );
      expect(outcome).to.be.instanceOf(Failure);
    }
    expect([await stepsOf('u'), await told()]).to.deep.equal(before);
  });

  it('gives a membership the last date of each state [12.1]', async () => {
    const id = await joining('u');
    await act('u', id, 'cancel');
    await joining('u');
    const rows = await world.db.query<{ to_state: string; at: Date }>(
      'select to_state, at from project_membership_log where membership_id = $1 order by id',
      [String(id)],
    );
    const { entered } = await memberships.get(principal('u'), id);
    expect(entered).to.deep.equal({ requested: rows[2]?.at, cancelled: rows[1]?.at });
  });

  it('is for admins and the owner, page by page [12.5]', async () => {
    const id = await joining('u');
    await act('owner', id, 'accept', 'welcome');
    const read = (caller: string, size: number, after?: bigint) =>
      memberships.log(principal(caller), parsed({ id, page: { size, after } }));
    const { entries } = await read('owner', 10);
    expect(entries.map(({ from, to, actor, reason }) => [from, to, actor, reason])).to.deep.equal([
      [null, 'requested', 'u', null],
      ['requested', 'accepted', 'owner', 'welcome'],
    ]);
    const [first, second] = entries;
    expect((await read('admin', 1)).entries).to.deep.equal([first]);
    expect((await read('admin', 1, first?.id)).entries).to.deep.equal([second]);
    const refusal = await read('u', 10).catch((error: unknown) => error);
    expect(refusal).to.include({ reason: 'FORBIDDEN' });
    const beyond = await memberships
      .log(principal('admin'), parsed({ id: 2n ** 63n, page: { size: 1, after: undefined } }))
      .catch((error: unknown) => error);
    expect(beyond).to.include({ reason: 'NOT_FOUND' });
  });

  it('is written by every statement that writes memberships', () => {
    const writing = /(insert\s+into|update|delete\s+from)\s+project_memberships\b/g;
    const statements = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => {
        const text = readFileSync(join(SOURCES, file), 'utf8');
        const found = [...text.matchAll(writing)];
        return found.map(({ index }) => {
          // A statement is one template; the next back quote that nothing follows but its end closes it.
          const statement = text.slice(index, text.indexOf('`,', index));
          return `${file}: ${statement.includes('logged(') ? 'logged' : statement}`;
        });
      });
    expect(statements).to.have.members([
      'projects/storage/memberships.ts: logged',
      'projects/storage/suspensions.ts: logged',
    ]);
  });

  /** Memberships whose log does not lead from nothing to their state. */
  function gaps(): Promise<unknown[]> {
    return world.db.query(
      `select * from (
         select m.id, m.state, l.from_state, l.to_state,
                lag(l.to_state) over step as before, lead(l.id) over step as next
           from project_memberships m left join project_membership_log l on l.membership_id = m.id
         window step as (partition by m.id order by l.id)) as s
        where s.to_state is null or s.from_state is distinct from s.before
           or (s.next is null and s.to_state <> s.state)`,
    );
  }
});

function principal(uuid: string): UserPrincipal {
  return {
    ...{ kind: 'user', id: 0n, uuid, username: uuid, email: `${uuid}@example.org` },
    ...{ projectAdmin: uuid === 'admin', staff: false, tokenExpiresAt: null },
    scope: { project: null, roles: [] },
  };
}
