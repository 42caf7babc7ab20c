// Goal: every membership action of every role in every state, under every policy, comes to what section
// 12.5 of the projects specification says; a refusal changes nothing; and `allowed_actions` names exactly
// what would succeed. Method: the table of the domain, compared with the documented one, is run through
// REST, each combination on a membership of its own.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  MEMBERSHIP_TRANSITIONS,
  type ProjectMembershipState,
} from '../../../src/projects/domain/membership-states.js';
import { faultsOf } from '../../support/projects-audit.js';
import { DOCUMENTED_MEMBERSHIPS } from '../../support/projects-matrix.js';
import {
  bodyOf,
  type Caller,
  createAdmin,
  createCallers,
  FORBIDDEN,
  type MembershipAction,
  outcomeOf,
  refusals,
  startProjects,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

type State = ProjectMembershipState | 'none';
type Policy = 'auto' | 'moderated' | 'closed';
type Role = 'admin' | 'owner' | 'self' | 'stranger';
type Action = MembershipAction | 'join' | 'enroll';

/** What a project is like; both policies are the same. */
interface Setting {
  readonly title: string;
  readonly policy: Policy;
  readonly project: 'active' | 'suspended' | 'terminated';
  /** Whether no further member is let in. */
  readonly isFull: boolean;
}

const SETTINGS: readonly Setting[] = [
  { title: 'auto', policy: 'auto', project: 'active', isFull: false },
  { title: 'moderated', policy: 'moderated', project: 'active', isFull: false },
  { title: 'closed', policy: 'closed', project: 'active', isFull: false },
  { title: 'full', policy: 'auto', project: 'active', isFull: true },
  { title: 'suspended', policy: 'auto', project: 'suspended', isFull: false },
  { title: 'terminated', policy: 'auto', project: 'terminated', isFull: false },
];
const STATES = Object.keys(DOCUMENTED_MEMBERSHIPS) as State[];
const ACTIONS: readonly MembershipAction[] = ['accept', 'cancel', 'leave', 'reject', 'remove'];
const ROLES: readonly Role[] = ['admin', 'owner', 'self', 'stranger'];

const RIGHTFUL: Readonly<Record<MembershipAction | 'enroll', readonly Role[]>> = {
  accept: ['admin', 'owner'],
  reject: ['admin', 'owner'],
  remove: ['admin', 'owner'],
  enroll: ['admin', 'owner'],
  cancel: ['admin', 'self'],
  leave: ['admin', 'self'],
};

const CONFLICT = '409 conflict ';
const JOIN_CLOSED = `${CONFLICT}The Project's member join policy is closed.`;
const LEAVE_CLOSED = `${CONFLICT}The project's member leave policy is closed.`;
const FULL = `${CONFLICT}You have reached the maximum number of members for this Project.`;
const NO_REQUEST = `${CONFLICT}This is not a valid membership request.`;
const NO_MEMBER = `${CONFLICT}This is not an accepted membership.`;

/** The outcome of a call, and the state afterwards. */
interface Expected {
  readonly outcome: string;
  readonly to: State;
}

/** Sections 12.4 and 12.5: what a call comes to. */
function expectedOf(
  { policy, project, isFull }: Setting,
  id: string,
  state: State,
  action: Action,
  role: Role,
): Expected {
  const refused = (outcome: string): Expected => ({ outcome, to: state });
  const isAlive = project !== 'terminated';
  if (action === 'join') {
    if (!isAlive) return refused(refusals.A(id));
    if (policy === 'closed') return refused(JOIN_CLOSED);
    const to = MEMBERSHIP_TRANSITIONS.join[state];
    if (to === undefined) return refused(`${CONFLICT}Request or membership already exists.`);
    return { outcome: '200', to: policy === 'auto' && !isFull ? 'accepted' : to };
  }
  if (action === 'enroll') {
    if (!RIGHTFUL.enroll.includes(role)) return refused(FORBIDDEN);
    if (!isAlive) return refused(refusals.A(id));
    if (policy === 'closed') return refused(JOIN_CLOSED);
    if (isFull) return refused(FULL);
    const to = MEMBERSHIP_TRANSITIONS.enroll[state];
    return to === undefined
      ? refused(`${CONFLICT}Membership already exists.`)
      : { outcome: '200', to };
  }
  const transition =
    action !== 'leave' ? action : policy === 'moderated' ? 'requestLeave' : 'remove';
  const to = MEMBERSHIP_TRANSITIONS[transition][state];
  const isLeaving = action === 'leave' || action === 'remove';
  if (to === undefined) return refused(isLeaving ? NO_MEMBER : NO_REQUEST);
  if (!RIGHTFUL[action].includes(role)) return refused(FORBIDDEN);
  if (!isAlive) return refused(refusals.A(id));
  if (isLeaving && policy === 'closed') return refused(LEAVE_CLOSED);
  if (action === 'accept' && policy === 'closed') return refused(JOIN_CLOSED);
  if (action === 'accept' && isFull) return refused(FULL);
  return { outcome: '200', to };
}

/** Every call there is in a state; joining is always one's own affair. */
const CALLS: readonly (readonly [Action, Role])[] = [
  ['join', 'self'],
  ...ROLES.map((role) => ['enroll', role] as const),
  ...ACTIONS.flatMap((action) => ROLES.map((role) => [action, role] as const)),
];

describe('membership state × action × role × policy', function () {
  this.timeout(60_000);

  let stack: Stack;
  let [admin, owner, stranger, filler]: Caller[] = [];

  before(async () => {
    stack = await startProjects();
    admin = await createAdmin(stack);
    [owner, stranger, filler] = await createCallers(stack, 3);
  });
  after(() => stack.stop());

  it('the table of the domain is the documented one', () => {
    for (const state of STATES) {
      const { leave, ...documented } = DOCUMENTED_MEMBERSHIPS[state];
      for (const [action, to] of Object.entries(documented)) {
        const found = MEMBERSHIP_TRANSITIONS[action as keyof typeof documented][state];
        expect(found, `${action} ${state}`).to.equal(to ?? undefined);
      }
      expect(MEMBERSHIP_TRANSITIONS.remove[state]).to.equal(leave?.[0]);
      expect(MEMBERSHIP_TRANSITIONS.requestLeave[state]).to.equal(leave?.[1]);
    }
  });

  for (const setting of SETTINGS) {
    describe(`in a project that is ${setting.title}`, () => {
      const projects: string[] = [];

      for (const state of STATES) {
        it(`comes from ${state} to what is documented, or nowhere`, async () => {
          // Without a membership there is nothing that an action could name.
          const calls = CALLS.filter(
            ([action]) => state !== 'none' || action === 'join' || action === 'enroll',
          );
          const people = await createCallers(stack, calls.length);
          const id = await declare(setting, state, people);
          projects.push(id);
          const memberships = await membershipIds(id);
          if (state !== 'none')
            await expectAllowed(setting, id, state, people[0]!, memberships.get(people[0]!.uuid)!);
          const seen = await Promise.all(
            calls.map(async ([action, role], index) => {
              const person = people[index]!;
              const caller = callerAs(role, person);
              const expected = expectedOf(setting, id, state, action, role);
              const answer =
                action === 'join'
                  ? await caller.calls.join(id)
                  : action === 'enroll'
                    ? await caller.calls.enroll(id, person)
                    : await caller.calls.move(memberships.get(person.uuid)!, action, 'because');
              const call = `${action} by ${role}`;
              expect(outcomeOf(answer), call).to.equal(expected.outcome);
              return [person.uuid, call, expected.to] as const;
            }),
          );
          const after = await statesOf(id);
          for (const [uuid, call, to] of seen) expect(after.get(uuid) ?? 'none', call).to.equal(to);
        });
      }

      it('leaves logs and limits of one piece', async () => {
        expect(projects).to.have.length(STATES.length);
        expect(await faultsOf(stack, projects, [])).to.deep.equal([]);
      });
    });
  }

  /** `allowed_actions` names exactly what would succeed (section 12.1). */
  async function expectAllowed(
    setting: Setting,
    id: string,
    state: State,
    member: Caller,
    membership: bigint,
  ): Promise<void> {
    for (const role of ['admin', 'owner', 'self'] as const) {
      const allowed = ACTIONS.filter(
        (action) => expectedOf(setting, id, state, action, role).outcome === '200',
      );
      const body = await bodyOf(callerAs(role, member).calls.membership(membership));
      expect(body['allowed_actions'], `${state} for ${role}`).to.deep.equal(allowed);
    }
    const hidden = outcomeOf(await stranger!.calls.membership(membership));
    expect(hidden).to.equal(FORBIDDEN);
  }

  function callerAs(role: Role, self: Caller): Caller {
    return { admin: admin!, owner: owner!, stranger: stranger!, self }[role];
  }

  /** Declares a project of the setting with all the people in the state. */
  async function declare(
    { policy, project, isFull }: Setting,
    state: State,
    people: readonly Caller[],
  ): Promise<string> {
    const uuid = randomUUID();
    const members = people.map((one) => ({ user: one.uuid, state }));
    const declared = {
      ...{ uuid, name: `p-${uuid}.test`, owner: owner!.uuid, state: project },
      ...{ join_policy: policy, leave_policy: policy },
      // Whoever is declared a member is one, room or not.
      ...(isFull && { max_members: 1 }),
      resources: { r11: { project_capacity: 40, member_capacity: 4 } },
      members: [
        ...(isFull ? [{ user: filler!.uuid, state: 'accepted' }] : []),
        ...(state === 'none' ? [] : members),
      ],
    };
    await stack.apply(JSON.stringify({ projects: [declared] }));
    return uuid;
  }

  async function membershipIds(project: string): Promise<ReadonlyMap<string, bigint>> {
    const rows = await stack.database.query<{ user: string; id: string }>(
      `select user_uuid as user, m.id from project_memberships m join projects p on p.id = m.project_id
        where p.uuid = $1`,
      [project],
    );
    return new Map(rows.map(({ user, id }) => [user, BigInt(id)]));
  }

  async function statesOf(project: string): Promise<ReadonlyMap<string, State>> {
    const rows = await stack.database.query<{ user: string; state: State }>(
      `select user_uuid as user, m.state from project_memberships m
         join projects p on p.id = m.project_id where p.uuid = $1`,
      [project],
    );
    return new Map(rows.map(({ user, state }) => [user, state]));
  }
});
