import { breaksUnique } from '../../db/errors.js';
import type { Tx } from '../../db/tx.js';
import { Failure } from '../../kernel/failure.js';
import { type Image, isImageId } from '../domain/image.js';
import { IMAGE_COLUMNS, type ImageRow } from './image-rows.js';

/** An image, and whether it is shared with whoever asks. */
export interface FoundImage extends Image {
  readonly isMember: boolean;
}

const SEEN_BY = `
  exists (select from image_members m where m.image_id = i.id and m.member = $2) as "isMember"`;

const FIND = {
  name: 'images.find',
  text: `
    select ${IMAGE_COLUMNS}, ${SEEN_BY}
      from images i
     where i.id = $1 and i.deleted_at is null`,
};

/** Returns the image that is not deleted, or undefined when there is none. */
export async function findImage(
  tx: Tx,
  id: string,
  caller: string | null,
): Promise<FoundImage | undefined> {
  if (!isImageId(id)) return undefined;
  const [row] = await tx.query<ImageRow & { isMember: boolean }>(FIND, [id, caller]);
  return row;
}

/** Whose sight of an image is asked for. */
export interface ImageKey {
  readonly id: string;
  readonly caller: string | null;
}

const FIND_SEVERAL = {
  name: 'images.find_several',
  text: `
    select k.place::int as place, ${IMAGE_COLUMNS}, m.member is not null as "isMember"
      from unnest($1::text[], $2::text[]) with ordinality as k (id, caller, place)
      join images i on i.id = k.id and i.deleted_at is null
      left join image_members m on m.image_id = k.id and m.member = k.caller`,
};

/** Returns the image of each key, in their order, undefined where there is none. */
export async function findImages(
  tx: Tx,
  keys: readonly ImageKey[],
): Promise<readonly (FoundImage | undefined)[]> {
  const found: (FoundImage | undefined)[] = keys.map(() => undefined);
  const rows = await tx.query<FoundImage & { readonly place: number }>(FIND_SEVERAL, [
    keys.map(({ id }) => id),
    keys.map(({ caller }) => caller),
  ]);
  for (const { place, ...image } of rows) found[place - 1] = image;
  return found;
}

const LOCK = {
  name: 'images.lock',
  // What is judged of an image, its visibility above all, must still be so when it is written; keys
  // are not changed, so that members may still point to it.
  text: `${FIND.text} for no key update of i`,
};

/** Locks and returns the image that is not deleted, or undefined when there is none. */
export async function lockImage(
  tx: Tx,
  id: string,
  caller: string | null,
): Promise<FoundImage | undefined> {
  if (!isImageId(id)) return undefined;
  const [row] = await tx.query<FoundImage>(LOCK, [id, caller]);
  return row;
}

const INSERT = {
  name: 'images.insert',
  text: `
    insert into images (id, name, status, visibility, owner, protected, os_hidden, disk_format,
                        container_format, min_disk, min_ram, tags, properties, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
};

/** Stores a new image; throws ALREADY_EXISTS when its id was ever used. */
export async function insertImage(tx: Tx, image: Image): Promise<void> {
  try {
    await tx.query(INSERT, [
      image.id,
      image.name,
      image.status,
      ...changeable(image),
      image.createdAt,
      image.updatedAt,
    ]);
  } catch (error) {
    if (!breaksUnique(error, 'images_pkey')) throw error;
    throw new Failure('already-exists', 'ALREADY_EXISTS', `Image ID ${image.id} already exists!`, {
      kind: 'image',
      id: image.id,
    });
  }
}

const UPDATE = {
  name: 'images.update',
  text: `
    update images
       set name = $2, visibility = $3, owner = $4, protected = $5, os_hidden = $6, disk_format = $7,
           container_format = $8, min_disk = $9, min_ram = $10, tags = $11, properties = $12,
           updated_at = $13
     where id = $1`,
};

/** Stores what callers may change of an image that is locked. */
export async function updateImage(tx: Tx, image: Image): Promise<void> {
  await tx.query(UPDATE, [image.id, image.name, ...changeable(image), image.updatedAt]);
}

function changeable(image: Image): readonly unknown[] {
  return [
    image.visibility,
    image.owner,
    image.protected,
    image.osHidden,
    image.diskFormat,
    image.containerFormat,
    image.minDisk,
    image.minRam,
    image.tags,
    JSON.stringify(image.properties),
  ];
}

const FORGET_MEMBERS = {
  name: 'images.forget_members',
  text: 'delete from image_members where image_id = $1',
};

const DELETE = {
  name: 'images.delete',
  // Its row keeps the id taken, and nothing else.
  text: `
    update images
       set deleted_at = $2, updated_at = $2, status = 'deleted', tags = '{}', properties = '{}'
     where id = $1`,
};

/** Deletes an image that is locked, with its members, tags and properties. */
export async function deleteImage(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query(FORGET_MEMBERS, [id]);
  await tx.query(DELETE, [id, at]);
}
