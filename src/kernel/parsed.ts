import { Failure } from './failure.js';

/**
 * A decoded value, or the failure it will be once it is judged.
 *
 * The documented APIs judge some values late: a busy link answers 409 before its body is found to
 * be malformed. Decoding therefore never throws; the use case unwraps at the documented point.
 */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Returns a value that was decoded. */
export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** Returns a value that could not be decoded. */
export function unparsed<T>(failure: Failure): Parsed<T> {
  return { ok: false, failure };
}

/** Returns the value, or throws the failure it is. */
export function unwrap<T>(value: Parsed<T>): T {
  if (value.ok) return value.value;
  throw value.failure;
}

/** Runs a decoder that throws failures and returns what it decoded or threw. */
export function attempt<T>(decode: () => T): Parsed<T> {
  try {
    return parsed(decode());
  } catch (error) {
    if (error instanceof Failure) return unparsed(error);
    throw error;
  }
}
