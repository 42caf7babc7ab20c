// Goal: images are shared with generated stubs as the protos promise, and both faces tell one story.
// Method: every RPC of the slice at a server and through Envoy, on images of projects of their own; the
// clock stands still unless a case moves it.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  type Image,
  Image_Status,
  Image_Visibility,
  ImageMember_Status,
  type PropertyValue,
} from '../../../src/gen/apportion/images/v1/images.js';
import {
  ListImagesRequest_MemberStatusFilter as MemberStatusFilter,
  ListImagesRequest_NumberRange_Field as NumberField,
  ListImagesRequest_SortKey_Field as SortField,
  ListImagesRequest_TimeCondition_Operator as Operator,
  type UpdateImageRequest_Operation as Operation,
} from '../../../src/gen/apportion/images/v1/images_service.js';
import { ListVersionsResponse_Version_Status as VersionStatus } from '../../../src/gen/apportion/images/v1/versions_service.js';
import { describeBothWays } from '../../support/both-ways.js';
import { type GrpcClient, grpcFailure, type GrpcOptions } from '../../support/grpc-client.js';
import { type Stack, startStack } from '../../support/stack.js';

const { STATUS_PENDING, STATUS_ACCEPTED, STATUS_REJECTED } = ImageMember_Status;

/** A project with somebody who calls for it. */
interface Project {
  readonly id: string;
  readonly call: GrpcOptions & { readonly token: string };
}

function project(role = 'member'): Project {
  const id = randomUUID();
  return { id, call: { token: `u:${id}:${role}` } };
}

function text(value: string): PropertyValue {
  return { kind: { $case: 'stringValue', value } };
}

function replace(property: string, value: PropertyValue): Operation {
  return { action: { $case: 'replace', value: { property, value } } };
}

