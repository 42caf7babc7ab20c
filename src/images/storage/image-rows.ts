import type { Image } from '../domain/image.js';
import type { SortField } from '../domain/listing.js';

/** A row of `images`, as {@link IMAGE_COLUMNS} reads it. */
export type ImageRow = Image;

/** The columns of `images i`, named as the fields of an image. */
export const IMAGE_COLUMNS = `
  i.id, i.name, i.status, i.visibility, i.owner, i.protected, i.os_hidden as "osHidden",
  i.disk_format as "diskFormat", i.container_format as "containerFormat", i.size,
  i.virtual_size as "virtualSize", i.min_disk as "minDisk", i.min_ram as "minRam", i.checksum,
  i.os_hash_algo as "osHashAlgo", i.os_hash_value as "osHashValue", i.tags, i.properties,
  i.created_at as "createdAt", i.updated_at as "updatedAt"`;

/**
 * How images are sorted by each key. Nulls count as the smallest value, so that comparing with the
 * last image of a page neither fails nor loses any; the indexes are on these very expressions.
 */
export const SORT_EXPRESSIONS: Readonly<Record<SortField, string>> = {
  name: `coalesce(i.name, '')`,
  status: 'i.status',
  container_format: `coalesce(i.container_format, '')`,
  disk_format: `coalesce(i.disk_format, '')`,
  size: 'coalesce(i.size, 0)',
  id: 'i.id',
  created_at: 'i.created_at',
  updated_at: 'i.updated_at',
};

/** What each key's value is bound as, when it comes back from a marker as text. */
export const SORT_TYPES: Readonly<Record<SortField, string>> = {
  name: 'text',
  status: 'text',
  container_format: 'text',
  disk_format: 'text',
  size: 'bigint',
  id: 'text',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
};
