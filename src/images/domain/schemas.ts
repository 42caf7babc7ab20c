/**
 * Invariant: clients validate what they get against these schemas, so both are made from the same
 * description (specification, section 9.1).
 */
import { notFound } from '../../kernel/failure.js';
import { IMAGE_ID_PATTERN } from './image.js';
import { IMAGE_PROPERTIES, type ImageProperty } from './image-properties.js';
import { MEMBER_STATUSES } from './member.js';

/** What can be printed as JSON, as far as schemas need it. */
export type SchemaValue =
  | null
  | boolean
  | number
  | string
  | readonly SchemaValue[]
  | { readonly [key: string]: SchemaValue };

/** A JSON schema. */
export type Schema = Readonly<Record<string, SchemaValue>>;

const TEXT: Schema = { type: 'string' };
const DESCRIBED_BY = { rel: 'describedby', href: '{schema}' };

const MEMBER: Schema = {
  name: 'member',
  properties: {
    member_id: { ...TEXT, description: 'Id of the project the image is shared with' },
    image_id: { ...TEXT, description: 'Id of the image', pattern: IMAGE_ID_PATTERN },
    created_at: { ...TEXT, description: 'When the image was shared' },
    updated_at: { ...TEXT, description: 'When the answer last changed' },
    status: { ...TEXT, description: 'The answer of the member', enum: MEMBER_STATUSES },
    schema: { ...TEXT, readOnly: true },
  },
};

const IMAGE: Schema = {
  name: 'image',
  properties: Object.fromEntries(
    IMAGE_PROPERTIES.map((property) => [property.name, schemaOf(property)]),
  ),
  additionalProperties: TEXT,
  links: [{ rel: 'self', href: '{self}' }, { rel: 'enclosure', href: '{file}' }, DESCRIBED_BY],
};

const SCHEMAS: ReadonlyMap<string, Schema> = new Map([
  ['image', IMAGE],
  [
    'images',
    {
      name: 'images',
      properties: {
        images: { type: 'array', items: IMAGE },
        first: TEXT,
        next: TEXT,
        schema: TEXT,
      },
      links: [{ rel: 'first', href: '{first}' }, { rel: 'next', href: '{next}' }, DESCRIBED_BY],
    },
  ],
  ['member', MEMBER],
  [
    'members',
    {
      name: 'members',
      properties: { members: { type: 'array', items: MEMBER }, schema: TEXT },
      links: [DESCRIBED_BY],
    },
  ],
]);

/** Whether there is a schema of this name. */
export function isSchemaName(name: string): boolean {
  return SCHEMAS.has(name);
}

/** Returns the schema of a name; throws NOT_FOUND when there is none. */
export function findSchema(name: string): Schema {
  const schema = SCHEMAS.get(name);
  if (schema === undefined) throw notFound('schema', name);
  return schema;
}

function schemaOf({ types, description, set, ...property }: ImageProperty): Schema {
  const [only] = types;
  const isList = only === 'array';
  const text = {
    ...(property.maxLength !== undefined && { maxLength: property.maxLength }),
    ...(property.pattern !== undefined && { pattern: property.pattern }),
    ...(property.values !== undefined && { enum: property.values }),
  };
  return {
    type: types.length === 1 && only !== undefined ? only : types,
    description,
    ...(set === 'never' && { readOnly: true }),
    ...(isList ? { items: { ...TEXT, ...text } } : text),
  };
}
