import { databaseUnavailable, Failure } from '../kernel/failure.js';

/** Codes on which the whole transaction is repeated: serialization failure and deadlock. */
const RETRYABLE = new Set(['40001', '40P01']);

/** Codes by which Postgres or the operating system says that the connection is no use any more. */
const AWAY = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ENOENT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Messages of `pg` errors that carry no code. */
const AWAY_MESSAGES =
  /Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded|Client was closed|not queryable|Cannot use a pool after/;

/** Thrown inside a transaction to have it repeated from the start, after another one got ahead. */
export class RepeatTransaction extends Error {
  override readonly name = 'RepeatTransaction';
}

/** Whether repeating the whole transaction may help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof RepeatTransaction || RETRYABLE.has(codeOf(error) ?? '');
}

/** Whether the database could not be reached or went away. */
export function isAway(error: unknown): boolean {
  if (error instanceof Failure) return error.reason === 'DATABASE_UNAVAILABLE';
  const code = codeOf(error);
  if (code !== undefined && (AWAY.has(code) || code.startsWith('08'))) return true;
  if (error instanceof AggregateError) return error.errors.some(isAway);
  return error instanceof Error && code === undefined && AWAY_MESSAGES.test(error.message);
}

/** Whether a statement broke the named unique constraint or index. */
export function breaksUnique(error: unknown, constraint: string): boolean {
  return codeOf(error) === '23505' && (error as { constraint?: string }).constraint === constraint;
}

/** Whether a statement broke the named foreign key. */
export function breaksForeignKey(error: unknown, constraint: string): boolean {
  return codeOf(error) === '23503' && (error as { constraint?: string }).constraint === constraint;
}

/** Returns what a failed statement means to callers; what it does not know it returns unchanged. */
export function translated(error: unknown): unknown {
  if (error instanceof Failure) return error;
  if (isAway(error)) return databaseUnavailable(error);
  if (isRetryable(error))
    return new Failure(
      'conflicting-writes',
      'CONFLICTING_WRITES',
      'Other writes kept getting in the way; repeat the call',
      {},
      { cause: error },
    );
  return error;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
