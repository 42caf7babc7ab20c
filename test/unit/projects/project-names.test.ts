/**
 * Goal: names of ordinary projects look like domains (projects specification, section 6).
 * Method: the accepted and refused names of the section, and the edges of every length.
 */
import { expect } from 'chai';
import { faultOfProjectName } from '../../../src/projects/domain/project-names.js';

const LABEL = 'a'.repeat(63);
const FORMAT = 'Project name should be in domain format';
const LENGTH = "'name' value exceeds max length 80";

describe('the name of a project', () => {
  for (const name of [
    'test.pr',
    'new.name',
    'a.b.co',
    'UPPER.Org',
    'a-b.c1.org',
    '1.abcdef',
    `${LABEL}.org`,
    `${LABEL}.${'b'.repeat(13)}.co`, // 80 characters
  ])
    it(`may be ${name} [6]`, () => {
      expect(faultOfProjectName(name)).to.equal(undefined);
    });

  for (const name of [
    '',
    'plain',
    'non_domain_name',
    'a..org',
    '-a.org',
    'a-.org',
    '.org',
    'x.technology',
    '1.23',
    'a.b',
    'a.org.',
    'a.org\n',
    '\na.org',
    'ä.org',
    'system:5e2c1f0a',
    `a${LABEL}.org`,
  ])
    it(`may not be ${JSON.stringify(name)} [6]`, () => {
      expect(faultOfProjectName(name)).to.equal(FORMAT);
    });

  it('is judged for its length before its format [6]', () => {
    expect(faultOfProjectName('_'.repeat(81))).to.equal(LENGTH);
    expect(faultOfProjectName(`${LABEL}.${'b'.repeat(14)}.co`)).to.equal(LENGTH);
  });
});