describe('sharing images over gRPC', () => {
  let stack: Stack;
  const clock = { at: new Date('2031-04-09T16:02:41.250Z'), now: () => clock.at };
  const wait = (ms: number) => {
    clock.at = new Date(clock.at.getTime() + ms);
  };

  before(async () => {
    stack = await startStack({ settings: { IMAGES_AUTH: 'fake' }, clock });
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client: () => GrpcClient) => {
      let producer: Project;
      let consumer: Project;

      beforeEach(() => {
        producer = project();
        consumer = project();
      });

      async function createImage(request: object = {}, by = producer): Promise<Image> {
        const { image } = await client().images.createImage(request, by.call);
        return image!;
      }

      async function listed(request: object = {}, by = producer): Promise<readonly string[]> {
        const { images } = await client().images.listImages(request, by.call);
        return images.map(({ id }) => id);
      }

      it('tells the story of a producer and a consumer', async () => {
        const { id: imageId } = await createImage({ name: 'alpine' });
        const { id: memberId } = consumer;
        const member = await client().imageMembers.createImageMember(
          { imageId, member: memberId },
          producer.call,
        );
        expect(member.member?.status).to.equal(STATUS_PENDING);
        expect(await listed({}, consumer)).to.deep.equal([]);
        await client().imageMembers.updateImageMember(
          { imageId, memberId, status: STATUS_ACCEPTED },
          consumer.call,
        );
        expect(await listed({}, consumer)).to.deep.equal([imageId]);
        await client().imageMembers.deleteImageMember({ imageId, memberId }, producer.call);
        expect(await listed({}, consumer)).to.deep.equal([]);
        const lost = await grpcFailure(client().images.getImage({ imageId }, consumer.call));
        expect(lost).to.deep.include({ code: 'NOT_FOUND', reason: 'NOT_FOUND' });
        expect(lost.facts).to.deep.equal({ kind: 'image', id: imageId });
      });

      it('shares over one face what the other one sees', async () => {
        const { id: imageId } = await createImage();
        const path = `/v2/images/${imageId}/members`;
        const json = { member: consumer.id };
        const shared = await stack.rest.post(path, { token: producer.call.token, json });
        expect(shared.status).to.equal(200);
        const { members } = await client().imageMembers.listImageMembers(
          { imageId },
          consumer.call,
        );
        expect(members).to.deep.equal([
          {
            ...{ imageId, memberId: consumer.id, status: STATUS_PENDING },
            ...{ createdAt: clock.at, updatedAt: clock.at },
          },
        ]);
      });

      it('8, 11. moves a time when its object changes, and only then', async () => {
        const { id: imageId, createdAt, updatedAt } = await createImage();
        const { id: memberId } = consumer;
        const share = () =>
          client().imageMembers.createImageMember({ imageId, member: memberId }, producer.call);
        const answer = (status: ImageMember_Status) =>
          client().imageMembers.updateImageMember({ imageId, memberId, status }, consumer.call);
        wait(1000);
        const born = (await share()).member!;
        expect(born.createdAt).to.deep.equal(clock.at);
        expect(born.updatedAt).to.deep.equal(clock.at);
        wait(1000);
        const same = (await answer(STATUS_PENDING)).member!;
        expect(same).to.deep.equal(born);
        const accepted = (await answer(STATUS_ACCEPTED)).member!;
        expect(accepted).to.deep.include({ createdAt: born.createdAt, updatedAt: clock.at });
        wait(1000);
        expect((await answer(STATUS_ACCEPTED)).member).to.deep.equal(accepted);
        await client().imageMembers.deleteImageMember({ imageId, memberId }, producer.call);
        expect((await share()).member?.createdAt).to.deep.equal(clock.at);
        const { image } = await client().images.getImage({ imageId }, producer.call);
        expect(image).to.deep.include({ createdAt, updatedAt });
        const changed = await client().images.updateImage(
          { imageId, operations: [replace('name', text('x'))] },
          producer.call,
        );
        expect(changed.image).to.deep.include({ createdAt, updatedAt: clock.at, name: 'x' });
        wait(1000);
        const { image: left } = await client().images.updateImage({ imageId }, producer.call);
        expect(left).to.deep.equal(changed.image);
      });

      it('creates what it is told, and defaults for the rest', async () => {
        const image = await createImage({
          id: randomUUID(),
          name: 'n',
          visibility: Image_Visibility.VISIBILITY_COMMUNITY,
          protected: true,
          minDisk: 3,
          tags: ['a', 'a', 'b'],
          properties: { os_distro: 'alpine' },
        });
        expect({ ...image, tags: [...image.tags].sort() }).to.deep.equal({
          ...{ id: image.id, name: 'n', status: Image_Status.STATUS_QUEUED, protected: true },
          ...{ visibility: Image_Visibility.VISIBILITY_COMMUNITY, owner: producer.id },
          ...{ osHidden: false, diskFormat: undefined, containerFormat: undefined },
          ...{ size: undefined, virtualSize: undefined, minDisk: 3, minRam: 0 },
          ...{ checksum: undefined, osHashAlgo: undefined, osHashValue: undefined },
          ...{ tags: ['a', 'b'], properties: { os_distro: 'alpine' } },
          ...{ createdAt: clock.at, updatedAt: clock.at },
        });
        expect((await createImage()).visibility).to.equal(Image_Visibility.VISIBILITY_SHARED);
        const admin = project('admin');
        const ownerless = await createImage({ ownerless: true }, admin);
        expect(ownerless.owner).to.equal(undefined);
      });

      it('refuses what no image can be', async () => {
        const requests: readonly object[] = [
          { id: 'x' },
          { minDisk: -1 },
          { visibility: Image_Visibility.VISIBILITY_UNSPECIFIED },
          { diskFormat: 'floppy' },
          { ownerless: true, owner: producer.id },
          { properties: { name: 'n' } },
          { name: 'x'.repeat(256) },
          { name: 'a\0b' },
        ];
        for (const request of requests) {
          const failure = await grpcFailure(client().images.createImage(request, producer.call));
          expect(failure, JSON.stringify(request)).to.deep.include({
            ...{ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' },
          });
        }
        for (const request of [
          { properties: { status: 'active' } },
          { visibility: Image_Visibility.VISIBILITY_PUBLIC },
          { owner: consumer.id },
          { ownerless: true },
        ]) {
          const failure = await grpcFailure(client().images.createImage(request, producer.call));
          expect(failure, JSON.stringify(request)).to.deep.include({
            ...{ code: 'PERMISSION_DENIED', reason: 'FORBIDDEN' },
          });
        }
      });

      it('changes every kind of property, all or nothing', async () => {
        const { id: imageId } = await createImage({ properties: { a: '1' } });
        const update = (...operations: Operation[]) =>
          client().images.updateImage({ imageId, operations }, producer.call);
        const { image } = await update(
          replace('name', { kind: { $case: 'nullValue', value: {} } }),
          replace('tags', { kind: { $case: 'listValue', value: { values: ['x'] } } }),
          replace('min_ram', { kind: { $case: 'intValue', value: 7n } }),
          replace('os_hidden', { kind: { $case: 'boolValue', value: true } }),
          { action: { $case: 'remove', value: { property: 'a' } } },
          { action: { $case: 'add', value: { property: 'b', value: text('2') } } },
        );
        expect(image).to.deep.include({ tags: ['x'], minRam: 7, osHidden: true });
        expect(image?.properties).to.deep.equal({ b: '2' });
        const refused = async (reason: string, ...operations: Operation[]) => {
          const failure = await grpcFailure(update(replace('b', text('3')), ...operations));
          expect(failure.reason).to.equal(reason);
        };
        await refused('WRONG_STATE', replace('nosuch', text('x')));
        await refused('FORBIDDEN', replace('size', { kind: { $case: 'intValue', value: 1n } }));
        await refused('FORBIDDEN', replace('owner', text(consumer.id)));
        await refused('INVALID_REQUEST', { action: undefined });
        await refused('INVALID_REQUEST', replace('name', { kind: undefined }));
        await refused('INVALID_REQUEST', replace('', text('x')));
        const { image: after } = await client().images.getImage({ imageId }, producer.call);
        expect(after).to.deep.equal(image);
      });

      it('lists by every filter and in every order', async () => {
        const { id: a } = await createImage({ name: 'a', tags: ['t', 'u'], minRam: 5 });
        wait(1000);
        const { id: b } = await createImage({
          ...{ name: 'b', protected: true, diskFormat: 'raw', properties: { k: 'v' } },
          visibility: Image_Visibility.VISIBILITY_PRIVATE,
        });
        const { id: hidden } = await createImage({ osHidden: true });
        const owner = producer.id;
        const { at } = clock;
        const cases: readonly (readonly [object, readonly string[]])[] = [
          [{}, [b, a]],
          [{ sort: [{ field: SortField.FIELD_NAME, ascending: true }] }, [a, b]],
          [{ osHidden: true }, [hidden]],
          [{ names: ['a', 'z'] }, [a]],
          [{ ids: [b] }, [b]],
          [{ statuses: [Image_Status.STATUS_QUEUED] }, [b, a]],
          [{ statuses: [Image_Status.STATUS_ACTIVE] }, []],
          [{ diskFormats: ['raw'] }, [b]],
          [{ containerFormats: ['bare'] }, []],
          [{ tags: ['t', 'u'] }, [a]],
          [{ tags: ['t', 'z'] }, []],
          [{ properties: { k: 'v' } }, [b]],
          [{ protected: false }, [a]],
          [{ visibility: Image_Visibility.VISIBILITY_PRIVATE }, [b]],
          [{ numbers: [{ field: NumberField.FIELD_MIN_RAM, least: 5n }] }, [a]],
          [{ numbers: [{ field: NumberField.FIELD_MIN_RAM, most: 4n }] }, [b]],
          [{ createdAt: [{ operator: Operator.OPERATOR_EQ, time: at }] }, [b]],
          [{ createdAt: [{ operator: Operator.OPERATOR_LT, time: at }] }, [a]],
          [{ updatedAt: [{ operator: Operator.OPERATOR_NEQ, time: at }] }, [a]],
        ];
        for (const [request, expected] of cases)
          expect(await listed({ owner, ...request }), JSON.stringify(expected)).to.deep.equal(
            expected,
          );
        for (const request of [
          { visibility: Image_Visibility.VISIBILITY_PRIVATE, allVisibilities: true },
          { sort: [{ field: SortField.FIELD_UNSPECIFIED, ascending: true }] },
          { pageToken: 'x' },
          { pageSize: -1 },
          { names: ['a\0'] },
        ]) {
          const failure = await grpcFailure(client().images.listImages(request, producer.call));
          expect(failure.reason).to.equal('INVALID_REQUEST');
        }
      });

      it('turns pages of images and of members', async () => {
        const images: string[] = [];
        for (let count = 0; count < 5; count += 1) images.unshift((await createImage()).id);
        const seen: string[] = [];
        let pageToken = '';
        do {
          const page = await client().images.listImages(
            { pageSize: 2, pageToken, owner: producer.id },
            producer.call,
          );
          expect(page.images.length).to.be.at.most(2);
          seen.push(...page.images.map(({ id }) => id));
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        expect(seen).to.have.members(images).and.have.length(5);
        const imageId = images[0]!;
        const names = ['c', 'a', 'b'];
        for (const member of names)
          await client().imageMembers.createImageMember({ imageId, member }, producer.call);
        const members: string[] = [];
        do {
          const page = await client().imageMembers.listImageMembers(
            { imageId, pageSize: 2, pageToken },
            producer.call,
          );
          members.push(...page.members.map(({ memberId }) => memberId));
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        // All at one moment of the clock: then by id.
        expect(members).to.deep.equal(['a', 'b', 'c']);
        const forged = client().imageMembers.listImageMembers(
          { imageId, pageToken: Buffer.from('["x","y"]').toString('base64url') },
          producer.call,
        );
        expect((await grpcFailure(forged)).reason).to.equal('INVALID_REQUEST');
      });

      it('finds what is shared with a member by its answer', async () => {
        const { id: imageId } = await createImage();
        const { id: memberId } = consumer;
        await client().imageMembers.createImageMember({ imageId, member: memberId }, producer.call);
        const { MEMBER_STATUS_FILTER_PENDING: pending, MEMBER_STATUS_FILTER_ALL: all } =
          MemberStatusFilter;
        expect(await listed({ memberStatus: pending }, consumer)).to.deep.equal([imageId]);
        await client().imageMembers.updateImageMember(
          { imageId, memberId, status: STATUS_REJECTED },
          consumer.call,
        );
        expect(await listed({ memberStatus: pending }, consumer)).to.deep.equal([]);
        expect(await listed({ memberStatus: all }, consumer)).to.deep.equal([imageId]);
      });

      it('says why sharing fails', async () => {
        const { id: imageId } = await createImage({
          visibility: Image_Visibility.VISIBILITY_COMMUNITY,
        });
        const share = (member: string, options: GrpcOptions, id = imageId) =>
          grpcFailure(client().imageMembers.createImageMember({ imageId: id, member }, options));
        const refused = await share('m', producer.call);
        expect(refused).to.deep.include({
          ...{ code: 'FAILED_PRECONDITION', reason: 'IMAGE_NOT_SHAREABLE' },
          facts: { image_id: imageId, visibility: 'COMMUNITY' },
        });
        const { id } = await createImage();
        expect((await share('', producer.call, id)).reason).to.equal('INVALID_REQUEST');
        expect((await share('m', consumer.call, id)).code).to.equal('NOT_FOUND');
        expect((await share('m', {}, id)).code).to.equal('UNAUTHENTICATED');
        await client().imageMembers.createImageMember({ imageId: id, member: 'm' }, producer.call);
        expect((await share('m', producer.call, id)).code).to.equal('ALREADY_EXISTS');
        const unanswered = await grpcFailure(
          client().imageMembers.updateImageMember(
            { imageId: id, memberId: 'm', status: ImageMember_Status.STATUS_UNSPECIFIED },
            { token: 'm:m:member' },
          ),
        );
        expect(unanswered.reason).to.equal('INVALID_REQUEST');
        await client().images.updateImage(
          {
            imageId: id,
            operations: [replace('protected', { kind: { $case: 'boolValue', value: true } })],
          },
          producer.call,
        );
        const kept = await grpcFailure(client().images.deleteImage({ imageId: id }, producer.call));
        expect(kept).to.deep.include({ code: 'FAILED_PRECONDITION', reason: 'IMAGE_PROTECTED' });
      });

      it('39. names the limit that is reached, in the terms of gRPC', async () => {
        const { id: imageId } = await createImage();
        await stack.database.query(
          `insert into image_members (image_id, member, created_at, updated_at)
           select $1, 'm' || n, now(), now() from generate_series(1, 128) n`,
          [imageId],
        );
        const failure = await grpcFailure(
          client().imageMembers.createImageMember({ imageId, member: 'm' }, producer.call),
        );
        expect(failure).to.deep.include({ code: 'RESOURCE_EXHAUSTED', reason: 'LIMIT_REACHED' });
        expect(failure.quota?.violations[0]).to.deep.include({
          ...{ subject: imageId, quotaMetric: 'image_members', quotaValue: 128n },
        });
      });

      it('describes itself', async () => {
        const { schema } = await client().schemas.getSchema({ name: 'member' }, producer.call);
        expect(JSON.parse(schema)).to.deep.include({ name: 'member' });
        const unknown = client().schemas.getSchema({ name: 'x' }, producer.call);
        expect((await grpcFailure(unknown)).reason).to.equal('NOT_FOUND');
        const { versions } = await client().versions.listVersions({});
        expect(versions[0]).to.deep.equal({
          ...{ id: 'v2.5', status: VersionStatus.STATUS_CURRENT, path: '/v2/' },
        });
        expect(versions).to.have.length(6);
      });
    },
  );
});
