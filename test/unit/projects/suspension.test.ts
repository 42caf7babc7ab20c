/**
 * Goal: a declared state takes effect unless it would make something work whose account is
 * deactivated. Method: each rule with the declared state, what was there before, and the outcome.
 */
import { expect } from 'chai';
import {
  isEffective,
  type ProjectMembershipState,
} from '../../../src/projects/domain/membership-states.js';
import {
  declaredStanding,
  type Standing,
  USER_DEACTIVATION,
} from '../../../src/projects/domain/suspension.js';

type MembershipStanding = Standing<ProjectMembershipState>;

const by = (state: ProjectMembershipState): MembershipStanding => ({
  state,
  suspensionReason: null,
});
const WAITING: MembershipStanding = { state: 'suspended', suspensionReason: USER_DEACTIVATION };

describe('the standing of what a state file declares', () => {
  const standing = (
    declared: ProjectMembershipState,
    before: MembershipStanding | undefined,
    isDeactivated: boolean,
  ) =>
    declaredStanding<ProjectMembershipState>(declared, {
      before,
      isDeactivated,
      grants: isEffective,
    });

  it('is the declared state while the account is active', () => {
    for (const state of ['accepted', 'suspended', 'removed', 'requested'] as const)
      for (const before of [undefined, by('accepted'), by('suspended')])
        expect(standing(state, before, false)).to.deep.equal(by(state));
  });

  it('waits for a deactivated account before anything begins to be granted [9.3]', () => {
    for (const before of [undefined, by('requested'), by('removed'), by('suspended'), WAITING])
      for (const declared of ['accepted', 'leave_requested'] as const)
        expect(standing(declared, before, true)).to.deep.equal(WAITING);
  });

  it('is the declared state of a deactivated account when that grants nothing', () => {
    for (const declared of ['requested', 'removed', 'rejected'] as const)
      expect(standing(declared, by('accepted'), true)).to.deep.equal(by(declared));
  });

  it('stays what somebody resumed although the account is deactivated', () => {
    expect(standing('accepted', by('accepted'), true)).to.deep.equal(by('accepted'));
  });

  it('is suspended by hand as soon as it is declared so, whatever the reason was', () => {
    expect(standing('suspended', WAITING, true)).to.deep.equal(by('suspended'));
  });
});
