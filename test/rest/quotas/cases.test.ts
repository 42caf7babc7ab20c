// Goal: the quota API behaves as its specification says, seen from outside.
// Method: documented requests as data, through a real Envoy, on the specification's own fixture;
// what registers resources for everybody runs in a world of its own.
import { describeCases } from '../../support/cases.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const SHARED = [
  'resources',
  'quotas',
  'service-quotas',
  'service-project-quotas',
  'http-rules',
  'issue-commission',
  'issue-commission-refusals',
  'read-commission',
  'resolve-commission',
  'resolve-commissions',
  'limits',
];

const APART = ['registration'];

for (const files of [SHARED, APART]) {
  describe('the quota API', () => {
    let stack: Stack;

    before(async function () {
      this.timeout(60_000);
      stack = await startWorld();
    });

    after(() => stack.stop());

    for (const file of files)
      describeCases(new URL(`./${file}.case.yaml`, import.meta.url), () => stack);
  });
}
