import { invalid } from '../../kernel/failure.js';
import { attempt, parsed, unwrap } from '../../kernel/parsed.js';
import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { isObject, type JsonObject, member, type Writable } from '../../rpc/json.js';
import type { ImageLimits } from '../domain/limits.js';
import { type ImageMember, memberStatus, sharableId } from '../domain/member.js';
import type {
  CreateMemberCommand,
  ListMembersCommand,
  MemberCommand,
  MemberList,
  UpdateMemberCommand,
} from '../service/members.js';
import { imagesTime, jsonAnswer } from './answers.js';
import { bodyFrom, refuseBody } from './requests.js';

/** Returns the command of `POST …/members` (section 7.1). */
export function createMemberFromHttp(
  request: HttpRequest,
  limits: ImageLimits,
): CreateMemberCommand {
  return {
    imageId: request.parameters[0] ?? '',
    member: attempt(() => {
      const id = member(objectFrom(request), 'member');
      if (typeof id !== 'string') throw invalid("The body must have a 'member' that is a text.");
      return sharableId(id, limits.nameLength);
    }),
  };
}

/** Returns the command of `GET …/members`. */
export function listMembersFromHttp(request: HttpRequest): ListMembersCommand {
  refuseBody(request);
  return { imageId: request.parameters[0] ?? '', page: parsed(undefined) };
}

/** Returns the member that a request without a body names. */
export function memberFromHttp(request: HttpRequest): MemberCommand {
  refuseBody(request);
  return memberNamed(request);
}

/** Returns the command of `PUT …/members/<id>`; the value of the answer is judged last. */
export function updateMemberFromHttp(request: HttpRequest): UpdateMemberCommand {
  const body = attempt(() => {
    const given = member(objectFrom(request), 'status');
    if (given === undefined) throw invalid("The body must have a 'status'.");
    return { status: attempt(() => memberStatus(typeof given === 'string' ? given : '')) };
  });
  return { ...memberNamed(request), body };
}

/** Returns the answer that is one member. */
export function memberToHttp(found: ImageMember): HttpAnswer {
  return jsonAnswer(200, memberToJson(found));
}

/** Returns the answer to `GET …/members`. */
export function membersToHttp({ members }: MemberList): HttpAnswer {
  return jsonAnswer(200, { members: members.map(memberToJson), schema: '/v2/schemas/members' });
}

function memberToJson({ memberId, imageId, status, ...times }: ImageMember): Writable {
  return {
    member_id: memberId,
    image_id: imageId,
    status,
    created_at: imagesTime(times.createdAt),
    updated_at: imagesTime(times.updatedAt),
    schema: '/v2/schemas/member',
  };
}

function memberNamed({ parameters: [imageId = '', memberId = ''] }: HttpRequest): MemberCommand {
  return { imageId, memberId };
}

function objectFrom(request: HttpRequest): JsonObject {
  const body = unwrap(bodyFrom(request));
  if (!isObject(body)) throw invalid('Expected a JSON object.');
  return body;
}
