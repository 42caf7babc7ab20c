import type { Logger } from 'pino';
import type { Link } from '../call.js';

/** A call that takes longer is logged even where successes are not, in milliseconds. */
const SLOW_MS = 1_000;

/**
 * Returns the step that logs calls: bugs as errors with their stack, slow ones as warnings, the
 * rest at debug level, because at thousands of calls a second a line each would cost more than the
 * work. Targets are not logged here: Envoy's access log has them, with credentials masked.
 */
export function logging(log: Logger): Link {
  return async (call, next) => {
    const outcome = await next();
    const milliseconds = Math.round(performance.now() - call.startedAt);
    const line = {
      rpc: call.rpc,
      face: call.face,
      requestId: call.requestId,
      outcome: outcome.label,
      milliseconds,
    };
    if (outcome.bug !== undefined) log.error({ ...line, err: outcome.bug }, 'call failed');
    else if (milliseconds >= SLOW_MS) log.warn(line, 'slow call');
    else log.debug(line, 'call');
    return outcome;
  };
}
