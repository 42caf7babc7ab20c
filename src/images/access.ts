import { Failure } from '../kernel/failure.js';
import type { ScopedPrincipal } from '../kernel/principal.js';
import type { ImageCaller } from './domain/caller.js';
import { imageNotFound } from './domain/image.js';
import {
  admitsMembers,
  isOwner,
  type MemberVisibilityRule,
  seesImage,
  type Shared,
} from './domain/visibility.js';

/** What the operator says about who may do what (specification, section 11). */
export interface AccessRules {
  /** Whether images belong to projects or to users. */
  readonly ownerIdentity: 'project' | 'user';
  /** Whether the roles `reader` and `member` are asked for. */
  readonly roleEnforcement: boolean;
  readonly memberVisibility: MemberVisibilityRule;
}

/** An image as the rules see it, and whether it is shared with the caller. */
export interface SeenImage extends Shared {
  readonly id: string;
  readonly isMember: boolean;
}

/** Returns who calls, as far as images are concerned; `admin` implies `member` implies `reader`. */
export function imageCallerFrom({ user, scope }: ScopedPrincipal, rules: AccessRules): ImageCaller {
  const roles = new Set(scope.roles.map((role) => role.toLowerCase()));
  const isAdmin = roles.has('admin');
  const mayWrite = !rules.roleEnforcement || isAdmin || roles.has('member');
  return {
    // An empty id would own what nobody owns.
    owner: (rules.ownerIdentity === 'user' ? user : scope.project) || null,
    isAdmin,
    mayWrite,
    mayRead: mayWrite || roles.has('reader'),
  };
}

/** Returns the image when the caller sees it; throws NOT_FOUND otherwise. */
export function requireSeen<I extends SeenImage>(
  caller: ImageCaller,
  image: I | undefined,
  id: string,
): I {
  if (image === undefined || !seesImage(caller, image, image.isMember)) throw imageNotFound(id);
  return image;
}

/** Whether the caller may do with an image whatever its owner may. */
export function manages(caller: ImageCaller, image: Shared): boolean {
  return caller.isAdmin || isOwner(caller, image);
}

/** Throws FORBIDDEN unless the caller may change the image and its members. */
export function requireManager(caller: ImageCaller, image: SeenImage): void {
  requireWriter(caller);
  if (!manages(caller, image))
    throw forbidden(`You are not permitted to change image ${image.id} or its members.`);
}

/** Throws FORBIDDEN when the caller's roles do not let it write. */
export function requireWriter(caller: ImageCaller): void {
  if (!caller.mayWrite) throw forbidden('You do not have the role that this operation requires.');
}

/** Throws FORBIDDEN when the caller's roles do not let it read. */
export function requireReader(caller: ImageCaller): void {
  if (!caller.mayRead) throw forbidden('You do not have the role that this operation requires.');
}

/** Throws IMAGE_NOT_SHAREABLE when the image's visibility has no members (section 5.3). */
export function requireShareable(image: SeenImage, rule: MemberVisibilityRule): void {
  if (admitsMembers(image.visibility, rule)) return;
  // Clients look for one phrase or the other, by the age of the API they know.
  const older = image.visibility === 'public' ? 'Public images do not have members. ' : '';
  throw new Failure(
    'wrong-state',
    'IMAGE_NOT_SHAREABLE',
    `${older}Only shared images have members.`,
    { image_id: image.id, visibility: image.visibility.toUpperCase() },
  );
}

/** Throws FORBIDDEN unless the caller may make images public. */
export function requirePublisher(caller: ImageCaller): void {
  if (!caller.isAdmin) throw forbidden('You are not authorized to make an image public.');
}

/** Throws FORBIDDEN unless the caller may create images of this owner. */
export function requireOwnerOfNew(caller: ImageCaller, owner: string | null): void {
  if (caller.isAdmin || (owner !== null && owner === caller.owner)) return;
  // A token without a project could leave images behind that everybody sees and nobody owns.
  throw forbidden(`You are not permitted to create images owned by '${owner ?? ''}'.`);
}

/** Throws FORBIDDEN unless the caller may give images to others. */
export function requireGiver(caller: ImageCaller): void {
  if (!caller.isAdmin) throw forbidden("You are not permitted to modify 'owner' on this image.");
}

/** Returns the failure of an act that the caller may not do. */
export function forbidden(message: string): Failure {
  return new Failure('forbidden', 'FORBIDDEN', message);
}
