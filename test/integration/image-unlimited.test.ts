// Goal: a member quota of -1 is none (image specification, section 11, behaviour 39).
// Method: one member more than the default allows, over gRPC.
import { expect } from 'chai';
import { connectGrpc } from '../support/grpc-client.js';
import { startStack } from '../support/stack.js';

const OWNER = { token: 'o:owner:member' };

it('39. an image has more than 128 members where the operator sets no limit', async () => {
  const settings = { IMAGES_AUTH: 'fake', IMAGES_MEMBER_QUOTA: '-1' };
  const stack = await startStack({ settings, envoy: false });
  const client = connectGrpc(stack.addresses[0] ?? '');
  try {
    const { image } = await client.images.createImage({}, OWNER);
    const imageId = image?.id ?? '';
    const ids = Array.from({ length: 129 }, (_, index) => `m${index}`);
    await Promise.all(
      ids.map((member) => client.imageMembers.createImageMember({ imageId, member }, OWNER)),
    );
    const { members } = await client.imageMembers.listImageMembers({ imageId }, OWNER);
    expect(members.map(({ memberId }) => memberId)).to.have.members(ids);
  } finally {
    client.close();
    await stack.stop();
  }
});
