/**
 * Invariant: an image that a caller does not see does not exist for him, and an image has members
 * only while its visibility admits them (specification, section 5).
 */
import type { ImageCaller } from './caller.js';

/** The documented visibilities, in the order in which schemas list them. */
export const VISIBILITIES = ['community', 'public', 'private', 'shared'] as const;

/** Who may see an image. */
export type Visibility = (typeof VISIBILITIES)[number];

/** What of an image decides who sees it. */
export interface Shared {
  readonly owner: string | null;
  readonly visibility: Visibility;
}

/** Whether private images admit members (`seed`) or refuse them (`strict`), section 5.3. */
export type MemberVisibilityRule = 'seed' | 'strict';

/** Whether a text is one of the visibilities. */
export function isVisibility(text: string): text is Visibility {
  return (VISIBILITIES as readonly string[]).includes(text);
}

/** Whether the caller is the owner; nobody owns an ownerless image. */
export function isOwner(caller: ImageCaller, image: Shared): boolean {
  return image.owner !== null && image.owner === caller.owner;
}

/**
 * Whether the caller sees an image that is not deleted (section 5.2).
 *
 * @param isMember - whether the image is shared with the caller, whatever the answer was.
 */
export function seesImage(caller: ImageCaller, image: Shared, isMember: boolean): boolean {
  if (!caller.mayRead) return false;
  if (caller.isAdmin || image.owner === null || isOwner(caller, image)) return true;
  switch (image.visibility) {
    case 'public':
    case 'community':
      return true;
    case 'shared':
      return isMember;
    case 'private':
      return false;
  }
}

/** Whether an image of this visibility admits members, for administrators as for everybody. */
export function admitsMembers(visibility: Visibility, rule: MemberVisibilityRule): boolean {
  return visibility === 'shared' || (visibility === 'private' && rule === 'seed');
}
