/**
 * Invariant: uuid and name of a provider are unique, the name has 1 to 200 characters. The
 * generation starts at 0 and moves by one with every change of what the provider has or gives;
 * a new name or place in the tree does not move it (allocations specification, 2).
 */
import { Failure, notFound } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';

/** Longest name of a provider, in characters. */
export const LONGEST_PROVIDER_NAME = 200;

/** Something that has resources to give. */
export interface ResourceProvider {
  /** Key of the row; never leaves the process. */
  readonly id: bigint;
  readonly uuid: string;
  readonly name: string;
  readonly generation: bigint;
  /** Null for a root. */
  readonly parentUuid: string | null;
  /** Its own for a root. */
  readonly rootUuid: string;
  readonly updatedAt: Date;
}

/** Whether a text may be a provider's name. */
export function isProviderName(text: string): boolean {
  const length = Array.from(text).length;
  return isCleanText(text) && length >= 1 && length <= LONGEST_PROVIDER_NAME;
}

/** Returns the failure of a provider that does not exist; `more` follows the documented words. */
export function providerNotFound(uuid: string, more = ''): Failure {
  return notFound('resource_provider', uuid, `No resource provider with uuid ${uuid} found${more}`);
}

/** Throws GENERATION_CONFLICT when a caller has read the provider before its last change. */
export function requireGeneration(
  { uuid, generation }: Pick<ResourceProvider, 'uuid' | 'generation'>,
  given: bigint,
): void {
  if (given === generation) return;
  throw new Failure(
    'conflicting-writes',
    'GENERATION_CONFLICT',
    'resource provider generation conflict',
    { kind: 'resource_provider', id: uuid, expected: generation, given },
  );
}
