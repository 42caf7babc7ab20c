import type { Tx } from '../../db/tx.js';
import { isImageId } from '../domain/image.js';
import type { ImageMember, MemberStatus } from '../domain/member.js';
import type { Shared } from '../domain/visibility.js';

/** How an image is shared, and whether whoever asks is a member. */
export interface Sharing extends Shared {
  readonly id: string;
  readonly isMember: boolean;
}

const FIND_SHARING = {
  name: 'images.find_sharing',
  text: `
    select i.id, i.owner, i.visibility,
           exists (select from image_members m where m.image_id = i.id and m.member = $2) as "isMember"
      from images i
     where i.id = $1 and i.deleted_at is null`,
};

/** Returns how an image is shared, or undefined when there is none that is not deleted. */
export async function findSharing(
  tx: Tx,
  id: string,
  caller: string | null,
): Promise<Sharing | undefined> {
  if (!isImageId(id)) return undefined;
  const [row] = await tx.query<Sharing>(FIND_SHARING, [id, caller]);
  return row;
}

const MEMBER_COLUMNS = `
  m.image_id as "imageId", m.member as "memberId", m.status, m.created_at as "createdAt",
  m.updated_at as "updatedAt"`;

/** Which members of an image to list. */
export interface MemberFilter {
  readonly imageId: string;
  /** Only this one. */
  readonly member: string | undefined;
  /** Only those behind this key of the order: time of creation as text, and id. */
  readonly after: readonly string[] | undefined;
  /** At most this many. */
  readonly limit: number | undefined;
}

/** A member with its exact time of creation, for continuing behind it. */
export type ListedMember = ImageMember & { readonly createdAtText: string };

const LIST_MEMBERS = {
  name: 'images.list_members',
  text: `
    select ${MEMBER_COLUMNS}, m.created_at::text as "createdAtText"
      from image_members m
     where m.image_id = $1
       and ($2::text is null or m.member = $2)
       and ($3::timestamptz is null or (m.created_at, m.member) > ($3, $4))
     order by m.created_at, m.member
     limit $5::bigint`,
};

/** Returns members of an image by time of creation and id. */
export async function listMembers(
  tx: Tx,
  { imageId, member, after, limit }: MemberFilter,
): Promise<readonly ListedMember[]> {
  const [createdAt, id] = after ?? [];
  return tx.query<ListedMember>(LIST_MEMBERS, [imageId, member, createdAt, id, limit]);
}

/** Names a member of an image. */
export interface MemberKey {
  readonly imageId: string;
  readonly memberId: string;
}

/** What a batch of changes begins with. */
export interface OpenedSharing {
  /** The images that are not deleted, by id; their rows are locked. */
  readonly images: ReadonlyMap<string, Shared>;
  /** Those of the named members that there are. */
  readonly members: readonly ImageMember[];
  /** How many members each of the counted images has. */
  readonly counts: ReadonlyMap<string, number>;
}

const OPEN = {
  name: 'images.open_sharing',
  text: 'select pg_current_xact_id()::text as "transactionId"',
};

const LOCK_IMAGES = {
  name: 'images.lock_images',
  // By id, so that batches never wait for each other in a circle. Whoever adds, answers or takes back
  // holds the image: counting members and judging its visibility need that, and so does deleting it.
  text: `
    select i.id, i.owner, i.visibility
      from images i
     where i.id = any($1::text[]) and i.deleted_at is null
     order by i.id
       for no key update of i`,
};

const FIND_MEMBERS = {
  name: 'images.find_members',
  text: `
    select ${MEMBER_COLUMNS}
      from unnest($1::text[], $2::text[]) as k (image_id, member)
      join image_members m on m.image_id = k.image_id and m.member = k.member`,
};

const COUNT_MEMBERS = {
  name: 'images.count_members',
  text: `
    select m.image_id as id, count(*)::int as count
      from image_members m
     where m.image_id = any($1::text[])
     group by m.image_id`,
};

/**
 * Locks images and returns them with the members named, as they are behind the locks; makes the
 * outcome of the transaction known even if the connection breaks.
 */
export async function openSharing(
  tx: Tx,
  keys: readonly MemberKey[],
  counted: readonly string[],
): Promise<OpenedSharing> {
  const imageIds = [...new Set(keys.map(({ imageId }) => imageId))].filter(isImageId);
  // Sent one behind the other without waiting: each sees what was committed when the one before it
  // had its locks.
  const opening = tx.query<{ transactionId: string }>(OPEN);
  const locking = tx.query<Shared & { id: string }>(LOCK_IMAGES, [imageIds]);
  const finding = tx.query<ImageMember>(FIND_MEMBERS, [
    keys.map(({ imageId }) => imageId),
    keys.map(({ memberId }) => memberId),
  ]);
  const counting =
    counted.length === 0
      ? Promise.resolve([])
      : tx.query<{ id: string; count: number }>(COUNT_MEMBERS, [counted]);
  const [opened, images, members, counts] = await Promise.all([
    opening,
    locking,
    finding,
    counting,
  ]);
  const [transaction] = opened;
  if (transaction !== undefined) tx.identify(transaction.transactionId);
  return {
    images: new Map(images.map((image) => [image.id, image])),
    members,
    counts: new Map(counts.map(({ id, count }) => [id, count])),
  };
}

/** What a batch changes. */
export interface SharingChanges {
  /** Members as they are afterwards, new ones and changed ones. */
  readonly kept: readonly ImageMember[];
  readonly removed: readonly MemberKey[];
  /** Private images that become shared. */
  readonly promoted: readonly string[];
  readonly at: Date;
}

const KEEP_MEMBERS = {
  name: 'images.keep_members',
  text: `
    insert into image_members (image_id, member, status, created_at, updated_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
        on conflict (image_id, member) do update
       set status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at`,
};

const REMOVE_MEMBERS = {
  name: 'images.remove_members',
  text: `
    delete from image_members m
     using unnest($1::text[], $2::text[]) as k (image_id, member)
     where m.image_id = k.image_id and m.member = k.member`,
};

const PROMOTE = {
  name: 'images.promote',
  text: `update images set visibility = 'shared', updated_at = $2 where id = any($1::text[])`,
};

/** Writes what a batch changes of images that are locked. */
export async function writeSharing(tx: Tx, changes: SharingChanges): Promise<void> {
  const { kept, removed, promoted, at } = changes;
  const column = <T>(of: (member: ImageMember) => T): readonly T[] => kept.map(of);
  await Promise.all([
    kept.length > 0 &&
      tx.query(KEEP_MEMBERS, [
        column(({ imageId }) => imageId),
        column(({ memberId }) => memberId),
        column(({ status }): MemberStatus => status),
        column(({ createdAt }) => createdAt),
        column(({ updatedAt }) => updatedAt),
      ]),
    removed.length > 0 &&
      tx.query(REMOVE_MEMBERS, [
        removed.map(({ imageId }) => imageId),
        removed.map(({ memberId }) => memberId),
      ]),
    promoted.length > 0 && tx.query(PROMOTE, [promoted, at]),
  ]);
}
