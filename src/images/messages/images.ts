import {
  type Image as ImageMessage,
  Image_Status,
  Image_Visibility,
  type PropertyValue,
} from '../../gen/apportion/images/v1/images.js';
import type {
  CreateImageRequest,
  UpdateImageRequest,
  UpdateImageRequest_Operation,
} from '../../gen/apportion/images/v1/images_service.js';
import { invalid } from '../../kernel/failure.js';
import { attempt, type Parsed } from '../../kernel/parsed.js';
import { IMAGE_STATUSES, type Image, type ImageStatus } from '../domain/image.js';
import { IMAGE_PROPERTY_BY_NAME, isReserved } from '../domain/image-properties.js';
import type { ImageLimits } from '../domain/limits.js';
import { type NewImage, newImageFrom } from '../domain/new-image.js';
import type { PatchOperation } from '../domain/patch.js';
import { fitValue, type GivenValue } from '../domain/property-values.js';
import { VISIBILITIES, type Visibility } from '../domain/visibility.js';
import type { UpdateImageCommand } from '../service/images.js';

/** Returns the command of a CreateImage request. */
export function newImageFromMessage(
  request: CreateImageRequest,
  limits: ImageLimits,
): Parsed<NewImage> {
  return attempt(() => {
    if (request.ownerless && request.owner !== undefined)
      throw invalid('Set owner or ownerless, not both');
    const given: [string, GivenValue | undefined][] = [
      ['id', request.id],
      ['name', request.name],
      ['visibility', request.visibility && visibilityFrom(request.visibility)],
      ['owner', request.ownerless ? null : request.owner],
      ['protected', request.protected],
      ['os_hidden', request.osHidden],
      ['disk_format', request.diskFormat],
      ['container_format', request.containerFormat],
      ['min_disk', BigInt(request.minDisk)],
      ['min_ram', BigInt(request.minRam)],
      ['tags', request.tags],
    ];
    const base = given.flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    for (const name of Object.keys(request.properties))
      if (IMAGE_PROPERTY_BY_NAME.get(name)?.set === 'always' || name === 'id')
        throw invalid(`${name} is a base property: set it by its own field`);
    return newImageFrom([...base, ...Object.entries(request.properties)], limits);
  });
}

/** Returns the command of an UpdateImage request. */
export function updateFromMessage(
  { imageId, operations }: UpdateImageRequest,
  limits: ImageLimits,
): UpdateImageCommand {
  return {
    imageId,
    operations: attempt(() => operations.map((operation) => operationFrom(operation, limits))),
  };
}

function operationFrom(
  { action }: UpdateImageRequest_Operation,
  limits: ImageLimits,
): PatchOperation {
  if (action === undefined) throw invalid('Set add, replace or remove');
  const { $case: op, value: change } = action;
  const name = change.property;
  if (name === '') throw invalid('property must not be empty');
  if (op === 'remove') return { op, name };
  const given = givenFrom(change.value);
  // What nobody may set is refused later, and its value never looked at.
  const isFixed = isReserved(name) || IMAGE_PROPERTY_BY_NAME.get(name)?.set === 'at-creation';
  return { op, name, value: isFixed ? null : fitValue(name, given, limits) };
}

function givenFrom(value: PropertyValue | undefined): GivenValue {
  const kind = value?.kind;
  if (kind === undefined) throw invalid('Set one kind of value');
  switch (kind.$case) {
    case 'nullValue':
      return null;
    case 'listValue':
      return kind.value.values;
    case 'stringValue':
    case 'boolValue':
    case 'intValue':
      return kind.value;
  }
}

/** Returns the response that is one image. */
export function imageResponse(image: Image) {
  return { image: imageToMessage(image), rest: undefined };
}

/** Returns an image as a message. */
export function imageToMessage(image: Image): ImageMessage {
  const { id, osHidden, minDisk, minRam, createdAt, updatedAt } = image;
  return {
    ...{ id, osHidden, minDisk, minRam, createdAt, updatedAt, protected: image.protected },
    name: image.name ?? undefined,
    status: STATUS_MESSAGES[image.status],
    visibility: VISIBILITY_MESSAGES[image.visibility],
    owner: image.owner ?? undefined,
    diskFormat: image.diskFormat ?? undefined,
    containerFormat: image.containerFormat ?? undefined,
    size: image.size ?? undefined,
    virtualSize: image.virtualSize ?? undefined,
    checksum: image.checksum ?? undefined,
    osHashAlgo: image.osHashAlgo ?? undefined,
    osHashValue: image.osHashValue ?? undefined,
    tags: [...image.tags],
    properties: { ...image.properties },
  };
}

const STATUS_MESSAGES: Readonly<Record<ImageStatus, Image_Status>> = {
  queued: Image_Status.STATUS_QUEUED,
  saving: Image_Status.STATUS_SAVING,
  active: Image_Status.STATUS_ACTIVE,
  killed: Image_Status.STATUS_KILLED,
  deleted: Image_Status.STATUS_DELETED,
  uploading: Image_Status.STATUS_UPLOADING,
  importing: Image_Status.STATUS_IMPORTING,
  pending_delete: Image_Status.STATUS_PENDING_DELETE,
  deactivated: Image_Status.STATUS_DEACTIVATED,
};

const VISIBILITY_MESSAGES: Readonly<Record<Visibility, Image_Visibility>> = {
  private: Image_Visibility.VISIBILITY_PRIVATE,
  shared: Image_Visibility.VISIBILITY_SHARED,
  community: Image_Visibility.VISIBILITY_COMMUNITY,
  public: Image_Visibility.VISIBILITY_PUBLIC,
};

/** Returns the visibility a message names; throws INVALID_REQUEST when it names none. */
export function visibilityFrom(message: Image_Visibility): Visibility {
  const found = VISIBILITIES.find((one) => VISIBILITY_MESSAGES[one] === message);
  if (found === undefined) throw invalid('visibility is none of the known ones');
  return found;
}

/** Returns the status a message names; throws INVALID_REQUEST when it names none. */
export function statusFrom(message: Image_Status): ImageStatus {
  const found = IMAGE_STATUSES.find((one) => STATUS_MESSAGES[one] === message);
  if (found === undefined) throw invalid('status is none of the known ones');
  return found;
}
