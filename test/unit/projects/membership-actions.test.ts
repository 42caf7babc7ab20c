/**
 * Goal: what can be done with a membership, by whom, and which of several reasons a refusal gives are
 * those of sections 12.1, 12.4 and 12.5 of the projects specification.
 * Method: every combination of state, action, role, project and policy is judged and compared with
 * the section's table; then each reason is taken away in the documented order.
 */
import { expect } from 'chai';
import { type Quantity, UNLIMITED } from '../../../src/kernel/quantity.js';
import { rolesIn } from '../../../src/projects/access.js';
import {
  allowedActions,
  entersAtOnce,
  faultOfAction,
  faultOfEnrollment,
  faultOfJoin,
  type JoinedProject,
  MEMBERSHIP_ACTIONS,
  type MembershipRoles,
  type MembershipSituation,
  targetOf,
} from '../../../src/projects/domain/membership-actions.js';
import { MEMBERSHIP_STATES } from '../../../src/projects/domain/membership-states.js';
import { PROJECT_POLICIES } from '../../../src/projects/domain/project.js';

const PROJECT: JoinedProject = {
  uuid: 'p',
  state: 'active',
  joinPolicy: 'moderated',
  leavePolicy: 'auto',
  maxMembers: UNLIMITED,
};
const REQUEST: MembershipSituation = {
  state: 'requested',
  project: PROJECT,
  members: 0n,
  isAccountActive: true,
};
const FULL = { members: 3n, project: { ...PROJECT, maxMembers: 3n as Quantity } };

const NOBODY: MembershipRoles = { asOwner: false, asMember: false };
const OWNER: MembershipRoles = { asOwner: true, asMember: false };
const MEMBER: MembershipRoles = { asOwner: false, asMember: true };
const ADMIN: MembershipRoles = { asOwner: true, asMember: true };

const NOT_FOR_YOU = 'You do not have the permissions to perform this action.';
const JOIN_CLOSED = "The Project's member join policy is closed.";
const LEAVE_CLOSED = "The project's member leave policy is closed.";
const NO_ROOM = 'You have reached the maximum number of members for this Project.';

describe('the roles in a membership', () => {
  const roles = (uuid: string | null, isAdmin: boolean) =>
    rolesIn({ uuid, isAdmin }, { owner: 'o', user: 'u' });

  it('are both for an admin, and one each for the owner and the member [3]', () => {
    expect(roles('a', true)).to.deep.equal(ADMIN);
    expect(roles(null, true)).to.deep.equal(ADMIN);
    expect(roles('o', false)).to.deep.equal(OWNER);
    expect(roles('u', false)).to.deep.equal(MEMBER);
    expect(roles('x', false)).to.deep.equal(NOBODY);
    expect(rolesIn({ uuid: 'o', isAdmin: false }, { owner: 'o', user: 'o' })).to.deep.equal(ADMIN);
  });

  it('are nobody’s by the lack of an owner [11]', () => {
    expect(rolesIn({ uuid: null, isAdmin: false }, { owner: null, user: 'u' })).to.deep.equal(
      NOBODY,
    );
  });
});

