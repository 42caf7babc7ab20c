// Goal: the Image API behaves as its specification says, seen from outside.
// Method: documented requests as data, through a real Envoy; callers are who their tokens say
// (`user:project:roles`), so that each case has projects of its own.
import { describeCases } from '../../support/cases.js';
import { type Stack, startStack } from '../../support/stack.js';

const WORLDS: readonly { readonly settings?: Record<string, string>; readonly files: string[] }[] =
  [{ files: ['life-cycle'] }];

for (const { settings, files } of WORLDS) {
  describe('the Image API', () => {
    let stack: Stack;

    before(async function () {
      this.timeout(60_000);
      stack = await startStack({ settings: { IMAGES_AUTH: 'fake', ...settings } });
    });

    after(() => stack.stop());

    for (const file of files)
      describeCases(new URL(`./${file}.case.yaml`, import.meta.url), () => stack);
  });
}
