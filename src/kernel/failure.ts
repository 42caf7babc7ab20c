/**
 * What kind of answer a failure is. The RPC layer has one table from kinds to gRPC codes; every API
 * family has its own from kinds and reasons to documented statuses.
 */
export type FailureKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'already-exists'
  | 'wrong-state'
  | 'over-limit'
  | 'too-large'
  | 'overloaded'
  | 'conflicting-writes'
  | 'deadline-exceeded'
  | 'unavailable'
  | 'internal';

/**
 * Stable names of failures, documented one by one in `proto/apportion/failure/v1/failure.proto`;
 * a test keeps both lists equal.
 */
export type FailureReason =
  | 'INVALID_REQUEST'
  | 'TOKEN_MISSING'
  | 'TOKEN_UNKNOWN'
  | 'TOKEN_EXPIRED'
  | 'USER_INACTIVE'
  | 'TERMS_NOT_SIGNED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NO_HOLDING'
  | 'NO_CAPACITY'
  | 'NO_QUANTITY'
  | 'COMMISSION_NOT_FOUND'
  | 'SERIAL_CONFLICT'
  | 'WRONG_STATE'
  | 'ALREADY_EXISTS'
  | 'DATABASE_UNAVAILABLE'
  | 'SHUTTING_DOWN'
  | 'OVERLOADED'
  | 'DEADLINE_EXCEEDED'
  | 'CONFLICTING_WRITES'
  | 'TOO_LARGE'
  | 'INTERNAL'
  | 'COMMISSION_SETTLED'
  | 'REQUEST_ID_REUSED'
  | 'POLICY_CLOSED'
  | 'PROJECT_FULL'
  | 'IMAGE_NOT_SHAREABLE'
  | 'IMAGE_PROTECTED'
  | 'LIMIT_REACHED'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'GENERATION_CONFLICT'
  | 'UNKNOWN_PROVIDER'
  | 'UNKNOWN_RESOURCE_CLASS'
  | 'UNKNOWN_TRAIT'
  | 'NO_INVENTORY'
  | 'UNIT_VIOLATED'
  | 'CAPACITY_EXCEEDED'
  | 'INVENTORY_IN_USE'
  | 'PROVIDER_IN_USE'
  | 'PROVIDER_HAS_CHILDREN'
  | 'RESOURCE_CLASS_IN_USE'
  | 'TRAIT_IN_USE';

/** What a failure knows beyond its message; an absent fact is left out, never null. */
export type Facts = Readonly<Record<string, string | bigint>>;

/** An expected outcome other than success: it reaches the caller in the shape of the face in use. */
export class Failure extends Error {
  override readonly name = 'Failure';

  /**
   * @param message - for people; callers must not parse it.
   * @param facts - for programs; they become `google.rpc.ErrorInfo.metadata`.
   */
  constructor(
    readonly kind: FailureKind,
    readonly reason: FailureReason,
    message: string,
    readonly facts: Facts = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Returns the failure of a malformed request; `message` names the field. */
export function invalid(message: string): Failure {
  return new Failure('invalid', 'INVALID_REQUEST', message);
}

/** Returns the failure of an object that does not exist, or may not be known to. */
export function notFound(kind: string, id: string, message = `unknown ${kind}`): Failure {
  return new Failure('not-found', 'NOT_FOUND', message, { kind, id });
}

/** Returns the failure of a call that needs the database while it is away. */
export function databaseUnavailable(cause?: unknown): Failure {
  return new Failure(
    'unavailable',
    'DATABASE_UNAVAILABLE',
    'The database cannot be reached',
    {},
    { cause },
  );
}
