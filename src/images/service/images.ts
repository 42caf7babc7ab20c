import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { Gatherer } from '../../db/gatherer.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { Failure, invalid } from '../../kernel/failure.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import {
  requireGiver,
  requireManager,
  requireOwnerOfNew,
  requirePublisher,
  requireReader,
  requireSeen,
  requireWriter,
} from '../access.js';
import type { ImageCaller } from '../domain/caller.js';
import { type Image, isImageId } from '../domain/image.js';
import type { ImageLimits } from '../domain/limits.js';
import { candidatesFor, type ImageQuery } from '../domain/listing.js';
import { createdImage, type NewImage } from '../domain/new-image.js';
import { patched, type PatchOperation } from '../domain/patch.js';
import { seesImage } from '../domain/visibility.js';
import {
  deleteImage,
  findImage,
  findImages,
  type FoundImage,
  type ImageKey,
  insertImage,
  lockImage,
  updateImage,
} from '../storage/images.js';
import { listImages, sortValuesOf } from '../storage/listing.js';

/** What the use cases of images need. */
export interface ImagesDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly limits: ImageLimits;
}

/** Change an image. */
export interface UpdateImageCommand {
  readonly imageId: string;
  readonly operations: Parsed<readonly PatchOperation[]>;
}

/** One page of a list of images. */
export interface ImagePage {
  readonly images: readonly Image[];
  /** Id behind which the next page begins; undefined when this one was not full. */
  readonly next: string | undefined;
}

/** The use cases of images. */
export interface Images {
  create(caller: ImageCaller, command: Parsed<NewImage>): Promise<Image>;
  get(caller: ImageCaller, id: string): Promise<Image>;
  list(caller: ImageCaller, query: Parsed<ImageQuery>): Promise<ImagePage>;
  update(caller: ImageCaller, command: UpdateImageCommand): Promise<Image>;
  delete(caller: ImageCaller, id: string): Promise<void>;
}

/** Returns the use cases of images. */
export function createImagesService({ database, clock, limits }: ImagesDeps): Images {
  const looking = new Gatherer<ImageKey, FoundImage | undefined>((keys) =>
    database.read((tx) => findImages(tx, keys)),
  );
  return {
    async create(caller, command) {
      const given = unwrap(command);
      requireWriter(caller);
      const made = { id: randomUUID(), owner: caller.owner, at: clock.now() };
      const image = createdImage(given, made, limits);
      requireOwnerOfNew(caller, image.owner);
      if (image.visibility === 'public') requirePublisher(caller);
      await database.transact((tx) => insertImage(tx, image));
      return image;
    },
    async get(caller, id) {
      // What cannot be an id may not even be a text that Postgres takes.
      const found = isImageId(id) ? await looking.find({ id, caller: caller.owner }) : undefined;
      return requireSeen(caller, found, id);
    },
    list: (caller, query) => listPage(database, caller, query),
    async update(caller, { imageId, operations }) {
      const changes = unwrap(operations);
      return database.transact(async (tx) => {
        const image = requireSeen(caller, await lockImage(tx, imageId, caller.owner), imageId);
        requireManager(caller, image);
        const after = patched(image, changes, clock.now(), limits);
        for (const change of changes) refuseBeyondRights(caller, change);
        if (after !== image) await updateImage(tx, after);
        return after;
      });
    },
    delete: (caller, id) =>
      database.transact(async (tx) => {
        const image = requireSeen(caller, await lockImage(tx, id, caller.owner), id);
        requireManager(caller, image);
        if (image.protected)
          throw new Failure(
            'wrong-state',
            'IMAGE_PROTECTED',
            `Image ${id} is protected and cannot be deleted.`,
            { image_id: id },
          );
        await deleteImage(tx, id, clock.now());
      }),
  };
}

async function listPage(
  database: Database,
  caller: ImageCaller,
  parsedQuery: Parsed<ImageQuery>,
): Promise<ImagePage> {
  const query = unwrap(parsedQuery);
  requireReader(caller);
  return database.read(async (tx) => {
    const { marker, order, limit } = query;
    const behind = marker === undefined ? undefined : await placeOf(tx, caller, marker, order);
    const images = await listImages(tx, candidatesFor(caller, query), query, behind);
    const isFull = images.length > 0 && images.length === limit;
    return { images, next: isFull ? images.at(-1)?.id : undefined };
  });
}

/**
 * Returns where the marker stands in the order. One answer to markers that never were, are deleted,
 * and are others': nothing is given away.
 */
async function placeOf(
  tx: Tx,
  caller: ImageCaller,
  marker: string,
  order: ImageQuery['order'],
): Promise<readonly string[]> {
  const image = await findImage(tx, marker, caller.owner);
  const place =
    image !== undefined && seesImage(caller, image, image.isMember)
      ? await sortValuesOf(tx, marker, order)
      : undefined;
  if (place === undefined) throw invalid('Invalid marker');
  return place;
}

function refuseBeyondRights(caller: ImageCaller, change: PatchOperation): void {
  if (change.op === 'remove') return;
  if (change.name === 'owner') requireGiver(caller);
  if (change.name === 'visibility' && change.value === 'public') requirePublisher(caller);
}
