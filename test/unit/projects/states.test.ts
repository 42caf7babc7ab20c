/**
 * Goal: projects and memberships change state as the tables of the projects specification (8.1,
 * 8.3, 12.5) say. Method: every pair of states is judged and compared with the table written out.
 */
import { expect } from 'chai';
import { Failure } from '../../../src/kernel/failure.js';
import {
  judgeMembershipState,
  meansInitialized,
  MEMBERSHIP_TRANSITIONS,
  type ProjectMembershipState,
} from '../../../src/projects/domain/membership-states.js';
import {
  isAlive,
  isInitialized,
  judgeProjectState,
  PROJECT_TRANSITIONS,
  type ProjectState,
} from '../../../src/projects/domain/project-states.js';

const PROJECT_STATES: readonly ProjectState[] = [
  'uninitialized',
  'active',
  'suspended',
  'terminated',
  'deleted',
];

const MEMBERSHIP_STATES: readonly ProjectMembershipState[] = [
  'requested',
  'accepted',
  'leave_requested',
  'suspended',
  'rejected',
  'cancelled',
  'removed',
];

function refusal(judge: () => void): string | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    expect(error).to.be.instanceOf(Failure).with.property('kind', 'wrong-state');
    return (error as Failure).message;
  }
}

describe('states of a project', () => {
  const ALLOWED: Readonly<Record<ProjectState, readonly ProjectState[]>> = {
    uninitialized: ['active', 'deleted'],
    active: ['suspended', 'terminated'],
    suspended: ['active', 'terminated'],
    terminated: ['active'],
    deleted: [],
  };

  for (const from of PROJECT_STATES) {
    it(`lead from ${from} to ${ALLOWED[from].join(' and ') || 'nowhere'} [8.1, 8.3]`, () => {
      const reached = PROJECT_STATES.filter(
        (to) =>
          refusal(() => {
            judgeProjectState({ uuid: 'p', state: from, isSystem: false }, to);
          }) === undefined,
      );
      expect(reached).to.have.members(ALLOWED[from]);
    });
  }

  it('let a system project be suspended and resumed, never terminated [8.1, E]', () => {
    const judged = (state: ProjectState, to: ProjectState) =>
      refusal(() => {
        judgeProjectState({ uuid: 'p', state, isSystem: true }, to);
      });
    expect(judged('active', 'suspended')).to.equal(undefined);
    expect(judged('suspended', 'active')).to.equal(undefined);
    for (const state of ['active', 'suspended'] as const)
      expect(judged(state, 'terminated')).to.equal('Cannot terminate: p is a system project.');
  });

  it('activate a project again from every initialized state when an application is approved', () => {
    expect(PROJECT_TRANSITIONS.activate).to.deep.equal({
      uninitialized: 'active',
      active: 'active',
      suspended: 'active',
      terminated: 'active',
    });
  });

  it('are alive and initialized as section 4 groups them', () => {
    expect(PROJECT_STATES.filter(isAlive)).to.deep.equal(['active', 'suspended']);
    expect(PROJECT_STATES.filter(isInitialized)).to.deep.equal([
      'active',
      'suspended',
      'terminated',
    ]);
  });
});

describe('states of a membership', () => {
  const START = [undefined, ...MEMBERSHIP_STATES];
  const ALLOWED: Readonly<Record<string, readonly ProjectMembershipState[]>> = {
    none: ['requested', 'accepted'],
    requested: ['accepted', 'rejected', 'cancelled'],
    accepted: ['leave_requested', 'removed', 'suspended'],
    leave_requested: ['leave_requested', 'removed', 'suspended'],
    suspended: ['leave_requested', 'removed', 'accepted'],
    rejected: ['requested', 'accepted'],
    cancelled: ['requested', 'accepted'],
    removed: ['requested', 'accepted'],
  };

  for (const from of START) {
    const name = from ?? 'none';
    it(`lead from ${name} to ${ALLOWED[name]!.join(', ')} [12.5]`, () => {
      const reached = MEMBERSHIP_STATES.filter(
        (to) =>
          refusal(() => {
            judgeMembershipState(from, to);
          }) === undefined,
      );
      expect(reached).to.have.members(ALLOWED[name]!);
    });
  }

  it('are refused in the documented words [12.5]', () => {
    const judged = (from: ProjectMembershipState | undefined, to: ProjectMembershipState) =>
      refusal(() => {
        judgeMembershipState(from, to);
      });
    expect(judged('accepted', 'accepted')).to.equal('This is not a valid membership request.');
    expect(judged('removed', 'rejected')).to.equal('This is not a valid membership request.');
    expect(judged('requested', 'removed')).to.equal('This is not an accepted membership.');
    expect(judged(undefined, 'leave_requested')).to.equal('This is not an accepted membership.');
    expect(judged('accepted', 'requested')).to.equal('Request or membership already exists.');
  });

  it('reach every other state by allowed transitions, as state files rely on', () => {
    for (const from of MEMBERSHIP_STATES) {
      const reached = new Set<ProjectMembershipState>([from]);
      for (const state of reached)
        for (const next of Object.values(MEMBERSHIP_TRANSITIONS)) {
          const to = next[state];
          if (to !== undefined) reached.add(to);
        }
      expect([...reached], from).to.have.members(MEMBERSHIP_STATES);
    }
  });

  it('initialize on acceptance, and never on a request [9.2]', () => {
    expect(MEMBERSHIP_STATES.filter(meansInitialized)).to.deep.equal([
      'accepted',
      'leave_requested',
      'suspended',
      'removed',
    ]);
  });
});
