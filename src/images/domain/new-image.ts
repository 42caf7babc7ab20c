/**
 * Invariant: an image begins `queued`, without data, and with an owner unless an administrator says
 * otherwise (specification, section 8.2).
 */
import { Failure } from '../../kernel/failure.js';
import type { Image } from './image.js';
import { IMAGE_PROPERTY_BY_NAME, isReserved } from './image-properties.js';
import { type ImageLimits, refuseBeyond } from './limits.js';
import { fitValue, type GivenValue } from './property-values.js';
import type { Visibility } from './visibility.js';

/** What a caller says about an image to be created; what is absent takes its default. */
export interface NewImage {
  readonly id?: string;
  readonly name?: string | null;
  readonly visibility?: Visibility;
  readonly owner?: string | null;
  readonly protected?: boolean;
  readonly osHidden?: boolean;
  readonly diskFormat?: string | null;
  readonly containerFormat?: string | null;
  readonly minDisk?: number;
  readonly minRam?: number;
  readonly tags?: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  /** The first name that no caller may set; judged after the values. */
  readonly reserved: string | undefined;
}

/** Returns what was said, checked value by value; throws INVALID_REQUEST. */
export function newImageFrom(
  given: Iterable<readonly [name: string, value: GivenValue]>,
  limits: ImageLimits,
): NewImage {
  const base: Record<string, unknown> = {};
  const properties: [string, string][] = [];
  let reserved: string | undefined;
  for (const [name, value] of given) {
    if (isReserved(name)) {
      reserved ??= name;
      continue;
    }
    const fit = fitValue(name, value, limits);
    const source = IMAGE_PROPERTY_BY_NAME.get(name)?.source;
    if (source === undefined) properties.push([name, fit as string]);
    else if ('field' in source) base[source.field] = fit;
  }
  // Not by assignment: a property may be called `__proto__`.
  return { ...base, properties: Object.fromEntries(properties), reserved };
}

/**
 * Returns the image that is created; throws FORBIDDEN for a reserved name, LIMIT_REACHED for too
 * many properties or tags. Whether the caller may have it so is for others to judge.
 */
export function createdImage(
  { reserved, ...given }: NewImage,
  made: { readonly id: string; readonly owner: string | null; readonly at: Date },
  limits: ImageLimits,
): Image {
  const id = given.id ?? made.id;
  if (reserved !== undefined) throw readOnly(reserved);
  const count = (after: number) => ({ before: 0, after });
  refuseBeyond(limits, 'properties', count(Object.keys(given.properties).length), id);
  refuseBeyond(limits, 'tags', count(given.tags?.length ?? 0), id);
  return {
    ...{ name: null, visibility: 'shared', owner: made.owner, protected: false, osHidden: false },
    ...{ diskFormat: null, containerFormat: null, minDisk: 0, minRam: 0, tags: [] },
    ...given,
    ...{ id, status: 'queued', size: null, virtualSize: null, checksum: null },
    ...{ osHashAlgo: null, osHashValue: null, createdAt: made.at, updatedAt: made.at },
  };
}

/** Returns the failure of a property that only the server sets, or nobody. */
export function readOnly(name: string): Failure {
  return new Failure('forbidden', 'FORBIDDEN', `Attribute '${name}' is read-only.`, {
    property: name,
  });
}
