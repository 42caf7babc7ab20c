import { LONGEST_OWNER, NAME_PATTERN } from '../domain/consumer-claim.js';
import type { Minor } from './microversion.js';
import type { Schema } from './schema.js';

/** A schema of a whole body. */
export type BodySchema = Schema & { readonly type: 'object' };

/** Below it a write says nothing of project and user. */
export const NAMES_OWNERS: Minor = 8;
/** From it on `allocations` is an object. */
export const OBJECT_FORM: Minor = 12;
/** From it on a write must say which generation of the consumer it knows, and PUT may clear. */
export const GUARDS_CONSUMERS: Minor = 28;
const TAKES_MAPPINGS: Minor = 34;
/** From it on consumers have types. */
export const NAMES_TYPES: Minor = 38;

const UUID_KEY = '^[0-9a-fA-F-]{36}$';
const UUID: Schema = { type: 'string', format: 'uuid' };
const OWNER: Schema = { type: 'string', minLength: 1, maxLength: LONGEST_OWNER };
const OWNERS = { project_id: OWNER, user_id: OWNER };

const RESOURCES: Schema = {
  type: 'object',
  minProperties: 1,
  patternProperties: { [NAME_PATTERN]: { type: 'integer', minimum: 1 } },
};

const LIST: Schema = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    required: ['resource_provider', 'resources'],
    properties: {
      resource_provider: { type: 'object', required: ['uuid'], properties: { uuid: UUID } },
      resources: RESOURCES,
    },
  },
};

const LIST_BODY: BodySchema = {
  type: 'object',
  required: ['allocations'],
  properties: { allocations: LIST },
};

const LIST_BODY_WITH_OWNERS: BodySchema = {
  type: 'object',
  required: ['allocations', 'project_id', 'user_id'],
  properties: { allocations: LIST, ...OWNERS },
};

const BY_PROVIDER: Schema = {
  type: 'object',
  patternProperties: {
    [UUID_KEY]: {
      type: 'object',
      required: ['resources'],
      // Clients send back what they have read; the provider's generation is of no interest.
      properties: { resources: RESOURCES, generation: { type: 'integer' } },
    },
  },
};

/** Keys without any of these characters are not looked at (section 9). */
const MAPPINGS: Schema = {
  type: 'object',
  minProperties: 1,
  patternProperties: { '[a-zA-Z0-9_-]': { type: 'array', minItems: 1, items: UUID } },
  additionalProperties: true,
};

interface Tier {
  readonly since: Minor;
  readonly put: BodySchema;
  readonly post: BodySchema;
}

/** What bodies look like, newest first (sections 9 and 10). */
const TIERS: readonly Tier[] = [NAMES_TYPES, TAKES_MAPPINGS, GUARDS_CONSUMERS, OBJECT_FORM].map(
  (since) => ({
    since,
    put: claimSchema(since, since >= GUARDS_CONSUMERS),
    post: {
      type: 'object',
      minProperties: 1,
      patternProperties: { [UUID_KEY]: claimSchema(since, true) },
    },
  }),
);

/** @param mayClear - whether a consumer may be left with nothing. */
function claimSchema(since: Minor, mayClear: boolean): BodySchema {
  const isGuarded = since >= GUARDS_CONSUMERS;
  const isTyped = since >= NAMES_TYPES;
  return {
    type: 'object',
    required: [
      ...['allocations', 'project_id', 'user_id'],
      ...(isGuarded ? ['consumer_generation'] : []),
      ...(isTyped ? ['consumer_type'] : []),
    ],
    properties: {
      allocations: mayClear ? BY_PROVIDER : { ...BY_PROVIDER, minProperties: 1 },
      ...OWNERS,
      ...(isGuarded && { consumer_generation: { type: ['integer', 'null'] } }),
      ...(since >= TAKES_MAPPINGS && { mappings: MAPPINGS }),
      ...(isTyped && { consumer_type: { ...OWNER, pattern: NAME_PATTERN } }),
    },
  };
}

/** Returns what the body of `PUT /allocations/{consumer_uuid}` looks like at a microversion. */
export function putSchema(minor: Minor): BodySchema {
  if (minor < NAMES_OWNERS) return LIST_BODY;
  return minor < OBJECT_FORM ? LIST_BODY_WITH_OWNERS : tierOf(minor).put;
}

/** Returns what the body of `POST /allocations` looks like at a microversion. */
export function postSchema(minor: Minor): BodySchema {
  return tierOf(minor).post;
}

function tierOf(minor: Minor): Tier {
  const tier = TIERS.find(({ since }) => minor >= since);
  if (tier === undefined) throw new Error(`1.${minor} has no object form`);
  return tier;
}
