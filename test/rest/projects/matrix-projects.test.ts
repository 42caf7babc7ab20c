// Goal: every project action of every role in every state comes to what section 8.1 of the projects
// specification says, and a refusal changes nothing. Method: the table of the domain, compared with the
// documented one, is run through REST; rows are compared before and after.
import { expect } from 'chai';
import {
  PROJECT_ACTIONS,
  PROJECT_TRANSITIONS,
  type ProjectAction,
  type ProjectState,
} from '../../../src/projects/domain/project-states.js';
import { faultsOf, storedOf } from '../../support/projects-audit.js';
import { DOCUMENTED_PROJECTS } from '../../support/projects-matrix.js';
import {
  approved,
  bodyOf,
  type Caller,
  createAdmin,
  createCallers,
  done,
  FORBIDDEN,
  membershipFrom,
  outcomeOf,
  refusals,
  startProjects,
  submitted,
  type Submitted,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

const STATES = Object.keys(DOCUMENTED_PROJECTS) as ProjectState[];
const LOGGED = ['suspended', 'terminated', 'active'];

describe('project state × action × role', function () {
  this.timeout(60_000);

  let stack: Stack;
  let roles: Record<'admin' | 'owner' | 'applicant' | 'member' | 'stranger', Caller>;

  before(async () => {
    stack = await startProjects();
    const [owner, applicant, member, stranger] = (await createCallers(stack, 4)) as [
      ...[Caller, Caller, Caller, Caller],
    ];
    roles = { admin: await createAdmin(stack), owner, applicant, member, stranger };
  });
  after(() => stack.stop());

  /** Where an action is refused somewhere, and by which words. */
  function refusalOf(state: ProjectState, action: ProjectAction, id: string): string {
    const entry = DOCUMENTED_PROJECTS[state][action];
    return refusals[entry as 'A'](id);
  }

  /** Applied for by the applicant in the owner's name, with a member once it was active. */
  async function projectIn(state: ProjectState): Promise<Submitted> {
    const { admin, owner, applicant, member } = roles;
    const resources = { r11: { project_capacity: 40, member_capacity: 4 } };
    const project = await submitted(applicant.calls.create({ owner: owner.uuid, resources }));
    if (state === 'deleted') await done(applicant.calls.judge(project, 'cancel'));
    // A denied application does not count as pending.
    else if (state === 'uninitialized') await done(admin.calls.judge(project, 'deny'));
    else {
      await done(admin.calls.judge(project, 'approve'));
      await membershipFrom(owner.calls.enroll(project.id, member));
      if (state !== 'active')
        await done(admin.calls.act(project.id, state === 'suspended' ? 'suspend' : 'terminate'));
    }
    return project;
  }

  it('the table of the domain is the documented one', () => {
    const table = STATES.map((state) => [
      state,
      Object.fromEntries(
        PROJECT_ACTIONS.map((action) => {
          const documented = DOCUMENTED_PROJECTS[state][action];
          const to = PROJECT_TRANSITIONS[action][state];
          return [action, to ?? (documented.length === 1 ? documented : 'nothing')];
        }),
      ),
    ]);
    expect(Object.fromEntries(table)).to.deep.equal(DOCUMENTED_PROJECTS);
  });

  for (const state of STATES) {
    it(`refuses in state ${state} what is not allowed, and changes nothing`, async () => {
      const { id } = await projectIn(state);
      const before = await storedOf(stack, id);
      let tried = 0;
      for (const action of PROJECT_ACTIONS) {
        for (const [role, { calls }] of Object.entries(roles)) {
          if (role === 'admin' && PROJECT_TRANSITIONS[action][state] !== undefined) continue;
          const expected = role === 'admin' ? refusalOf(state, action, id) : FORBIDDEN;
          const outcome = outcomeOf(await calls.act(id, action, 'why not'));
          expect(outcome, `${action} by ${role}`).to.equal(expected);
          tried += 1;
        }
      }
      expect(await storedOf(stack, id)).to.deep.equal(before);
      expect(tried).to.be.at.least(4 * PROJECT_ACTIONS.length);
    });
  }

  for (const action of PROJECT_ACTIONS) {
    for (const [from, to] of Object.entries(PROJECT_TRANSITIONS[action])) {
      it(`${action} by an admin leads from ${from} to ${to}, once`, async () => {
        const { admin, owner, applicant } = roles;
        const project = await projectIn(from as ProjectState);
        await done(admin.calls.act(project.id, action, 'because'));
        expect((await bodyOf(owner.calls.retrieve(project.id)))['state']).to.equal(to);
        const [last] = await stack.database.query(
          `select from_state, to_state, actor, reason from project_log
            where project_id = (select id from projects where uuid = $1) order by id desc limit 1`,
          [project.id],
        );
        expect(LOGGED).to.include(to);
        expect(last).to.deep.equal({
          ...{ from_state: from, to_state: to },
          ...{ actor: admin.uuid, reason: 'because' },
        });
        const again = outcomeOf(await admin.calls.act(project.id, action));
        expect(again).to.equal(refusalOf(to, action, project.id));
        expect(await faultsOf(stack, [project.id], [applicant.uuid])).to.deep.equal([]);
      });
    }
  }

  it('a system project is suspended and resumed, but never terminated (section 11)', async () => {
    const { admin, owner, stranger } = roles;
    for (const state of ['active', 'suspended'] as const) {
      const before = await storedOf(stack, owner.uuid);
      for (const action of PROJECT_ACTIONS) {
        for (const { calls } of [owner, stranger])
          expect(outcomeOf(await calls.act(owner.uuid, action))).to.equal(FORBIDDEN);
        const to = PROJECT_TRANSITIONS[action][state];
        if (to === undefined || to === 'terminated') {
          const letter = to === 'terminated' ? 'E' : (DOCUMENTED_PROJECTS[state][action] as 'A');
          const outcome = outcomeOf(await admin.calls.act(owner.uuid, action));
          expect(outcome, `${action} of a ${state} one`).to.equal(refusals[letter](owner.uuid));
        }
      }
      expect(await storedOf(stack, owner.uuid)).to.deep.equal(before);
      await done(admin.calls.act(owner.uuid, state === 'active' ? 'suspend' : 'unsuspend'));
    }
    expect((await bodyOf(owner.calls.retrieve(owner.uuid)))['state']).to.equal('active');
  });

  it('reinstates nothing under a name that is taken, and changes nothing', async () => {
    const { admin, owner } = roles;
    const name = 'taken.test';
    const first = await approved(owner, admin, { name });
    await done(admin.calls.act(first.id, 'terminate'));
    const second = await approved(owner, admin, { name });
    const before = await storedOf(stack, first.id);
    const outcome = outcomeOf(await admin.calls.act(first.id, 'reinstate'));
    expect(outcome).to.equal(refusals.nameTaken(name, second.id));
    expect(await storedOf(stack, first.id)).to.deep.equal(before);
  });
});
