// Goal: the API of projects, applications and memberships behaves as section 18 of its specification
// says, seen from outside. Method: documented requests as data, through a real Envoy, on the setup
// that section names; every answer's headers and length are compared as well.
import { describeCases } from '../../support/cases.js';
import { startProjects } from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

describe('the projects API', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startProjects();
  });

  after(() => stack.stop());

  for (const file of [
    ...['http-rules', 'create', 'create-refusals', 'applications', 'pending-limit', 'modify'],
    ...['project-actions', 'joining', 'membership-actions', 'system-projects', 'filters'],
  ])
    describeCases(new URL(`./${file}.case.yaml`, import.meta.url), () => stack);
});
