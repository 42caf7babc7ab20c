// Goal: a request is served at the microversion its header asks for (section 3.3, behaviours 2 to 7).
// Method: the negotiation alone, header by header.
import { expect } from 'chai';
import {
  HIGHEST_MINOR,
  minorFrom,
  namesPlacement,
  VersionRefused,
} from '../../../src/allocations/rest/microversion.js';

const negotiate = (header?: string) => minorFrom({ 'openstack-api-version': header });

function refusalOf(header: string): VersionRefused {
  try {
    negotiate(header);
  } catch (error) {
    if (error instanceof VersionRefused) return error;
    throw error;
  }
  throw new Error(`${header} was not refused`);
}

describe('the microversion of a request (section 3.3)', () => {
  for (const [header, minor] of [
    [undefined, 0],
    ['', 0],
    ['placement 1.0', 0],
    ['placement 1.39', 39],
    ['placement latest', HIGHEST_MINOR],
    ['PLACEMENT Latest', HIGHEST_MINOR],
    ['  placement   1.12  ', 12],
    ['compute 2.1, placement 1.12', 12],
    ['compute 2.1,placement 1.12,volume 3.0', 12],
    ['placement 1.12, placement 1.13', 13],
    ['compute 2.1', 0],
    ['placements 1.12', 0],
    ['1.12', 0],
  ] as const)
    it(`is 1.${minor} for ${String(header)}`, () => {
      expect(negotiate(header)).to.equal(minor);
    });

  it('is refused when it is not served', () => {
    for (const version of ['0.9', '1.40', '1.999', '2.0', '0.0']) {
      const refusal = refusalOf(`placement ${version}`);
      expect(refusal.message).to.equal(`Unacceptable version header: ${version}`);
      expect(refusal.isVersion).to.equal(true);
    }
  });

  it('is refused when it is no version', () => {
    for (const version of [
      'pony.horse',
      '1.2.3',
      '1',
      '1.',
      '.1',
      '-1.2',
      '1.2 1.3',
      '1.1e1',
      '',
    ]) {
      const refusal = refusalOf(`placement ${version}`);
      expect(refusal.message).to.equal(`invalid version string: ${version}`);
      expect(refusal.isVersion).to.equal(false);
    }
  });

  it('makes the root path ours when it names this API', () => {
    expect(namesPlacement({ 'openstack-api-version': 'compute 2.1, Placement 1.1' })).to.equal(
      true,
    );
    expect(namesPlacement({ 'openstack-api-version': 'placement' })).to.equal(true);
    expect(namesPlacement({ 'openstack-api-version': 'image 2.1' })).to.equal(false);
    expect(namesPlacement({})).to.equal(false);
  });
});
