/**
 * Invariant: no value gets into an image that its schema would not take: every one of them comes
 * through here, whichever face it came in by (specification, sections 8.2 and 8.5).
 */
import { type Failure, invalid } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';
import type { Image } from './image.js';
import {
  IMAGE_PROPERTY_BY_NAME,
  type ImageProperty,
  LARGEST_MINIMUM,
  type ValueType,
} from './image-properties.js';
import type { ImageLimits } from './limits.js';
import { isLongerThan } from './text-length.js';

/** Stands for a value that no property can have: an object, a number with a fraction. */
export const UNFIT = Symbol('unfit');

/** A value as a caller gave it. */
export type GivenValue = null | boolean | string | bigint | readonly GivenValue[] | typeof UNFIT;

/** A value as an image keeps it. */
export type FitValue = null | boolean | string | number | readonly string[];

/**
 * Returns what an image keeps of a value given for a property, base or custom; throws
 * INVALID_REQUEST when the schema does not take it.
 */
export function fitValue(name: string, value: GivenValue, limits: ImageLimits): FitValue {
  const property = IMAGE_PROPERTY_BY_NAME.get(name);
  return property === undefined
    ? customValue(name, value, limits)
    : baseValue(property, value, limits);
}

/** Returns the names and values of an image's custom properties, ready to be changed. */
export function customProperties(image: Pick<Image, 'properties'>): Map<string, string> {
  return new Map(Object.entries(image.properties));
}

function customValue(name: string, value: GivenValue, limits: ImageLimits): string {
  if (name === '') throw mismatch('the name of a property must not be empty');
  refuseText(name, 'the name of a property', limits.nameLength);
  if (typeof value !== 'string') throw mismatch(`'${name}' is not a string`);
  if (!isCleanText(value)) throw mismatch(`'${name}' has characters that cannot be stored`);
  return value;
}

function baseValue(property: ImageProperty, value: GivenValue, limits: ImageLimits): FitValue {
  const { name, types, values } = property;
  const type = typeOf(value);
  if (type === undefined || !types.includes(type))
    throw mismatch(`'${name}' is not of type ${types.join(', ')}`);
  if (values !== undefined && !values.includes(value as string | null))
    throw mismatch(`'${name}' is not one of ${values.map(String).join(', ')}`);
  if (typeof value === 'string') {
    refuseText(value, `'${name}'`, name === 'name' ? limits.nameLength : property.maxLength);
    if (property.pattern !== undefined && !new RegExp(property.pattern, 'u').test(value))
      throw mismatch(`'${name}' does not match ${property.pattern}`);
    return value;
  }
  if (typeof value === 'bigint') {
    if (value < 0n || value > LARGEST_MINIMUM)
      throw mismatch(`'${name}' is not between 0 and ${LARGEST_MINIMUM}`);
    return Number(value);
  }
  if (Array.isArray(value)) return tagsFrom(value as readonly GivenValue[], limits);
  return value as null | boolean;
}

function tagsFrom(values: readonly GivenValue[], limits: ImageLimits): readonly string[] {
  const tags = new Set<string>();
  for (const value of values) {
    if (typeof value !== 'string') throw mismatch('a tag is not a string');
    refuseText(value, 'a tag', limits.nameLength);
    tags.add(value);
  }
  return [...tags];
}

function refuseText(text: string, what: string, most: number | undefined): void {
  if (most !== undefined && isLongerThan(text, most))
    throw mismatch(`${what} is longer than ${most} characters`);
  if (!isCleanText(text)) throw mismatch(`${what} has characters that cannot be stored`);
}

function typeOf(value: GivenValue): ValueType | undefined {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'bigint' ? 'integer' : undefined;
}

function mismatch(why: string): Failure {
  return invalid(`Provided object does not match schema 'image': ${why}`);
}
