/**
 * Goal: proposals are judged in the order of sections 7.5 and 7.6 of the projects specification.
 * Method: a proposal in which everything is wrong is mended step by step, and each step must uncover
 * the next mistake; values and what they come to, side by side.
 */
import { expect } from 'chai';
import { Failure } from '../../../src/kernel/failure.js';
import { type Parsed, parsed, unwrap } from '../../../src/kernel/parsed.js';
import { UNLIMITED } from '../../../src/kernel/quantity.js';
import {
  judgeForm,
  judgeValues,
  maxMembersFrom,
  type Proposal,
  requireStorable,
  type SentProposal,
  withDefaults,
} from '../../../src/projects/domain/proposal.js';
import { proposalFrom } from '../../../src/projects/rest/proposal.js';
import { isObject, readJson } from '../../../src/rpc/json.js';

const NOW = new Date('2031-01-01T00:00:00Z');
const REFERENTS = { resources: new Set(['r11', 'r12']), now: NOW };

type Purpose = 'create' | 'modify';

/** Judges a body as the service does behind the owner; returns the proposal or what is wrong. */
function judged(body: object, purpose: Purpose): Proposal | string {
  try {
    const sent = sentFrom(body, purpose);
    const owner = unwrap(sent.owner) ?? null;
    return judgeValues(sent, owner, judgeForm(sent, purpose), REFERENTS);
  } catch (error) {
    expect(error).to.be.instanceOf(Failure).with.property('kind', 'invalid');
    return (error as Failure).message;
  }
}

function sentFrom(body: object, purpose: Purpose): SentProposal {
  const json = unwrap(readJson(Buffer.from(JSON.stringify(body))));
  if (!isObject(json)) throw new Error('The body is no object');
  return proposalFrom(json, purpose);
}

const WRONG = {
  ...{ owner: 5, join_policy: 'open', leave_policy: null, max_members: 1.5, private: 'yes' },
  ...{ homepage: 1, description: 2, comments: 3, resources: null },
  ...{ start_date: 'soon', end_date: 'later' },
};

/** What each step mends, and what is told before it. */
const STEPS: readonly (readonly [message: string, mend: object])[] = [
  ['owner must be string', { owner: 'o' }],
  ['Name missing.', { name: 'non_domain_name' }],
  ['Invalid join policy', { join_policy: 'auto' }],
  ['Invalid leave policy', { leave_policy: 'closed' }],
  ['Invalid max_members', { max_members: -1 }],
  ['private must be boolean', { private: true }],
  ['homepage must be string', { homepage: 'h'.repeat(256) }],
  ['description must be string', { description: 'd'.repeat(4097) }],
  ['comments must be string', { comments: 'c'.repeat(4097) }],
  ['Malformed resource policies', { resources: { r11: 42, nonex: {} } }],
  ['Malformed resource policies', { resources: { r11: 42 } }],
  ['Malformed resource policies', { resources: { r11: { member_capacity: 1 } } }],
  [
    'Malformed resource policies',
    { resources: { r11: { project_capacity: 2, member_capacity: 1, more: 1 } } },
  ],
  ['Project name should be in domain format', { name: `${'n'.repeat(77)}.org` }],
  ["'name' value exceeds max length 80", { name: 'new.name' }],
  ["'homepage' value exceeds max length 255", { homepage: 'new.page' }],
  ["'description' value exceeds max length 4096", { description: 'γονίδια' }],
  ["'comments' value exceeds max length 4096", { comments: '' }],
  ['max_members out of range', { max_members: 0 }],
  ['Invalid start_date', { start_date: '2031-02-01T00:00:00Z' }],
  ['Invalid end_date', { end_date: '2030-12-31T00:00:00Z' }],
  ["'end_date' must be in the future", { end_date: '2113-5-5T20:20:20Z' }],
];

