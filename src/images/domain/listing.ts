/**
 * Invariant: a list is a union of sets that do not overlap, each of which can be walked in the order
 * of the list, so that a page costs the same wherever it lies (specification, section 8.4).
 */
import type { ImageCaller } from './caller.js';
import type { MemberStatus } from './member.js';
import { VISIBILITIES, type Visibility } from './visibility.js';

/** What a list can be sorted by, by documented key. */
export const SORT_KEYS = [
  'name',
  'status',
  'container_format',
  'disk_format',
  'size',
  'id',
  'created_at',
  'updated_at',
] as const;

/** One of the documented sort keys. */
export type SortField = (typeof SORT_KEYS)[number];

/** A key of the order, with its direction. */
export interface SortKey {
  readonly field: SortField;
  readonly ascending: boolean;
}

/** Properties that hold a text and can be filtered by one of several. */
export const TEXT_FILTERS = ['id', 'name', 'status', 'container_format', 'disk_format'] as const;

/** Properties that hold a text and can be filtered by that text only. */
export const EXACT_FILTERS = ['owner', 'checksum', 'os_hash_algo', 'os_hash_value'] as const;

/** Properties that hold a number. */
export const NUMBER_FILTERS = ['size', 'virtual_size', 'min_disk', 'min_ram'] as const;

/** Properties that hold a time. */
export const TIME_FILTERS = ['created_at', 'updated_at'] as const;

/** How two times are compared, at whole seconds. */
export const TIME_OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

/** How two times are compared, at whole seconds. */
export type TimeOperator = (typeof TIME_OPERATORS)[number];

/** A condition that every image of the list meets. */
export type Condition =
  | {
      readonly kind: 'text';
      readonly field: (typeof TEXT_FILTERS)[number] | (typeof EXACT_FILTERS)[number];
      readonly anyOf: readonly string[];
    }
  | {
      readonly kind: 'number';
      readonly field: (typeof NUMBER_FILTERS)[number];
      readonly operator: 'least' | 'most' | 'exactly';
      readonly value: bigint;
    }
  | {
      readonly kind: 'time';
      readonly field: (typeof TIME_FILTERS)[number];
      readonly operator: TimeOperator;
      /** A whole second. */
      readonly at: Date;
    }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'property'; readonly name: string; readonly value: string }
  | { readonly kind: 'protected'; readonly isProtected: boolean };

/** Which images to list, and in which order. */
export interface ImageQuery {
  /** Undefined leaves foreign community images out, `all` does not. */
  readonly visibility: Visibility | 'all' | undefined;
  /** With which answer of the caller shared images are listed. */
  readonly memberStatus: MemberStatus | 'all';
  readonly isHidden: boolean;
  readonly conditions: readonly Condition[];
  /** Complete: ends in a key that no two images share. */
  readonly order: readonly SortKey[];
  /** At most this many. */
  readonly limit: number;
  /** Id of the last image of the page before. */
  readonly marker: string | undefined;
}

/** How many images a page has. */
export interface PageSizes {
  /** When the request does not say. */
  readonly usual: number;
  /** However many it asks for. */
  readonly largest: number;
}

/** One of the sets that make up a list. */
export type Candidates =
  | { readonly kind: 'all'; readonly visibility: Visibility }
  | { readonly kind: 'owned'; readonly by: string; readonly visibilities: readonly Visibility[] }
  | {
      readonly kind: 'shared-with';
      readonly member: string;
      readonly status: MemberStatus | 'all';
    };

/** Returns the sets a caller's list is made of; no image is in two of them. */
export function candidatesFor(
  { owner, isAdmin }: ImageCaller,
  { visibility, memberStatus }: Pick<ImageQuery, 'visibility' | 'memberStatus'>,
): readonly Candidates[] {
  const asked = VISIBILITIES.filter(
    (one) => visibility === undefined || visibility === 'all' || visibility === one,
  );
  // Foreign community images come on request only.
  const open = asked.filter(
    (one) =>
      (isAdmin || one === 'public' || one === 'community') &&
      !(one === 'community' && visibility === undefined),
  );
  const own = asked.filter((one) => !open.includes(one));
  return [
    ...open.map((one) => ({ kind: 'all', visibility: one }) as const),
    ...(owner === null || own.length === 0
      ? []
      : [{ kind: 'owned', by: owner, visibilities: own } as const]),
    ...(owner === null || !own.includes('shared')
      ? []
      : [{ kind: 'shared-with', member: owner, status: memberStatus } as const]),
  ];
}

/**
 * Returns a whole order from the keys a caller names: `created_at` and `id` are appended, in the
 * direction of the only one given, else newest first. Of a key named twice the first counts.
 */
export function completeOrder(keys: readonly SortKey[], directions: number): readonly SortKey[] {
  const ascending = directions === 1 && keys[0]?.ascending === true;
  const order = new Map<SortField, SortKey>();
  for (const key of [
    ...keys,
    { field: 'created_at', ascending } as const,
    { field: 'id', ascending } as const,
  ])
    if (!order.has(key.field)) order.set(key.field, key);
  return [...order.values()];
}

/** Returns the time without its fraction of a second: what answers print. */
export function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
