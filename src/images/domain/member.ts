/**
 * Invariant: a member of an image has exactly one answer, `pending` when it is added, and every
 * answer may follow every other (specification, section 6).
 */
import { invalid } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';
import { isLongerThan } from './text-length.js';

/** The documented answers. */
export const MEMBER_STATUSES = ['pending', 'accepted', 'rejected'] as const;

/** What a member says to an image that is shared with it. */
export type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** A project that an image is shared with. */
export interface ImageMember {
  readonly imageId: string;
  readonly memberId: string;
  readonly status: MemberStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Whether a text is one of the answers. */
export function isMemberStatus(text: string): text is MemberStatus {
  return (MEMBER_STATUSES as readonly string[]).includes(text);
}

/** Returns the answer a text is; throws INVALID_REQUEST when it is none. */
export function memberStatus(text: string): MemberStatus {
  if (isMemberStatus(text)) return text;
  throw invalid(`The status of a member is one of ${MEMBER_STATUSES.join(', ')}`);
}

/**
 * Returns an id that an image may be shared with; throws INVALID_REQUEST when it is empty, longer
 * than `maxLength`, or has characters that the API does not take (section 7.1).
 */
export function sharableId(member: string, maxLength: number): string {
  if (member === '') throw invalid('The member must not be empty');
  if (isLongerThan(member, maxLength))
    throw invalid(`The member must not be longer than ${maxLength} characters`);
  // Upstream takes no character beyond the Basic Multilingual Plane here.
  if (!isCleanText(member) || /[\u{10000}-\u{10ffff}]/u.test(member))
    throw invalid('The member contains characters that are not supported');
  return member;
}
