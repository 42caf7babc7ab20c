/**
 * Goal: what is malformed in the section `projects` of a state file is refused with its path before
 * anything is read. Method: a table of entries, each wrong in one place.
 */
import { expect } from 'chai';
import { UNLIMITED } from '../../../src/kernel/quantity.js';
import { projectEntry } from '../../../src/projects/declared/entry.js';

const P = { uuid: 'p', name: 'p.org', owner: 'u' };
const vm = (project_capacity: unknown, member_capacity: unknown) => ({
  ...P,
  resources: { vm: { project_capacity, member_capacity } },
});

describe('a project of a state file', () => {
  const paths = (entry: unknown) =>
    projectEntry.safeParse(entry).error?.issues.map(({ path }) => path.join('.')) ?? [];

  it('takes integers as bigint and as number, up to 2^63−1', () => {
    const { resources, max_members } = projectEntry.parse({
      ...vm(UNLIMITED, 0),
      max_members: 25,
    });
    expect(resources).to.deep.equal({ vm: { projectCapacity: UNLIMITED, memberCapacity: 0n } });
    expect(max_members).to.equal(25n);
  });

  it('takes moments with an offset', () => {
    const { end_date } = projectEntry.parse({ ...P, end_date: '2030-01-01T02:00:00+02:00' });
    expect(end_date).to.deep.equal(new Date('2030-01-01T00:00:00Z'));
  });

  const WRONG: readonly (readonly [string, unknown, string])[] = [
    ['an unknown key', { ...P, homepage: 'x' }, ''],
    ['an unknown key of a member', { ...P, members: [{ user: 'u', role: 'x' }] }, 'members.0'],
    ['an empty uuid', { ...P, uuid: '' }, 'uuid'],
    ['a NUL', { ...P, description: '\0' }, 'description'],
    ['a name that is no domain', { ...P, name: 'plain' }, 'name'],
    ['a state that only applications lead to', { ...P, state: 'uninitialized' }, 'state'],
    [
      'a membership state that does not exist',
      { ...P, members: [{ user: 'u', state: 'x' }] },
      'members.0.state',
    ],
    ['a date without an offset', { ...P, end_date: '2030-01-01T00:00:00' }, 'end_date'],
    ['a policy that does not exist', { ...P, join_policy: 'open' }, 'join_policy'],
    ['more members than 64 bits', { ...P, max_members: UNLIMITED + 1n }, 'max_members'],
    ['a negative capacity', vm(1, -1), 'resources.vm.member_capacity'],
    ['a capacity beyond 64 bits', vm(UNLIMITED + 1n, 0), 'resources.vm.project_capacity'],
    ['a number that lost digits', vm(2 ** 63, 0), 'resources.vm.project_capacity'],
    ['a fraction', vm(1.5, 0), 'resources.vm.project_capacity'],
    ['a boolean', vm(true, 0), 'resources.vm.project_capacity'],
    ['a missing capacity', vm(1, undefined), 'resources.vm.member_capacity'],
    ['more for a member than for the project', vm(1, 2), 'resources.vm'],
  ];
  for (const [what, entry, path] of WRONG)
    it(`is refused with ${what}`, () => {
      expect(paths(entry)).to.deep.equal([path]);
    });
});
