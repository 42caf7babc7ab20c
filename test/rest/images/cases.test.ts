// Goal: the Image API behaves as its specification says, seen from outside.
// Method: documented requests as data, through a real Envoy; callers are who their tokens say
// (`user:project:roles`), so that each case has projects of its own.
import { describeCases } from '../../support/cases.js';
import { type Stack, startStack } from '../../support/stack.js';

const WORLDS: readonly { readonly settings?: Record<string, string>; readonly files: string[] }[] =
  [
    {
      files: [
        ...['life-cycle', 'permissions', 'visibility', 'bodies', 'unknown', 'images', 'lists'],
        ...['formats'],
      ],
    },
    {
      settings: {
        IMAGES_MEMBER_QUOTA: '3',
        IMAGES_PROPERTY_QUOTA: '2',
        IMAGES_TAG_QUOTA: '2',
        IMAGES_NAME_LENGTH: '10',
      },
      files: ['quotas'],
    },
    {
      settings: { IMAGES_MEMBER_VISIBILITY_RULE: 'strict', IMAGES_MEMBER_QUOTA: '0' },
      files: ['no-sharing'],
    },
    { settings: { IMAGES_ROLE_ENFORCEMENT: 'true' }, files: ['roles'] },
    { settings: { IMAGES_OWNER_IDENTITY: 'user' }, files: ['users'] },
    { settings: { IMAGES_AUTH: 'token' }, files: ['tokens'] },
  ];

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
