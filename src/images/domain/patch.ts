/**
 * Invariant: the operations of one patch are applied in their order, all of them or none, and none
 * of them touches what only the server sets (specification, section 8.5).
 */
import { Failure } from '../../kernel/failure.js';
import type { Image } from './image.js';
import { IMAGE_PROPERTY_BY_NAME, isReserved } from './image-properties.js';
import { type ImageLimits, refuseBeyond } from './limits.js';
import { readOnly } from './new-image.js';
import { customProperties, type FitValue } from './property-values.js';

/** Sets a property, or removes it; values are checked already. */
export type PatchOperation =
  | {
      readonly op: 'add' | 'replace';
      readonly name: string;
      readonly value: FitValue;
      /** Whether `add` refuses a property that exists, as the older media type has it. */
      readonly refusesExisting?: boolean;
    }
  | { readonly op: 'remove'; readonly name: string };

/**
 * Returns the image after all operations, the same one when there are none. Throws FORBIDDEN for
 * what nobody may change, WRONG_STATE when a property is missing or in the way, LIMIT_REACHED.
 */
export function patched(
  image: Image,
  operations: readonly PatchOperation[],
  at: Date,
  limits: ImageLimits,
): Image {
  if (operations.length === 0) return image;
  const base: Record<string, FitValue> = {};
  const custom = customProperties(image);
  for (const operation of operations) {
    const property = IMAGE_PROPERTY_BY_NAME.get(operation.name);
    if (isReserved(operation.name) || property?.set === 'at-creation')
      throw readOnly(operation.name);
    if (property === undefined) changeCustom(custom, operation);
    else if ('field' in property.source) base[property.source.field] = baseValueAfter(operation);
  }
  const after: Image = {
    ...image,
    ...base,
    properties: Object.fromEntries(custom),
    updatedAt: at,
  };
  const count = (of: (image: Image) => number) => ({ before: of(image), after: of(after) });
  refuseBeyond(limits, 'properties', count(propertyCount), image.id);
  refuseBeyond(
    limits,
    'tags',
    count(({ tags }) => tags.length),
    image.id,
  );
  return after;
}

function changeCustom(custom: Map<string, string>, operation: PatchOperation): void {
  const { op, name } = operation;
  const exists = custom.has(name);
  if (op === 'add' ? exists && operation.refusesExisting : !exists)
    throw conflict(name, exists ? 'already present' : 'not present');
  if (op === 'remove') custom.delete(name);
  else custom.set(name, operation.value as string);
}

function baseValueAfter(operation: PatchOperation): FitValue {
  const { op, name } = operation;
  if (op === 'remove')
    throw new Failure('forbidden', 'FORBIDDEN', `Property ${name} may not be removed.`, {
      property: name,
    });
  // A base property exists always, if only with null.
  if (op === 'add' && operation.refusesExisting) throw conflict(name, 'already present');
  return operation.value;
}

function conflict(name: string, how: string): Failure {
  return new Failure('wrong-state', 'WRONG_STATE', `Property ${name} is ${how}.`, {
    property: name,
  });
}

function propertyCount({ properties }: Image): number {
  return Object.keys(properties).length;
}
