// Goal: with tokens, the roles of a token's scope decide (section 3.2), and what noauth2 believes is
// believed no more; the prefix is where the operator put it.
// Method: documented requests as data, through a real Envoy, with the settings of production.
import { describeCases } from '../../support/cases.js';
import { type Stack, startStack } from '../../support/stack.js';

describe('the Placement API with tokens', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startStack({ settings: { ALLOCATIONS_PREFIX: '/cloud/placement-2' } });
  });

  after(() => stack.stop());

  for (const file of ['access', 'prefix'])
    describeCases(new URL(`./token/${file}.case.yaml`, import.meta.url), () => stack);
});
