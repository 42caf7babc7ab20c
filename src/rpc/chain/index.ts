import type { Logger } from 'pino';
import type { Link } from '../call.js';
import type { RpcMetrics } from '../metrics.js';
import { logging } from './logging.js';
import { measuring } from './measuring.js';

/**
 * Returns the steps around every call, outermost first. Authentication is the innermost step and
 * belongs to the route, because on REST the path is judged before the token.
 *
 * 1. measuring: needs nothing; sees the time of all the others.
 * 2. logging: needs the outcome's label; sees bugs before they are hidden.
 */
export function createChain(log: Logger, metrics: RpcMetrics): readonly Link[] {
  return [measuring(metrics), logging(log)];
}
