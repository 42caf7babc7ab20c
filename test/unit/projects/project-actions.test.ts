/**
 * Goal: actions on projects and applications are refused in the words of section 8 of the projects
 * specification. Method: every state with every action, compared with the tables written out.
 */
import { expect } from 'chai';
import { Failure } from '../../../src/kernel/failure.js';
import {
  APPLICATION_ACTIONS,
  type ApplicationState,
  judgeApplicationAction,
  notTheLast,
} from '../../../src/projects/domain/application-states.js';
import {
  judgeProjectAction,
  PROJECT_ACTIONS,
  PROJECT_STATES,
  type ProjectState,
} from '../../../src/projects/domain/project-states.js';

function outcomeOf(judge: () => string): string {
  try {
    return judge();
  } catch (error) {
    expect(error).to.be.instanceOf(Failure).with.property('reason', 'WRONG_STATE');
    return (error as Failure).message;
  }
}

const A = 'Project p is not alive.';
const B = 'Project p is suspended.';
const C = 'Project p is not suspended.';
const D = 'Project p is not terminated.';
const E = 'Cannot terminate: p is a system project.';

describe('actions on a project [8.1]', () => {
  /** In the order of PROJECT_ACTIONS: suspend, unsuspend, terminate, reinstate. */
  const OUTCOMES: Readonly<Record<ProjectState, readonly string[]>> = {
    uninitialized: [A, C, A, D],
    active: ['suspended', C, 'terminated', D],
    suspended: [B, 'active', 'terminated', D],
    terminated: [A, C, A, 'active'],
    deleted: [A, C, A, D],
  };

  for (const state of PROJECT_STATES)
    it(`of a project that is ${state}`, () => {
      const outcomes = PROJECT_ACTIONS.map((action) =>
        outcomeOf(() => judgeProjectAction({ uuid: 'p', state, isSystem: false }, action)),
      );
      expect(outcomes).to.deep.equal(OUTCOMES[state]);
    });

  it('end no system project, but suspend and resume it', () => {
    const outcome = (state: ProjectState, action: (typeof PROJECT_ACTIONS)[number]) =>
      outcomeOf(() => judgeProjectAction({ uuid: 'p', state, isSystem: true }, action));
    expect(outcome('active', 'terminate')).to.equal(E);
    expect(outcome('suspended', 'terminate')).to.equal(E);
    expect(outcome('active', 'suspend')).to.equal('suspended');
    expect(outcome('suspended', 'unsuspend')).to.equal('active');
  });
});

describe('actions on an application [8.2]', () => {
  const NAMES: Readonly<Record<ApplicationState, string>> = {
    pending: 'Pending review',
    approved: 'Approved',
    replaced: 'Replaced',
    denied: 'Denied',
    dismissed: 'Dismissed',
    cancelled: 'Cancelled',
  };
  const ALLOWED: Readonly<Record<string, string>> = {
    'pending approve': 'approved',
    'pending deny': 'denied',
    'pending cancel': 'cancelled',
    'denied dismiss': 'dismissed',
  };

  for (const [state, name] of Object.entries(NAMES) as [ApplicationState, string][])
    for (const action of APPLICATION_ACTIONS) {
      const refused = `Cannot ${action} application 7 in state '${name}'`;
      const outcome = ALLOWED[`${state} ${action}`] ?? refused;
      it(`${action} one that is ${state}: ${outcome}`, () => {
        expect(outcomeOf(() => judgeApplicationAction({ id: 7n, state }, action))).to.equal(
          outcome,
        );
      });
    }

  it('are refused for another one than the last, in the words of section 7.7', () => {
    expect(notTheLast(7n, 'p').message).to.equal('7 is not a pending application for project p.');
  });
});
