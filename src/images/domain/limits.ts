/**
 * Invariant: an operator's limits bound what is added, never what is there already.
 */
import { Failure } from '../../kernel/failure.js';

/** What the operator limits; a negative quota is none. */
export interface ImageLimits {
  /** Members of one image. */
  readonly members: number;
  /** Custom properties of one image. */
  readonly properties: number;
  /** Tags of one image. */
  readonly tags: number;
  /** Characters of image names, names of properties, tags and member ids. */
  readonly nameLength: number;
}

/** What there is a quota of. */
export type LimitedKind = 'members' | 'properties' | 'tags';

/** Throws LIMIT_REACHED when an image would come to have more of something than it may. */
export function refuseBeyond(
  limits: ImageLimits,
  kind: LimitedKind,
  count: { readonly before: number; readonly after: number },
  imageId: string,
): void {
  const limit = limits[kind];
  if (limit < 0 || count.after <= limit || count.after <= count.before) return;
  throw new Failure(
    'over-limit',
    'LIMIT_REACHED',
    `Attempted to have ${count.after} ${kind} on the image, the limit is ${limit}`,
    { holder: imageId, resource: `image_${kind}`, limit: BigInt(limit) },
  );
}
