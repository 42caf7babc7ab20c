// Goal: concurrent writes to the members of an image end as if they had come one after the other
// (image specification, section 10; behaviours 41 and 42).
// Method: two servers on one database, real parallel calls to both; afterwards the table is looked at.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { Image_Visibility, ImageMember_Status } from '../../src/gen/apportion/images/v1/images.js';
import { type Stack, startStack } from '../support/stack.js';

const { STATUS_ACCEPTED: ACCEPTED, STATUS_REJECTED: REJECTED } = ImageMember_Status;
const OWNER = { token: 'o:owner:member' };
const ADMIN = { token: 'a:admin:admin' };

describe('concurrent writes to members (section 10)', () => {
  let stack: Stack;
  let clients: readonly GrpcClient[];

  before(async () => {
    const settings = { IMAGES_AUTH: 'fake', IMAGES_MEMBER_QUOTA: '5' };
    stack = await startStack({ settings, servers: 2, envoy: false });
    clients = stack.addresses.map((address) => connectGrpc(address));
  });
  after(async () => {
    for (const client of clients) client.close();
    await stack.stop();
  });

  const client = (turn: number): GrpcClient => clients[turn % clients.length]!;

  async function createImage(): Promise<string> {
    const { image } = await client(0).images.createImage({}, OWNER);
    return image!.id;
  }

  /** Returns how calls ended, as `OK` or the reason, with how many times each. */
  async function outcomes(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
    const ended = await Promise.all(
      calls.map((call) =>
        call.then(
          () => 'OK',
          async () => (await grpcFailure(call)).reason ?? 'unknown',
        ),
      ),
    );
    const counts: Record<string, number> = {};
    for (const one of ended) counts[one] = (counts[one] ?? 0) + 1;
    return counts;
  }

  async function membersOf(imageId: string): Promise<readonly string[]> {
    const { members } = await client(0).imageMembers.listImageMembers({ imageId }, ADMIN);
    return members.map(({ memberId }) => memberId);
  }

  function times<T>(count: number, make: (turn: number) => T): readonly T[] {
    return Array.from({ length: count }, (_, turn) => make(turn));
  }

  it('41. add a new member exactly once', async () => {
    const imageId = await createImage();
    const calls = times(20, (turn) =>
      client(turn).imageMembers.createImageMember({ imageId, member: 'm' }, OWNER),
    );
    expect(await outcomes(calls)).to.deep.equal({ OK: 1, ALREADY_EXISTS: 19 });
    expect(await membersOf(imageId)).to.deep.equal(['m']);
  });

  it('add no more members than the quota, and exactly that many', async () => {
    const imageId = await createImage();
    const calls = times(20, (turn) =>
      client(turn).imageMembers.createImageMember({ imageId, member: `m${turn}` }, OWNER),
    );
    expect(await outcomes(calls)).to.deep.equal({ OK: 5, LIMIT_REACHED: 15 });
    expect(await membersOf(imageId)).to.have.length(5);
  });

  it('remove a member exactly once', async () => {
    const imageId = await createImage();
    await client(0).imageMembers.createImageMember({ imageId, member: 'm' }, OWNER);
    const calls = times(10, (turn) =>
      client(turn).imageMembers.deleteImageMember({ imageId, memberId: 'm' }, OWNER),
    );
    expect(await outcomes(calls)).to.deep.equal({ OK: 1, NOT_FOUND: 9 });
  });

  it('42. never bring a member back that was removed while it answered', async () => {
    for (let round = 0; round < 30; round += 1) {
      const imageId = await createImage();
      await client(0).imageMembers.createImageMember({ imageId, member: 'm' }, OWNER);
      const answering = times(3, (turn) =>
        client(turn).imageMembers.updateImageMember(
          { imageId, memberId: 'm', status: turn === 0 ? ACCEPTED : REJECTED },
          { token: 'm:m:member' },
        ),
      );
      const removing = client(round).imageMembers.deleteImageMember(
        { imageId, memberId: 'm' },
        OWNER,
      );
      const ended = await outcomes([...answering, removing]);
      expect(Object.keys(ended).sort().join()).to.match(/^(NOT_FOUND,)?OK$/);
      expect(await membersOf(imageId)).to.deep.equal([]);
      const failure = await grpcFailure(
        client(1).images.getImage({ imageId }, { token: 'm:m:member' }),
      );
      expect(failure.reason).to.equal('NOT_FOUND');
    }
  });

  it('add no member after the image became public', async () => {
    for (let round = 0; round < 20; round += 1) {
      const imageId = await createImage();
      const adding = times(4, (turn) =>
        client(turn).imageMembers.createImageMember({ imageId, member: `m${turn}` }, OWNER),
      );
      const publishing = client(round).images.updateImage(
        {
          imageId,
          operations: [
            {
              action: {
                $case: 'replace',
                value: {
                  property: 'visibility',
                  value: { kind: { $case: 'stringValue', value: 'public' } },
                },
              },
            },
          ],
        },
        ADMIN,
      );
      const [added, published] = await Promise.all([outcomes(adding), publishing]);
      expect(published.image?.visibility).to.equal(Image_Visibility.VISIBILITY_PUBLIC);
      expect(Object.keys(added).sort().join()).to.match(/^(IMAGE_NOT_SHAREABLE)?,?(OK)?$/);
      const rows = await stack.database.query('select from image_members where image_id = $1', [
        imageId,
      ]);
      expect(rows.length).to.equal(added['OK'] ?? 0);
    }
  });

  it('leave no members behind of an image that is deleted meanwhile', async () => {
    for (let round = 0; round < 20; round += 1) {
      const imageId = await createImage();
      const adding = times(4, (turn) =>
        client(turn).imageMembers.createImageMember({ imageId, member: `m${turn}` }, OWNER),
      );
      const deleting = client(round).images.deleteImage({ imageId }, OWNER);
      const [added] = await Promise.all([outcomes(adding), deleting]);
      expect(Object.keys(added).sort().join()).to.match(/^(NOT_FOUND)?,?(OK)?$/);
      const rows = await stack.database.query('select from image_members where image_id = $1', [
        imageId,
      ]);
      expect(rows.length).to.equal(0);
    }
  });

  it('give an id out once', async () => {
    const id = randomUUID();
    const calls = times(10, (turn) => client(turn).images.createImage({ id }, OWNER));
    expect(await outcomes(calls)).to.deep.equal({ OK: 1, ALREADY_EXISTS: 9 });
  });
});
