import type {
  CreateImageMemberRequest,
  ListImageMembersRequest,
  ListImageMembersResponse,
  UpdateImageMemberRequest,
} from '../../gen/apportion/images/v1/image_members_service.js';
import {
  type ImageMember as ImageMemberMessage,
  ImageMember_Status,
} from '../../gen/apportion/images/v1/images.js';
import { invalid } from '../../kernel/failure.js';
import { pageFromRequest, pageTokenAfter } from '../../kernel/page.js';
import { attempt, parsed, unwrap } from '../../kernel/parsed.js';
import type { ImageLimits } from '../domain/limits.js';
import {
  type ImageMember,
  MEMBER_STATUSES,
  type MemberStatus,
  sharableId,
} from '../domain/member.js';
import type {
  CreateMemberCommand,
  ListMembersCommand,
  MemberList,
  UpdateMemberCommand,
} from '../service/members.js';

/** Returns the command of a CreateImageMember request. */
export function createMemberFromMessage(
  { imageId, member }: CreateImageMemberRequest,
  limits: ImageLimits,
): CreateMemberCommand {
  return { imageId, member: attempt(() => sharableId(member, limits.nameLength)) };
}

/** Returns the command of a ListImageMembers request. */
export function listMembersFromMessage(request: ListImageMembersRequest): ListMembersCommand {
  const page = attempt(() => {
    const asked = unwrap(pageFromRequest(request, 2));
    if (asked.after !== undefined && Number.isNaN(Date.parse(asked.after[0] ?? '')))
      throw invalid('page_token is not one of this list');
    return asked;
  });
  return { imageId: request.imageId, page };
}

/** Returns the command of an UpdateImageMember request. */
export function updateMemberFromMessage(request: UpdateImageMemberRequest): UpdateMemberCommand {
  const { imageId, memberId } = request;
  const status = attempt(() => {
    const found = MEMBER_STATUSES.find((one) => STATUS_MESSAGES[one] === request.status);
    if (found === undefined) throw invalid('status must be pending, accepted or rejected');
    return found;
  });
  return { imageId, memberId, body: parsed({ status }) };
}

/** Returns the response that is one member. */
export function memberResponse(member: ImageMember) {
  return { member: memberToMessage(member), rest: undefined };
}

/** Returns a page of members as a message. */
export function membersResponse({ members, isFull }: MemberList): ListImageMembersResponse {
  const last = members.at(-1);
  return {
    members: members.map(memberToMessage),
    nextPageToken:
      isFull && last !== undefined ? pageTokenAfter([last.createdAtText, last.memberId]) : '',
    rest: undefined,
  };
}

function memberToMessage({ memberId, imageId, ...member }: ImageMember): ImageMemberMessage {
  const { createdAt, updatedAt } = member;
  return { memberId, imageId, status: STATUS_MESSAGES[member.status], createdAt, updatedAt };
}

const STATUS_MESSAGES: Readonly<Record<MemberStatus, ImageMember_Status>> = {
  pending: ImageMember_Status.STATUS_PENDING,
  accepted: ImageMember_Status.STATUS_ACCEPTED,
  rejected: ImageMember_Status.STATUS_REJECTED,
};
