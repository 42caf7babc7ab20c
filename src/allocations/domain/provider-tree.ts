/**
 * Invariant: every provider has exactly one root, itself when it has no parent, and all of a tree
 * share it; a provider is never among its own ancestors (allocations specification, 14.4).
 */

/** What of a provider decides where it stands. */
export interface TreePlace {
  readonly uuid: string;
  /** Null for a root. */
  readonly parentUuid: string | null;
}

/** A parent that a caller names, as far as it exists. */
export interface WantedParent {
  readonly uuid: string;
  readonly exists: boolean;
  /** Whether it is the provider itself or stands below it. */
  readonly isWithin: boolean;
}

/** Why a provider cannot stand below a parent. */
export type TreeRefusal =
  'parent-unknown' | 'parent-is-self' | 'may-not-reparent' | 'may-not-unparent' | 'loop';

/** Returns why a new provider cannot be created below a parent, or undefined when it can. */
export function judgeFirstParent(uuid: string, parent: WantedParent): TreeRefusal | undefined {
  if (parent.uuid === uuid) return 'parent-is-self';
  return parent.exists ? undefined : 'parent-unknown';
}

/**
 * Returns why a provider cannot move below another parent, or undefined when it can.
 *
 * A root may get a parent at any time; taking or changing the parent of a provider that has one
 * came with 1.37, as many programs held a tree for fixed until then.
 *
 * @param parent - null makes the provider a root.
 */
export function judgeMove(
  { parentUuid }: TreePlace,
  parent: WantedParent | null,
  mayReparent: boolean,
): TreeRefusal | undefined {
  if (parent === null) return parentUuid === null || mayReparent ? undefined : 'may-not-unparent';
  if (!parent.exists) return 'parent-unknown';
  if (parentUuid !== null && parentUuid !== parent.uuid && !mayReparent) return 'may-not-reparent';
  return parent.isWithin ? 'loop' : undefined;
}

/** The documented words of a refusal; each API puts its own beginning before them. */
export const TREE_REFUSALS: Readonly<Record<TreeRefusal, string>> = {
  'parent-unknown': 'parent provider UUID does not exist.',
  'parent-is-self':
    'parent provider UUID cannot be same as UUID. A provider cannot be its own parent.',
  'may-not-reparent': 're-parenting a provider is not currently allowed.',
  'may-not-unparent': 'un-parenting a provider is not currently allowed.',
  loop: 'creating loop in the provider tree is not allowed.',
};
