// Goal: what stands in targets and headers reaches the server as it was sent and steers nothing else.
// Method: hostile and odd requests as data, through a real Envoy; rows are those of "Observed" in
// the description of the edge.
import { describeCases } from '../../support/cases.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

describe('the edge', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld();
  });

  after(() => stack.stop());

  for (const file of ['targets', 'headers'])
    describeCases(new URL(`./${file}.case.yaml`, import.meta.url), () => stack);
});
