/**
 * Invariant: a commission touches each holding at most once. Provisions on the same holding are
 * added up before anything is judged, so their order is irrelevant to success.
 */
import { createHash } from 'node:crypto';
import { Failure, invalid } from '../../kernel/failure.js';
import { isQuantity, type Quantity } from '../../kernel/quantity.js';
import { isCleanText } from '../../kernel/text.js';
import type { Refusal, Settlement } from './holding.js';

/** Longest name, holder, source and resource, in UTF-16 units. */
export const LONGEST_TEXT = 4096;

/** Longest request id, in UTF-16 units. */
export const LONGEST_REQUEST_ID = 255;

/** Longest time a commission may stay pending when it is to expire, in milliseconds. */
const LONGEST_EXPIRY_MS = 100 * 365 * 86_400_000;

/** Why a commission was rejected that nobody settled in time. */
export const EXPIRED = 'EXPIRED';

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
  /** Makes the call safe to repeat; null when the caller chose none. */
  readonly requestId: string | null;
  /** When to reject it by itself, in milliseconds from now; null leaves it to the operator. */
  readonly expiresInMs: number | null;
}

/** What a component wants to settle. Serials may be any integers; unknown ones fail one by one. */
export interface ResolveCommand {
  readonly accept: readonly bigint[];
  readonly reject: readonly bigint[];
  /** Kept in the provision log. */
  readonly reason: string;
}

/** A serial that this call did not settle. */
export interface FailedSerial {
  readonly serial: bigint;
  readonly failure: Failure;
  /** How an earlier call settled it; absent when that is unknown or too long ago. */
  readonly earlier?: EarlierSettlement;
}

/** How and when a commission was settled. */
export interface EarlierSettlement {
  readonly how: Settlement;
  readonly at: Date;
  readonly reason: string;
}

/** What this call did to the serials, each list ascending. */
export interface Resolution {
  readonly accepted: readonly bigint[];
  readonly rejected: readonly bigint[];
  readonly failed: readonly FailedSerial[];
}

/** What lists show of a pending commission. */
export interface CommissionSummary {
  readonly serial: bigint;
  readonly name: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date | null;
}

/** A pending commission as its issuer sees it. */
export interface Commission extends CommissionSummary {
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

/** Returns the request id, or throws when it cannot be one; an empty one counts as none. */
export function storableRequestId(requestId: string | undefined): string | null {
  if (requestId === undefined || requestId === '') return null;
  if (requestId.length > LONGEST_REQUEST_ID)
    throw invalid(`The request id is longer than ${LONGEST_REQUEST_ID} characters`);
  if (!isCleanText(requestId)) throw invalid('The request id cannot be stored');
  return requestId;
}

/** Returns the time after which a commission expires, or throws when it is none. */
export function validExpiry(milliseconds: number | undefined): number | null {
  if (milliseconds === undefined) return null;
  if (milliseconds <= 0 || milliseconds > LONGEST_EXPIRY_MS)
    throw invalid('expires_in must be positive and at most 100 years');
  return milliseconds;
}

/**
 * Returns what two calls with one request id must have in common. The order of provisions is
 * irrelevant to what a commission does, so it is to this.
 */
export function fingerprintOf(command: IssueCommand): Buffer {
  const provisions = command.provisions
    .map((provision) => `${holdingKey(provision)}\0${provision.quantity}`)
    .sort();
  const { force, autoAccept, name, expiresInMs } = command;
  const content = JSON.stringify([force, autoAccept, name, expiresInMs, provisions]);
  return createHash('sha256').update(content).digest();
}

/** Returns how a settlement is written down (section 6.7). */
export function loggedReason(how: Settlement, reason: string): string {
  // A character has at most two units; taken apart by characters, none is cut in two.
  const kept = Array.from(reason.slice(-2 * KEPT_REASON - 1)).slice(-KEPT_REASON);
  return `${how.toUpperCase()}:${kept.join('')}`;
}

/** Returns how a settlement was written down, read back. */
export function settlementFrom(logged: string): Omit<EarlierSettlement, 'at'> {
  const mark = logged.indexOf(':');
  return {
    how: logged.slice(0, mark) === 'ACCEPT' ? 'accept' : 'reject',
    reason: logged.slice(mark + 1),
  };
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

/** Returns the failure of a serial that was settled the other way. */
export function settledOtherwise(serial: bigint, how: Settlement): Failure {
  const outcome = how === 'accept' ? 'ACCEPTED' : 'REJECTED';
  return new Failure(
    'wrong-state',
    'COMMISSION_SETTLED',
    `serial ${serial} was ${outcome.toLowerCase()} before`,
    { serial, outcome },
  );
}

/** Returns the failure of a request id that came with other content before. */
export function requestIdReused(requestId: string, serial: bigint): Failure {
  return new Failure(
    'already-exists',
    'REQUEST_ID_REUSED',
    'The request id was used for a commission of other content',
    { request_id: requestId, serial },
  );
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
