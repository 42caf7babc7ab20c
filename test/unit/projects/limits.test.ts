/**
 * Goal: limits follow from states and capacities as section 9.2 of the quota specification says,
 * and capacities are refused in the words of section 5 of the projects specification.
 * Method: the formula over every pair of states; a table of refusals.
 */
import { expect } from 'chai';
import { type Quantity, UNLIMITED, ZERO } from '../../../src/kernel/quantity.js';
import { faultOfCapacities } from '../../../src/projects/domain/capacities.js';
import { memberLimit, projectLimit } from '../../../src/projects/domain/limits.js';

const TEN = 10n as Quantity;

describe('limits', () => {
  it('of a project are its capacity while it is active, else 0 [9.2]', () => {
    expect(projectLimit('active', TEN)).to.equal(TEN);
    expect(projectLimit('suspended', TEN)).to.equal(ZERO);
    expect(projectLimit('terminated', TEN)).to.equal(ZERO);
  });

  it('of a member are the member capacity while project and membership are effective [9.2]', () => {
    const memberships = [
      'requested',
      'accepted',
      'leave_requested',
      'suspended',
      'rejected',
      'cancelled',
      'removed',
    ] as const;
    for (const project of ['active', 'suspended', 'terminated'] as const)
      for (const membership of memberships) {
        const isEffective =
          project === 'active' && ['accepted', 'leave_requested'].includes(membership);
        expect(memberLimit(project, membership, TEN), `${project} ${membership}`).to.equal(
          isEffective ? TEN : ZERO,
        );
      }
  });
});

describe('capacities', () => {
  const judged = (projectCapacity: bigint, memberCapacity: bigint) =>
    faultOfCapacities('nimbus.vm', {
      projectCapacity: projectCapacity,
      memberCapacity: memberCapacity,
    })?.message;

  it('are accepted from 0 to 2^63−1 with no more for a member than for the project [5]', () => {
    expect(judged(0n, 0n)).to.equal(undefined);
    expect(judged(UNLIMITED, UNLIMITED)).to.equal(undefined);
    expect(judged(5n, 4n)).to.equal(undefined);
  });

  it('are refused in the documented words [5]', () => {
    expect(judged(UNLIMITED + 1n, 0n)).to.equal(
      'Quota limit exceeds max value 9223372036854775807',
    );
    expect(judged(4n, -1n)).to.equal('Negative quota limit is not allowed');
    expect(judged(4n, 5n)).to.equal(
      "Project quota limit is less than member limit for resource 'nimbus.vm'",
    );
  });
});