describe('judging a proposal', () => {
  it('tells the mistake that comes first, in the documented order [7.5]', () => {
    let body: object = WRONG;
    for (const [message, mend] of STEPS) {
      expect(judged(body, 'create'), JSON.stringify(mend).slice(0, 80)).to.equal(message);
      body = { ...body, ...mend };
    }
    expect(judged(body, 'create')).to.deep.include({ owner: 'o', name: 'new.name', comments: '' });
  });

  it('misses the end of a new project behind its policies [7.5]', () => {
    const body = { name: 'new.name', max_members: 'many' };
    expect(judged({ ...body, leave_policy: 5 }, 'create')).to.equal('Invalid leave policy');
    expect(judged(body, 'create')).to.equal('Missing end date');
    expect(judged({ ...body, end_date: null }, 'create')).to.equal('Missing end date');
    expect(judged({ ...body, end_date: 5 }, 'create')).to.equal('Invalid max_members');
  });

  it('takes null and absence alike for a change, but for resources [1.4, 7.6]', () => {
    const fields = ['owner', 'name', 'homepage', 'description', 'comments', 'start_date'];
    const more = ['end_date', 'join_policy', 'leave_policy', 'max_members', 'private'];
    const nothing = Object.fromEntries([...fields, ...more].map((field) => [field, null]));
    expect(judged(nothing, 'modify')).to.deep.equal(judged({}, 'modify'));
    expect(judged({ resources: null }, 'modify')).to.equal('Malformed resource policies');
    for (const field of ['join_policy', 'leave_policy', 'max_members']) {
      const body = { name: 'new.name', end_date: '2113-5-5T20:20:20Z', [field]: null };
      expect(judged(body, 'create'), field).to.match(/^Invalid /);
    }
  });

  it('keeps what is empty, 0 or false apart from what is not given [1.4]', () => {
    const body = { homepage: '', max_members: 0, private: false, comments: '' };
    expect(judged(body, 'modify')).to.deep.include({
      ...{ homepage: '', maxMembers: 0n, isPrivate: false, comments: '' },
      ...{ name: null, owner: null, description: null, endDate: null },
    });
  });

  it('fills a proposal for a new project, and nothing that was proposed [7.5]', () => {
    const empty = judged({}, 'modify') as Proposal;
    expect(withDefaults(empty, 'applicant')).to.deep.include({
      ...{ owner: 'applicant', homepage: '', description: '', comments: '', startDate: null },
      ...{ joinPolicy: 'moderated', leavePolicy: 'auto', maxMembers: UNLIMITED, isPrivate: false },
    });
    const given = judged({ owner: 'o', leave_policy: 'closed', max_members: 0 }, 'modify');
    expect(withDefaults(given as Proposal, 'applicant')).to.deep.include({
      ...{ owner: 'o', leavePolicy: 'closed', maxMembers: 0n },
    });
  });

  it('tells what is wrong with capacities, resource by resource [5]', () => {
    const pair = (project: unknown, member: unknown) => ({
      resources: { r11: { project_capacity: project, member_capacity: member } },
    });
    expect(judged(pair(-1, -1), 'modify')).to.equal('Negative quota limit is not allowed');
    expect(judged(pair(1, 2), 'modify')).to.equal(
      "Project quota limit is less than member limit for resource 'r11'",
    );
    for (const wrong of [true, null, '5', 1.5])
      expect(judged(pair(5, wrong), 'modify'), String(wrong)).to.equal(
        'Malformed resource policies',
      );
    const proposal = judged(pair(0, 0), 'modify') as Proposal;
    expect([...proposal.resources]).to.deep.equal([
      ['r11', { projectCapacity: 0n, memberCapacity: 0n }],
    ]);
  });

  it('judges the range of dates that come without spelling, too', () => {
    const past: Parsed<Date | undefined> = parsed(new Date(0));
    const sent = { ...sentFrom({}, 'modify'), endDate: past };
    expect(() => judgeValues(sent, null, judgeForm(sent, 'modify'), REFERENTS)).to.throw(
      "'end_date' must be in the future",
    );
  });
});

describe('a number of members', () => {
  for (const [sent, members] of Object.entries({
    '15': 15n,
    '+5': 5n,
    '-3': -3n,
    '007': 7n,
    inf: UNLIMITED,
    infinite: UNLIMITED,
    '2K': 2048n,
    '1g': 1n << 30n,
    '9223372036854775808': UNLIMITED + 1n,
  })) {
    it(`may be ${sent} [7.5]`, () => {
      expect(maxMembersFrom(sent)).to.equal(members);
    });
  }

  for (const sent of ['', 'many', '1.5', '0x10', '1e3', ' 5', '5 ', '5\n', 'K', '1'.repeat(41)])
    it(`is not ${JSON.stringify(sent)} [7.5]`, () => {
      expect(maxMembersFrom(sent)).to.equal(undefined);
    });
});

describe('a text', () => {
  it('is measured in characters, and must be storable', () => {
    expect(() => requireStorable('homepage', '𝒽'.repeat(255), 255)).to.not.throw();
    expect(() => requireStorable('homepage', '𝒽'.repeat(256), 255)).to.throw('max length 255');
    for (const text of ['a\0b', '\ud800'])
      expect(() => requireStorable('homepage', text, 255)).to.throw('cannot be stored');
  });
});
