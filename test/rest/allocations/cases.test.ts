// Goal: the Placement API behaves as documented, one behaviour after the other.
// Method: documented requests as data, through a real Envoy; callers are who they say they are, and
// the rules are those of most of upstream's own tests.
import { readdirSync } from 'node:fs';
import { describeCases } from '../../support/cases.js';
import { type Stack, startStack } from '../../support/stack.js';

describe('the Placement API', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startStack({
      settings: { ALLOCATIONS_AUTH: 'noauth2', ALLOCATIONS_POLICY: 'legacy' },
    });
  });

  after(() => stack.stop());

  for (const file of readdirSync(new URL('.', import.meta.url)))
    if (file.endsWith('.case.yaml')) describeCases(new URL(file, import.meta.url), () => stack);
});
