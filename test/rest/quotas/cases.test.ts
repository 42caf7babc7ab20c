// Goal: the quota API behaves as its specification says, seen from outside.
// Method: documented requests as data, through a real Envoy, on the specification's own fixture;
// what changes the world for everybody runs in a world of its own.
import { describeCases } from '../../support/cases.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const WORLDS: readonly { readonly settings?: Record<string, string>; readonly files: string[] }[] =
  [
    {
      files: [
        ...['resources', 'quotas', 'service-quotas', 'service-project-quotas', 'http-rules'],
        ...['issue-commission', 'issue-commission-refusals', 'read-commission'],
        ...['resolve-commission', 'resolve-commissions', 'limits'],
      ],
    },
    { files: ['registration'] },
    { settings: { QUOTAS_STRICT: 'true' }, files: ['strict'] },
  ];

for (const { settings, files } of WORLDS) {
  describe('the quota API', () => {
    let stack: Stack;

    before(async function () {
      this.timeout(60_000);
      stack = await startWorld({ settings });
    });

    after(() => stack.stop());

    for (const file of files)
      describeCases(new URL(`./${file}.case.yaml`, import.meta.url), () => stack);
  });
}
