// Goal: what each kind of caller may do with an image follows from its visibility and from nothing
// else (sections 2.2, 5 and 8 of the image specification).
// Method: every visibility × caller × operation through a real Envoy, each on an image of its own with
// an accepted and a pending member, against a table written from the document.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { RestOptions } from '../../support/rest-client.js';
import { type Stack, startStack } from '../../support/stack.js';

const VISIBILITIES = ['public', 'community', 'shared', 'private'] as const;
const CALLERS = ['owner', 'member', 'other', 'stranger', 'admin', 'nobody'] as const;

type Visibility = (typeof VISIBILITIES)[number];
type CallerName = (typeof CALLERS)[number];

/** The callers by project; the image is shared with `member`, who accepted, and `other`, who has not. */
interface World {
  readonly image: string;
  readonly token: (caller: CallerName) => string | undefined;
  readonly project: (caller: CallerName) => string;
}

const PATCH = { 'content-type': 'application/openstack-images-v2.1-json-patch' };

/** Statuses by caller, in the order of CALLERS. */
type Row = readonly [number, number, number, number, number, number];

/** What the members of public and community images answer, whoever asks. */
const REFUSED: Row = [403, 403, 403, 403, 403, 401];
const HIDDEN: Row = [404, 404, 404, 404, 404, 401];

interface Operation {
  readonly name: string;
  readonly request: (world: World) => readonly [string, string, RestOptions];
  readonly expected: Readonly<Record<Visibility, Row>>;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'showing the image',
    request: ({ image }) => ['GET', `/v2/images/${image}`, {}],
    expected: {
      public: [200, 200, 200, 200, 200, 401],
      community: [200, 200, 200, 200, 200, 401],
      shared: [200, 200, 200, 404, 200, 401],
      private: [200, 404, 404, 404, 200, 401],
    },
  },
  {
    name: 'changing the image',
    request: ({ image }) => [
      'PATCH',
      `/v2/images/${image}`,
      { headers: PATCH, json: [{ op: 'add', path: '/k', value: 'v' }] },
    ],
    expected: {
      public: [200, 403, 403, 403, 200, 401],
      community: [200, 403, 403, 403, 200, 401],
      shared: [200, 403, 403, 404, 200, 401],
      private: [200, 404, 404, 404, 200, 401],
    },
  },
  {
    name: 'deleting the image',
    request: ({ image }) => ['DELETE', `/v2/images/${image}`, {}],
    expected: {
      public: [204, 403, 403, 403, 204, 401],
      community: [204, 403, 403, 403, 204, 401],
      shared: [204, 403, 403, 404, 204, 401],
      private: [204, 404, 404, 404, 204, 401],
    },
  },
  {
    name: 'adding a member',
    request: ({ image }) => ['POST', `/v2/images/${image}/members`, { json: { member: 'new' } }],
    expected: {
      public: REFUSED,
      community: REFUSED,
      shared: [200, 403, 403, 404, 200, 401],
      private: [200, 404, 404, 404, 200, 401],
    },
  },
  {
    name: 'listing members',
    request: ({ image }) => ['GET', `/v2/images/${image}/members`, {}],
    expected: {
      public: REFUSED,
      community: REFUSED,
      shared: [200, 200, 200, 404, 200, 401],
      private: [200, 404, 404, 404, 200, 401],
    },
  },
  {
    name: 'showing a member',
    request: (world) => ['GET', memberPath(world), {}],
    expected: {
      public: HIDDEN,
      community: HIDDEN,
      shared: [200, 200, 404, 404, 200, 401],
      private: [200, 404, 404, 404, 200, 401],
    },
  },
  {
    name: 'answering for a member',
    request: (world) => ['PUT', memberPath(world), { json: { status: 'rejected' } }],
    expected: {
      public: REFUSED,
      community: REFUSED,
      shared: [403, 200, 404, 404, 200, 401],
      private: [403, 404, 404, 404, 200, 401],
    },
  },
  {
    name: 'removing a member',
    request: (world) => ['DELETE', memberPath(world), {}],
    expected: {
      public: REFUSED,
      community: REFUSED,
      shared: [204, 403, 404, 404, 204, 401],
      private: [204, 404, 404, 404, 204, 401],
    },
  },
];

/** Whether the image is in the caller's default list, in the order of CALLERS without `nobody`. */
const LISTED: Readonly<Record<Visibility, readonly boolean[]>> = {
  public: [true, true, true, true, true],
  community: [true, false, false, false, false],
  shared: [true, true, false, false, true],
  private: [true, false, false, false, true],
};

function memberPath({ image, project }: World): string {
  return `/v2/images/${image}/members/${project('member')}`;
}

describe('the rights to images (image specification, sections 2.2 and 5)', () => {
  let stack: Stack;

  before(async () => {
    stack = await startStack({ settings: { IMAGES_AUTH: 'fake' } });
  });
  after(() => stack.stop());

  async function createWorld(visibility: Visibility): Promise<World> {
    const image = randomUUID();
    const project = (caller: CallerName) => `${caller}-${image}`;
    await stack.database.query(
      `insert into images (id, visibility, owner, created_at, updated_at)
       values ($1, $2, $3, now(), now())`,
      [image, visibility, project('owner')],
    );
    await stack.database.query(
      `insert into image_members (image_id, member, status, created_at, updated_at)
       values ($1, $2, 'accepted', now(), now()), ($1, $3, 'pending', now(), now())`,
      [image, project('member'), project('other')],
    );
    return {
      image,
      project,
      token: (caller) =>
        caller === 'nobody'
          ? undefined
          : `${caller}:${project(caller)}:${caller === 'admin' ? 'admin' : 'member'}`,
    };
  }

  for (const { name, request, expected } of OPERATIONS)
    for (const visibility of VISIBILITIES)
      it(`are the documented ones for ${name} while it is ${visibility}`, async () => {
        const answered: number[] = [];
        for (const caller of CALLERS) {
          const world = await createWorld(visibility);
          const [method, target, options] = request(world);
          const token = world.token(caller);
          const { status } = await stack.rest.send(method, target, {
            ...options,
            ...(token !== undefined && { token }),
          });
          answered.push(status);
        }
        expect(answered, CALLERS.join(', ')).to.deep.equal(expected[visibility]);
      });

  for (const visibility of VISIBILITIES)
    it(`are the documented ones for default lists while it is ${visibility}`, async () => {
      const world = await createWorld(visibility);
      const listed: boolean[] = [];
      for (const caller of CALLERS.slice(0, -1)) {
        const answer = await stack.rest.get(`/v2/images?id=${world.image}`, {
          token: world.token(caller) ?? '',
        });
        expect(answer.status).to.equal(200);
        listed.push(answer.text.includes(`"id": "${world.image}"`));
      }
      expect(listed, CALLERS.join(', ')).to.deep.equal(LISTED[visibility]);
    });
});
