import type { Link } from '../call.js';
import type { RpcMetrics } from '../metrics.js';

/** Returns the step that counts calls and their time by RPC, face and outcome. */
export function measuring(metrics: RpcMetrics): Link {
  return async (call, next) => {
    metrics.callsInFlight.inc();
    try {
      const outcome = await next();
      const seconds = (performance.now() - call.startedAt) / 1000;
      metrics.callSeconds.observe(
        { rpc: call.rpc, face: call.face, outcome: outcome.label },
        seconds,
      );
      return outcome;
    } finally {
      metrics.callsInFlight.dec();
    }
  };
}
