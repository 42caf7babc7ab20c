// Goal: every application action of every role in every state comes to what sections 8.2 and 8.3 of the
// projects specification say, and a refusal changes nothing. Method: the table of the domain, compared
// with the documented one, is run through REST; rows are compared before and after.
import { expect } from 'chai';
import {
  APPLICATION_TRANSITIONS,
  type ApplicationState,
} from '../../../src/projects/domain/application-states.js';
import type { ProjectState } from '../../../src/projects/domain/project-states.js';
import { faultsOf, storedOf } from '../../support/projects-audit.js';
import { DISPLAYED, DOCUMENTED_APPLICATIONS } from '../../support/projects-matrix.js';
import {
  type ApplicationAction,
  approved,
  bodyOf,
  type Caller,
  createAdmin,
  createCallers,
  done,
  fieldOf,
  FORBIDDEN,
  membershipFrom,
  outcomeOf,
  pendingOf,
  refusals,
  startProjects,
  submitted,
  type Submitted,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

const STATES = Object.keys(DOCUMENTED_APPLICATIONS) as ApplicationState[];
const ACTIONS = ['approve', 'deny', 'cancel', 'dismiss'] as const;

/** By whom an action is done (section 3). */
const RIGHTFUL: Readonly<Record<ApplicationAction, readonly string[]>> = {
  approve: ['admin'],
  deny: ['admin'],
  cancel: ['admin', 'applicant'],
  dismiss: ['admin', 'applicant'],
};

describe('application state × action × role', function () {
  this.timeout(60_000);

  let stack: Stack;
  let roles: Record<'admin' | 'owner' | 'applicant' | 'member' | 'stranger', Caller>;

  before(async () => {
    stack = await startProjects();
    roles = { ...(await people()), admin: await createAdmin(stack) };
  });
  after(() => stack.stop());

  async function people() {
    const [owner, applicant, member, stranger] = (await createCallers(stack, 4)) as [
      ...[Caller, Caller, Caller, Caller],
    ];
    return { owner, applicant, member, stranger };
  }

  /** Applied for by the applicant in the owner's name; several at once need no more than the limit. */
  async function applicationIn(state: ApplicationState): Promise<Submitted> {
    const { admin, applicant, owner, member } = roles;
    if (state === 'replaced') {
      // Only a change can be replaced: of a project that is the applicant's own at first.
      const project = await approved(applicant, admin);
      await membershipFrom(applicant.calls.enroll(project.id, member));
      const { application } = await submitted(applicant.calls.modify(project.id, {}));
      await submitted(admin.calls.modify(project.id, { owner: owner.uuid }));
      return { ...project, application };
    }
    const project = await submitted(applicant.calls.create({ owner: owner.uuid }));
    if (state === 'approved') {
      await done(admin.calls.judge(project, 'approve'));
      await membershipFrom(owner.calls.enroll(project.id, member));
    }
    if (state === 'denied' || state === 'dismissed') await done(admin.calls.judge(project, 'deny'));
    if (state === 'dismissed') await done(admin.calls.judge(project, 'dismiss'));
    if (state === 'cancelled') await done(applicant.calls.judge(project, 'cancel'));
    return project;
  }

  function refusalOf(
    state: ApplicationState,
    action: ApplicationAction,
    role: string,
    one: Submitted,
  ): string {
    if (state === 'replaced') return refusals.notLast(one);
    if (!RIGHTFUL[action].includes(role)) return FORBIDDEN;
    return `409 conflict Cannot ${action} application ${one.application} in state '${DISPLAYED[state]}'`;
  }

  it('the table of the domain is the documented one', () => {
    for (const state of STATES)
      for (const action of ACTIONS)
        expect(APPLICATION_TRANSITIONS[action][state], `${action} ${state}`).to.equal(
          DOCUMENTED_APPLICATIONS[state][action],
        );
    expect(APPLICATION_TRANSITIONS.replace).to.deep.equal({ pending: 'replaced' });
  });

  for (const state of STATES) {
    it(`refuses in state ${state} what is not allowed, and changes nothing`, async () => {
      roles = { ...roles, ...(await people()) };
      const one = await applicationIn(state);
      const before = await storedOf(stack, one.id);
      let tried = 0;
      for (const action of ACTIONS) {
        for (const [role, { calls }] of Object.entries(roles)) {
          const isRightful = RIGHTFUL[action].includes(role);
          if (isRightful && APPLICATION_TRANSITIONS[action][state] !== undefined) continue;
          const outcome = outcomeOf(await calls.judge(one, action, 'why not'));
          const expected = refusalOf(state, action, role, one);
          expect(outcome, `${action} by ${role}`).to.equal(expected);
          tried += 1;
        }
      }
      expect(await storedOf(stack, one.id)).to.deep.equal(before);
      expect(tried).to.be.at.least(12);
    });
  }

  for (const action of ACTIONS) {
    for (const [from, to] of Object.entries(APPLICATION_TRANSITIONS[action])) {
      for (const role of RIGHTFUL[action] as ('admin' | 'applicant')[]) {
        it(`${action} by the ${role} leads from ${from} to ${to}, once`, async () => {
          roles = { ...roles, ...(await people()) };
          const one = await applicationIn(from as ApplicationState);
          const charged = await pendingOf(stack, roles.applicant);
          await done(roles[role].calls.judge(one, action, 'because'));
          const body = await bodyOf(roles.applicant.calls.retrieve(one.id));
          expect(fieldOf(body, 'last_application/state')).to.equal(to);
          expect(await pendingOf(stack, roles.applicant)).to.equal(
            charged - (from === 'pending' ? 1n : 0n),
          );
          const again = outcomeOf(await roles[role].calls.judge(one, action));
          expect(again).to.equal(refusalOf(to, action, role, one));
          const faults = await faultsOf(stack, [one.id], [roles.applicant.uuid]);
          expect(faults).to.deep.equal([]);
          await expectWritten(one, action, roles[role]);
        });
      }
    }
  }

  /** Who answered, and with which words, is stored (section 4). */
  async function expectWritten(one: Submitted, action: ApplicationAction, by: Caller) {
    const kind = action === 'approve' || action === 'deny' ? 'response' : 'waive';
    const reason = kind === 'response' ? 'response' : 'waive_reason';
    const [row] = await stack.database.query(
      `select ${reason} as reason, ${kind}_actor as actor from project_applications where id = $1`,
      [one.application],
    );
    expect(row).to.deep.equal({ reason: 'because', actor: by.uuid });
  }

  /** Section 8.3: what becomes of the project. */
  const TOGETHER: Readonly<
    Record<ApplicationAction, Readonly<Partial<Record<ProjectState, ProjectState>>>>
  > = {
    approve: {
      uninitialized: 'active',
      active: 'active',
      suspended: 'active',
      terminated: 'active',
    },
    deny: {
      uninitialized: 'uninitialized',
      active: 'active',
      suspended: 'suspended',
      terminated: 'terminated',
    },
    cancel: {
      uninitialized: 'deleted',
      active: 'active',
      suspended: 'suspended',
      terminated: 'terminated',
    },
    dismiss: {
      uninitialized: 'deleted',
      active: 'active',
      suspended: 'suspended',
      terminated: 'terminated',
    },
  };

  for (const [action, rows] of Object.entries(TOGETHER)) {
    for (const [from, to] of Object.entries(rows)) {
      it(`${action} leaves the project of a ${from} one ${to} (section 8.3)`, async () => {
        const { admin } = roles;
        const { owner, member } = await people();
        const one = await submissionOn(from as ProjectState, owner, member);
        if (action === 'dismiss') await done(admin.calls.judge(one, 'deny'));
        await done(admin.calls.judge(one, action as ApplicationAction));
        expect((await bodyOf(owner.calls.retrieve(one.id)))['state']).to.equal(to);
        expect(await pendingOf(stack, owner)).to.equal(0n);
        expect(await faultsOf(stack, [one.id], [owner.uuid])).to.deep.equal([]);
      });
    }
  }

  async function submissionOn(state: ProjectState, owner: Caller, member: Caller) {
    const { admin } = roles;
    if (state === 'uninitialized') return submitted(owner.calls.create());
    const { id } = await approved(owner, admin);
    await membershipFrom(owner.calls.enroll(id, member));
    if (state === 'suspended') await done(admin.calls.act(id, 'suspend'));
    if (state === 'terminated') await done(admin.calls.act(id, 'terminate'));
    return submitted(owner.calls.modify(id, { description: 'changed' }));
  }
});