describe('the actions on a membership', () => {
  const isMember = (state: string) => ['accepted', 'leave_requested', 'suspended'].includes(state);

  it('are allowed exactly as the table of 12.1 says', () => {
    for (const state of MEMBERSHIP_STATES)
      for (const projectState of ['active', 'suspended', 'terminated', 'uninitialized'] as const)
        for (const joinPolicy of PROJECT_POLICIES)
          for (const leavePolicy of PROJECT_POLICIES)
            for (const isAccountActive of [true, false])
              for (const members of [2n, 3n])
                for (const roles of [NOBODY, OWNER, MEMBER, ADMIN]) {
                  const policies = { joinPolicy, leavePolicy, state: projectState };
                  const project = { ...FULL.project, ...policies };
                  const isAlive = projectState === 'active' || projectState === 'suspended';
                  const asked = state === 'requested' && isAlive;
                  const stays = isMember(state) && isAlive && leavePolicy !== 'closed';
                  const enters = joinPolicy !== 'closed' && isAccountActive && members < 3n;
                  const expected = [
                    ...(asked && roles.asOwner && enters ? ['accept'] : []),
                    ...(asked && roles.asMember ? ['cancel'] : []),
                    ...(stays && roles.asMember ? ['leave'] : []),
                    ...(asked && roles.asOwner ? ['reject'] : []),
                    ...(stays && roles.asOwner ? ['remove'] : []),
                  ];
                  const situation = { state, project, members, isAccountActive };
                  expect(
                    allowedActions(situation, roles),
                    `${state} ${JSON.stringify(policies)} ${isAccountActive} ${members}`,
                  ).to.deep.equal(expected);
                }
  });

  it('lead where the table of 12.5 says', () => {
    for (const state of MEMBERSHIP_STATES)
      for (const leavePolicy of PROJECT_POLICIES) {
        const target = (action: (typeof MEMBERSHIP_ACTIONS)[number]) =>
          targetOf(action, { state, project: { ...PROJECT, leavePolicy } });
        const asked = state === 'requested';
        expect(target('accept')).to.equal(asked ? 'accepted' : undefined);
        expect(target('reject')).to.equal(asked ? 'rejected' : undefined);
        expect(target('cancel')).to.equal(asked ? 'cancelled' : undefined);
        expect(target('remove')).to.equal(isMember(state) ? 'removed' : undefined);
        const left = leavePolicy === 'moderated' ? 'leave_requested' : 'removed';
        expect(target('leave')).to.equal(isMember(state) ? left : undefined);
      }
  });

  it('give the first of several reasons: state, account, right, project, policy, room [12.5]', () => {
    let situation: MembershipSituation = {
      state: 'removed',
      members: 3n,
      isAccountActive: false,
      project: { ...FULL.project, state: 'terminated', joinPolicy: 'closed' },
    };
    let roles = NOBODY;
    const said = () => faultOfAction('accept', situation, roles)?.message;
    expect(said()).to.equal('This is not a valid membership request.');
    situation = { ...situation, state: 'requested' };
    expect(said()).to.equal('User account is not active.');
    situation = { ...situation, isAccountActive: true };
    expect(said()).to.equal(NOT_FOR_YOU);
    roles = OWNER;
    expect(said()).to.equal('Project p is not alive.');
    situation = { ...situation, project: { ...situation.project, state: 'suspended' } };
    expect(said()).to.equal(JOIN_CLOSED);
    situation = { ...situation, project: { ...situation.project, joinPolicy: 'auto' } };
    expect(said()).to.equal(NO_ROOM);
    situation = { ...situation, members: 2n };
    expect(said()).to.equal(undefined);
  });

  it('are refused in the documented words [12.5]', () => {
    const said = (action: (typeof MEMBERSHIP_ACTIONS)[number], changes: object) =>
      faultOfAction(action, { ...REQUEST, ...changes }, ADMIN)?.message;
    for (const action of ['accept', 'reject', 'cancel'] as const)
      expect(said(action, { state: 'accepted' })).to.equal(
        'This is not a valid membership request.',
      );
    const closed = { ...PROJECT, leavePolicy: 'closed' };
    for (const action of ['leave', 'remove'] as const) {
      expect(said(action, {})).to.equal('This is not an accepted membership.');
      expect(said(action, { state: 'accepted', project: closed })).to.equal(LEAVE_CLOSED);
    }
  });

  it('ask for nobody’s account where they let nobody in', () => {
    const inactive = { ...REQUEST, isAccountActive: false };
    expect(allowedActions(inactive, ADMIN)).to.deep.equal(['cancel', 'reject']);
    expect(allowedActions({ ...inactive, state: 'suspended' }, ADMIN)).to.deep.equal([
      'leave',
      'remove',
    ]);
  });
});

describe('joining', () => {
  it('is refused by the project, then by its policy, then by what there is already [12.4]', () => {
    const closed = { ...PROJECT, joinPolicy: 'closed' } as const;
    const said = (project: JoinedProject) => faultOfJoin('accepted', project)?.message;
    expect(said({ ...closed, state: 'uninitialized' })).to.equal('Project p is not alive.');
    expect(said({ ...closed, state: 'suspended' })).to.equal(JOIN_CLOSED);
    expect(said(PROJECT)).to.equal('Request or membership already exists.');
  });

  it('is open to whoever is not associated [12.4]', () => {
    const open = [undefined, ...MEMBERSHIP_STATES].filter(
      (state) => faultOfJoin(state, { ...PROJECT, state: 'suspended' }) === undefined,
    );
    expect(open).to.deep.equal([undefined, 'rejected', 'cancelled', 'removed']);
  });

  it('is at once under the policy auto while one more has room [12.4]', () => {
    const auto = { ...FULL.project, joinPolicy: 'auto' } as const;
    expect(entersAtOnce({ project: auto, members: 2n })).to.equal(true);
    expect(entersAtOnce({ project: auto, members: 3n })).to.equal(false);
    expect(entersAtOnce({ project: FULL.project, members: 0n })).to.equal(false);
    expect(entersAtOnce({ project: { ...auto, maxMembers: UNLIMITED }, members: 0n })).to.equal(
      true,
    );
  });
});

describe('enrolling', () => {
  it('gives the first of several reasons: account, right, project, policy, room, state [12.4]', () => {
    let situation = {
      members: 3n,
      isAccountActive: false,
      project: { ...FULL.project, state: 'terminated', joinPolicy: 'closed' } as JoinedProject,
    };
    let roles = MEMBER;
    const said = () => faultOfEnrollment('accepted', situation, roles)?.message;
    expect(said()).to.equal('User account is not active.');
    situation = { ...situation, isAccountActive: true };
    expect(said()).to.equal(NOT_FOR_YOU);
    roles = OWNER;
    expect(said()).to.equal('Project p is not alive.');
    situation = { ...situation, project: { ...situation.project, state: 'active' } };
    expect(said()).to.equal(JOIN_CLOSED);
    situation = { ...situation, project: { ...situation.project, joinPolicy: 'moderated' } };
    expect(said()).to.equal(NO_ROOM);
    situation = { ...situation, members: 2n };
    expect(said()).to.equal('Membership already exists.');
  });

  it('is possible from every state but those of members [12.5]', () => {
    const open = [undefined, ...MEMBERSHIP_STATES].filter(
      (state) => faultOfEnrollment(state, REQUEST, OWNER) === undefined,
    );
    expect(open).to.deep.equal([undefined, 'requested', 'rejected', 'cancelled', 'removed']);
  });
});
