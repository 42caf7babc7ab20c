/**
 * Goal: who may do what with a project is as section 3 of the projects specification says. Method:
 * every role with every right, compared with the table written out.
 */
import { expect } from 'chai';
import {
  type Actor,
  mayFollow,
  mayManage,
  maySee,
  mayWaive,
  OPERATOR,
  type Visible,
} from '../../../src/projects/access.js';
import { PROJECT_STATES } from '../../../src/projects/domain/project-states.js';

const user = (uuid: string): Actor => ({ uuid, isAdmin: false });

const ROLES: Readonly<Record<string, Actor>> = {
  admin: { uuid: 'admin', isAdmin: true },
  operator: OPERATOR,
  owner: user('owner'),
  applicant: user('applicant'),
  stranger: user('stranger'),
};

function project(more: Partial<Visible> = {}): Visible {
  return {
    ...{ owner: 'owner', state: 'uninitialized', isPrivate: false, isMember: false },
    ...{ lastApplicant: 'applicant', ...more },
  };
}

/** Returns the roles that have a right. */
function whoMay(may: (actor: Actor) => boolean): readonly string[] {
  return Object.keys(ROLES).filter((role) => may(ROLES[role]!));
}

describe('a project', () => {
  it('is seen by whoever decides, owns or applied, in every state [3]', () => {
    for (const state of PROJECT_STATES)
      expect(whoMay((actor) => maySee(actor, project({ state, isPrivate: true })))).to.deep.equal([
        'admin',
        'operator',
        'owner',
        'applicant',
      ]);
  });

  it('is seen by everybody while it is active and not private [3]', () => {
    for (const state of PROJECT_STATES)
      for (const isPrivate of [true, false])
        expect(maySee(user('stranger'), project({ state, isPrivate }))).to.equal(
          state === 'active' && !isPrivate,
        );
  });

  it('is seen by its members, in every state [3]', () => {
    for (const state of PROJECT_STATES)
      expect(maySee(user('stranger'), project({ state, isMember: true }))).to.equal(true);
  });

  it('tells of its applications whoever decides, owns or applied [16, row 4]', () => {
    const member = project({ isMember: true, state: 'active' });
    expect(whoMay((actor) => mayFollow(actor, member))).to.deep.equal([
      'admin',
      'operator',
      'owner',
      'applicant',
    ]);
  });

  it('is managed by whoever decides or owns [3]', () => {
    expect(whoMay((actor) => mayManage(actor, project()))).to.deep.equal([
      'admin',
      'operator',
      'owner',
    ]);
  });

  it('of nobody is managed by no user, and not by one without a uuid either [11]', () => {
    const system = project({ owner: null, lastApplicant: null });
    expect(whoMay((actor) => mayManage(actor, system))).to.deep.equal(['admin', 'operator']);
    expect(mayManage({ uuid: null, isAdmin: false }, system)).to.equal(false);
    expect(mayFollow({ uuid: null, isAdmin: false }, system)).to.equal(false);
  });
});

describe('an application', () => {
  it('is withdrawn by whoever decides or applied, and by no owner as such [3]', () => {
    expect(whoMay((actor) => mayWaive(actor, { applicant: 'applicant' }))).to.deep.equal([
      'admin',
      'operator',
      'applicant',
    ]);
  });
});
