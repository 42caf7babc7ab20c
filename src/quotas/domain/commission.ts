/**
 * Invariant: a commission touches each holding at most once. Provisions on the same holding are
 * added up before anything is judged, so their order is irrelevant to success.
 */
import { Failure, invalid } from '../../kernel/failure.js';
import { isQuantity, type Quantity } from '../../kernel/quantity.js';
import { isCleanText } from '../../kernel/text.js';
import type { Refusal, Settlement } from './holding.js';

/** Longest name, holder, source and resource, in UTF-16 units. */
export const LONGEST_TEXT = 4096;

/** How many characters of a settlement's reason are kept, counted from its end (section 6.7). */
export const KEPT_REASON = 121;

/** One intended change of one holding. */
export interface Provision {
  /** `user:<uuid>` or `project:<uuid>`; anything else names no holding. */
  readonly holder: string;
  /** `project:<uuid>` for users, null for a project's own holding. */
  readonly source: string | null;
  readonly resource: string;
  /** Positive imports, negative releases. */
  readonly quantity: Quantity;
}

/** A provision whose quantity may still be the part of a sum, and so beyond 64 bits. */
export type RawProvision = Omit<Provision, 'quantity'> & { readonly quantity: bigint };

/** What a component wants to reserve; provisions are merged. */
export interface IssueCommand {
  readonly provisions: readonly Provision[];
  readonly force: boolean;
  readonly autoAccept: boolean;
  readonly name: string;
  /** Judge and keep nothing. */
  readonly dryRun: boolean;
}

/** What a component wants to settle. Serials may be any integers; unknown ones fail one by one. */
export interface ResolveCommand {
  readonly accept: readonly bigint[];
  readonly reject: readonly bigint[];
  /** Kept in the provision log. */
  readonly reason: string;
}

/** A serial that was not settled. */
export interface FailedSerial {
  readonly serial: bigint;
  readonly failure: Failure;
}

/** What became of the serials, each list ascending. */
export interface Resolution {
  readonly accepted: readonly bigint[];
  readonly rejected: readonly bigint[];
  readonly failed: readonly FailedSerial[];
}

/** A pending commission as its issuer sees it. */
export interface Commission {
  readonly serial: bigint;
  readonly name: string;
  readonly issuedAt: Date;
  readonly provisions: readonly Provision[];
}

/** Identifies a holding among provisions; the parts cannot contain NUL. */
export function holdingKey(provision: Omit<Provision, 'quantity'>): string {
  const { holder, source, resource } = provision;
  return source === null ? `${holder}\0\0${resource}` : `${holder}\0${source}\0\0${resource}`;
}

/**
 * Adds up provisions on the same holding, in order of first appearance (section 6.3).
 *
 * Throws INVALID_REQUEST when a text cannot be stored, or a sum or part leaves 64 bits.
 */
export function mergeProvisions(provisions: readonly RawProvision[]): readonly Provision[] {
  const merged = new Map<string, RawProvision>();
  for (const provision of provisions) {
    requireStorable(provision);
    const key = holdingKey(provision);
    const earlier = merged.get(key);
    merged.set(
      key,
      earlier === undefined
        ? provision
        : { ...earlier, quantity: earlier.quantity + provision.quantity },
    );
  }
  return [...merged.values()].map((provision) => {
    if (!isQuantity(provision.quantity))
      throw invalid('The quantities of one holding add up to more than 64 bits');
    return provision as Provision;
  });
}

/** Returns the name of a commission, or throws when it cannot be stored. */
export function storableName(name: string): string {
  if (name.length > LONGEST_TEXT) throw invalid(`'name' is longer than ${LONGEST_TEXT} characters`);
  if (!isCleanText(name)) throw invalid("'name' contains characters that cannot be stored");
  return name;
}

/** Returns the reason of a settlement, or throws when it cannot be stored. */
export function storableReason(reason: string): string {
  if (!isCleanText(reason)) throw invalid("'reason' contains characters that cannot be stored");
  return reason;
}

/** Returns how a settlement is written down (section 6.7). */
export function loggedReason(how: Settlement, reason: string): string {
  // A character has at most two units; taken apart by characters, none is cut in two.
  const kept = Array.from(reason.slice(-2 * KEPT_REASON - 1)).slice(-KEPT_REASON);
  return `${how.toUpperCase()}:${kept.join('')}`;
}

/** Returns the failure of a provision that names no holding. */
export function noHolding(provision: Provision): Failure {
  return new Failure(
    'not-found',
    'NO_HOLDING',
    `There is no holding of ${describe(provision)}`,
    factsOf(provision),
  );
}

/** Returns the failure of a provision that does not fit. */
export function refused(provision: Provision, refusal: Refusal): Failure {
  if (refusal.why === 'overflow')
    return invalid(`The usage of ${describe(provision)} would leave 64 bits`);
  const facts = { ...factsOf(provision), usage: refusal.usage, limit: refusal.limit };
  const { usage, limit } = refusal;
  return refusal.why === 'no-capacity'
    ? new Failure(
        'over-limit',
        'NO_CAPACITY',
        `${describe(provision)}: usage ${usage} plus ${provision.quantity} would exceed the limit ${limit}`,
        facts,
      )
    : new Failure(
        'over-limit',
        'NO_QUANTITY',
        `${describe(provision)}: settled usage ${usage} is less than the released ${-provision.quantity}`,
        facts,
      );
}

/** Returns the failure of a serial that is not pending, or not the caller's. */
export function commissionNotFound(serial: bigint): Failure {
  return new Failure('not-found', 'COMMISSION_NOT_FOUND', `serial ${serial} does not exist`, {
    serial,
  });
}

/** Returns the failure of a serial listed both for acceptance and rejection. */
export function serialConflict(serial: bigint): Failure {
  return new Failure(
    'invalid',
    'SERIAL_CONFLICT',
    `cannot both accept and reject serial ${serial}`,
    { serial },
  );
}

function requireStorable({ holder, source, resource, quantity }: RawProvision): void {
  for (const [field, text] of Object.entries({ holder, source: source ?? '', resource })) {
    if (text.length > LONGEST_TEXT)
      throw invalid(`'${field}' is longer than ${LONGEST_TEXT} characters`);
    if (!isCleanText(text)) throw invalid(`'${field}' contains characters that cannot be stored`);
  }
  if (!isQuantity(quantity)) throw invalid("'quantity' is beyond 64 bits");
}

function factsOf({ holder, source, resource, quantity }: Provision) {
  return { holder, ...(source !== null && { source }), resource, quantity };
}

function describe({ holder, source, resource }: Provision): string {
  return source === null ? `${resource} for ${holder}` : `${resource} for ${holder} from ${source}`;
}
