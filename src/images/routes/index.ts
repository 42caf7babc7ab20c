import { ImageMembersServiceService } from '../../gen/apportion/images/v1/image_members_service.js';
import { ImagesServiceService } from '../../gen/apportion/images/v1/images_service.js';
import { SchemasServiceService } from '../../gen/apportion/images/v1/schemas_service.js';
import { VersionsServiceService } from '../../gen/apportion/images/v1/versions_service.js';
import { bindService, type BoundService, route } from '../../rpc/route.js';
import { findSchema } from '../domain/schemas.js';
import { API_VERSIONS } from '../domain/versions.js';
import * as messages from '../messages/index.js';
import { emptyAnswer } from '../rest/answers.js';
import * as rest from '../rest/images.js';
import { imageQueryFrom, imagesToHttp } from '../rest/listing.js';
import * as memberRest from '../rest/members.js';
import { patchFault, updateFromHttp } from '../rest/patch.js';
import { namesSchema, schemaNameFromHttp, schemaToHttp } from '../rest/schemas.js';
import { versionsAnswer } from '../rest/versions.js';
import type { Images } from '../service/images.js';
import type { Members } from '../service/members.js';
import { anyone } from './callers.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** What the routes of the slice need. */
export interface RoutesDeps extends EndpointDeps {
  readonly images: Images;
  readonly members: Members;
}

/** Returns every RPC of the slice with both its faces. */
export function createRoutes(deps: RoutesDeps): readonly BoundService[] {
  return [imageRoutes(deps), memberRoutes(deps), schemaRoutes(deps), versionRoutes(deps)];
}

function imageRoutes(deps: RoutesDeps): BoundService {
  const { images, limits, pages, publicUrl } = deps;
  return bindService(ImagesServiceService, {
    createImage: endpoint(deps, {
      grpc: {
        decode: (request) => messages.newImageFromMessage(request, limits),
        encode: messages.imageResponse,
      },
      rest: {
        decode: (request) => rest.newImageFromHttp(request, limits),
        encode: (image, request) => rest.createdToHttp(image, request, publicUrl),
      },
      run: (caller, command) => images.create(caller, command),
    }),
    listImages: endpoint(deps, {
      grpc: {
        decode: (request) => messages.imageQueryFromMessage(request, pages),
        encode: messages.imagesResponse,
      },
      rest: { decode: (request) => imageQueryFrom(request, pages), encode: imagesToHttp },
      run: (caller, query) => images.list(caller, query),
    }),
    getImage: endpoint(deps, {
      grpc: { decode: ({ imageId }) => imageId, encode: messages.imageResponse },
      rest: { decode: rest.imageIdFromHttp, encode: rest.imageToHttp },
      run: (caller, id) => images.get(caller, id),
    }),
    updateImage: endpoint(deps, {
      grpc: {
        decode: (request) => messages.updateFromMessage(request, limits),
        encode: messages.imageResponse,
      },
      rest: {
        decode: (request) => updateFromHttp(request, limits),
        encode: rest.imageToHttp,
        fault: patchFault,
      },
      run: (caller, command) => images.update(caller, command),
    }),
    deleteImage: endpoint(deps, {
      grpc: { decode: ({ imageId }) => imageId, encode: () => ({ rest: undefined }) },
      rest: { decode: rest.imageIdFromHttp, encode: emptyAnswer },
      run: (caller, id) => images.delete(caller, id),
    }),
  });
}

function memberRoutes(deps: RoutesDeps): BoundService {
  const { members, limits } = deps;
  return bindService(ImageMembersServiceService, {
    createImageMember: endpoint(deps, {
      grpc: {
        decode: (request) => messages.createMemberFromMessage(request, limits),
        encode: messages.memberResponse,
      },
      rest: {
        decode: (request) => memberRest.createMemberFromHttp(request, limits),
        encode: memberRest.memberToHttp,
      },
      run: (caller, command, call) => members.create(caller, command, call),
    }),
    listImageMembers: endpoint(deps, {
      grpc: { decode: messages.listMembersFromMessage, encode: messages.membersResponse },
      rest: { decode: memberRest.listMembersFromHttp, encode: memberRest.membersToHttp },
      run: (caller, command) => members.list(caller, command),
    }),
    getImageMember: endpoint(deps, {
      grpc: { decode: (request) => request, encode: messages.memberResponse },
      rest: { decode: memberRest.memberFromHttp, encode: memberRest.memberToHttp },
      run: (caller, command) => members.get(caller, command),
    }),
    updateImageMember: endpoint(deps, {
      grpc: { decode: messages.updateMemberFromMessage, encode: messages.memberResponse },
      rest: { decode: memberRest.updateMemberFromHttp, encode: memberRest.memberToHttp },
      run: (caller, command, call) => members.update(caller, command, call),
    }),
    deleteImageMember: endpoint(deps, {
      grpc: { decode: (request) => request, encode: () => ({ rest: undefined }) },
      rest: { decode: memberRest.memberFromHttp, encode: emptyAnswer },
      run: (caller, command, call) => members.delete(caller, command, call),
    }),
  });
}

function schemaRoutes(deps: RoutesDeps): BoundService {
  return bindService(SchemasServiceService, {
    getSchema: endpoint(deps, {
      grpc: { decode: ({ name }) => name, encode: messages.schemaResponse },
      rest: { accepts: namesSchema, decode: schemaNameFromHttp, encode: schemaToHttp },
      run: (_caller, name) => Promise.resolve(findSchema(name)),
    }),
  });
}

function versionRoutes({ family, publicUrl }: RoutesDeps): BoundService {
  return bindService(VersionsServiceService, {
    listVersions: route({
      caller: anyone,
      grpc: { decode: () => undefined, encode: messages.versionsResponse },
      rest: {
        family,
        decode: () => undefined,
        encode: (_versions, request) => versionsAnswer(200, request, publicUrl),
      },
      run: () => Promise.resolve(API_VERSIONS),
    }),
  });
}
