/** Invariant: whoever lacks a right is told so in the one documented sentence, whatever he wanted. */
import { Failure } from '../../kernel/failure.js';

/** Returns the failure of somebody who lacks the right (projects specification, 2). */
export function forbidden(): Failure {
  return new Failure(
    'forbidden',
    'FORBIDDEN',
    'You do not have the permissions to perform this action.',
  );
}
