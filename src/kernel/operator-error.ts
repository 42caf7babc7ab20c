/**
 * Something the operator has to change: a setting, a state file, a busy port. The message is one
 * line and says what to do; commands print it without a stack and exit with 1.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
