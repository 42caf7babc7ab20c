/**
 * Invariant: an image is one value: its base properties, its custom properties and its tags are read
 * and written together (specification, section 4).
 */
import { notFound } from '../../kernel/failure.js';
import type { Failure } from '../../kernel/failure.js';
import type { Visibility } from './visibility.js';

/** The documented states of an image's data; without uploads it stays `queued`. */
export const IMAGE_STATUSES = [
  'queued',
  'saving',
  'active',
  'killed',
  'deleted',
  'uploading',
  'importing',
  'pending_delete',
  'deactivated',
] as const;

/** What becomes of an image's data. */
export type ImageStatus = (typeof IMAGE_STATUSES)[number];

/** An image: metadata, never data. Sizes are in bytes. */
export interface Image {
  /** A UUID in the spelling of whoever chose it. */
  readonly id: string;
  readonly name: string | null;
  readonly status: ImageStatus;
  readonly visibility: Visibility;
  /** Null: owned by nobody, seen by everybody. */
  readonly owner: string | null;
  readonly protected: boolean;
  readonly osHidden: boolean;
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  readonly size: bigint | null;
  readonly virtualSize: bigint | null;
  /** In GiB. */
  readonly minDisk: number;
  /** In MiB. */
  readonly minRam: number;
  readonly checksum: string | null;
  readonly osHashAlgo: string | null;
  readonly osHashValue: string | null;
  /** A set. */
  readonly tags: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Custom properties by name. */
  readonly properties: Readonly<Record<string, string>>;
}

/** The form of every image id; either case. */
export const IMAGE_ID_PATTERN =
  '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';

const IMAGE_ID = new RegExp(IMAGE_ID_PATTERN, 'u');

/** Whether a text can be the id of an image at all. */
export function isImageId(text: string): boolean {
  return text.length === 36 && IMAGE_ID.test(text);
}

/** Returns the failure of an image that does not exist, or that the caller does not see. */
export function imageNotFound(id: string): Failure {
  return notFound('image', id, `Image ${id} not found.`);
}
