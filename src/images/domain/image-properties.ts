/**
 * Invariant: what a base property of an image is stands here and nowhere else; schemas, validation
 * and answers are made from it (specification, sections 8.1, 8.2 and 9.1).
 */
import { IMAGE_ID_PATTERN, IMAGE_STATUSES, type Image } from './image.js';
import { VISIBILITIES } from './visibility.js';

/** The kinds of values there are, by the names of JSON schema. */
export type ValueType = 'null' | 'string' | 'boolean' | 'integer' | 'array';

/** Where the value of a property comes from: the image itself, or its id. */
export type PropertySource =
  | { readonly field: Exclude<keyof Image, 'properties'> }
  | { readonly path: (id: string) => string };

/** One base property. */
export interface ImageProperty {
  /** The documented key. */
  readonly name: string;
  readonly source: PropertySource;
  readonly types: readonly ValueType[];
  readonly description: string;
  /** Who may set it: anybody, whoever creates the image, or the server alone. */
  readonly set: 'always' | 'at-creation' | 'never';
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly values?: readonly (string | null)[];
}

/** Longest name, owner or tag that can be stored. */
const LONGEST = 255;

/** Largest value of `min_disk` and `min_ram`. */
export const LARGEST_MINIMUM = 2_147_483_647n;

const DISK_FORMATS = [
  ...['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
];
const CONTAINER_FORMATS = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];

/** Every base property, in the order of the documented entity. */
export const IMAGE_PROPERTIES: readonly ImageProperty[] = [
  stored('id', 'id', ['string'], 'An identifier for the image', 'at-creation', {
    pattern: IMAGE_ID_PATTERN,
  }),
  stored('name', 'name', ['null', 'string'], 'Descriptive name for the image', 'always', {
    maxLength: LONGEST,
  }),
  stored('status', 'status', ['string'], 'Status of the image', 'never', {
    values: IMAGE_STATUSES,
  }),
  stored('visibility', 'visibility', ['string'], 'Scope of image accessibility', 'always', {
    values: VISIBILITIES,
  }),
  stored('protected', 'protected', ['boolean'], 'If true, image will not be deletable.', 'always'),
  stored('os_hidden', 'osHidden', ['boolean'], 'If true, lists leave the image out', 'always'),
  stored('owner', 'owner', ['null', 'string'], 'Owner of the image', 'always', {
    maxLength: LONGEST,
  }),
  stored('disk_format', 'diskFormat', ['null', 'string'], 'Format of the disk', 'always', {
    values: [null, ...DISK_FORMATS],
  }),
  stored(
    'container_format',
    'containerFormat',
    ['null', 'string'],
    'Format of the container',
    'always',
    { values: [null, ...CONTAINER_FORMATS] },
  ),
  stored('size', 'size', ['null', 'integer'], 'Size of image file in bytes', 'never'),
  stored('virtual_size', 'virtualSize', ['null', 'integer'], 'Size of disk in bytes', 'never'),
  stored('checksum', 'checksum', ['null', 'string'], 'MD5 hash of image contents.', 'never', {
    maxLength: 32,
  }),
  stored('os_hash_algo', 'osHashAlgo', ['null', 'string'], 'Algorithm of os_hash_value', 'never', {
    maxLength: 64,
  }),
  stored('os_hash_value', 'osHashValue', ['null', 'string'], 'Hash of image contents', 'never', {
    maxLength: 128,
  }),
  stored('min_disk', 'minDisk', ['integer'], 'Disk space required to boot, in GiB', 'always'),
  stored('min_ram', 'minRam', ['integer'], 'Memory required to boot, in MiB', 'always'),
  stored('tags', 'tags', ['array'], 'List of strings related to the image', 'always', {
    maxLength: LONGEST,
  }),
  stored('created_at', 'createdAt', ['string'], 'When the image was created', 'never'),
  stored('updated_at', 'updatedAt', ['string'], 'When the image last changed', 'never'),
  linked('self', 'Path of the image', (id) => `/v2/images/${id}`),
  linked('file', 'Path of the data of the image', (id) => `/v2/images/${id}/file`),
  linked('schema', 'Path of the schema of the image', () => '/v2/schemas/image'),
];

/** The base properties by their documented keys. */
export const IMAGE_PROPERTY_BY_NAME: ReadonlyMap<string, ImageProperty> = new Map(
  IMAGE_PROPERTIES.map((property) => [property.name, property]),
);

/** Names that no property may have, because other deployments of this API give them a meaning. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['direct_url', 'stores', 'locations', 'location', 'deleted', 'deleted_at'],
]);

/** Whether no caller may set a property of this name, ever. */
export function isReserved(name: string): boolean {
  return (
    RESERVED.has(name) ||
    name.startsWith('os_glance') ||
    IMAGE_PROPERTY_BY_NAME.get(name)?.set === 'never'
  );
}

function stored(
  name: string,
  field: Exclude<keyof Image, 'properties'>,
  types: readonly ValueType[],
  description: string,
  set: ImageProperty['set'],
  more: Pick<ImageProperty, 'maxLength' | 'pattern' | 'values'> = {},
): ImageProperty {
  return { name, source: { field }, types, description, set, ...more };
}

function linked(name: string, description: string, path: (id: string) => string): ImageProperty {
  return { name, source: { path }, types: ['string'], description, set: 'never' };
}
