// Goal: the catalogue, token look-ups and user catalogues behave as clients of the quota API need it.
// Method: documented requests as data, through a real Envoy, on the quota specification's fixture.
import { describeCases } from '../../support/cases.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

describe('the identity API', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld({ settings: { PUBLIC_URL: 'https://quota.example/' } });
  });

  after(() => stack.stop());

  for (const file of ['catalogue', 'tokens', 'user-catalogs'])
    describeCases(new URL(`./${file}.case.yaml`, import.meta.url), () => stack);
});
