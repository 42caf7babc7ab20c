import { Gauge, Histogram, type Registry } from 'prom-client';

/** The figures of the RPC layer. */
export interface RpcMetrics {
  readonly callSeconds: Histogram<'rpc' | 'face' | 'outcome'>;
  readonly callsInFlight: Gauge;
}

/** Bounds from 1 ms, the cost of one commit, to 10 s, far above any healthy call. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Registers the figures of the RPC layer and returns them. */
export function createRpcMetrics(registry: Registry): RpcMetrics {
  return {
    callSeconds: new Histogram({
      name: 'apportion_call_seconds',
      help: 'Calls by RPC, face (grpc, rest) and outcome (gRPC code, HTTP status).',
      labelNames: ['rpc', 'face', 'outcome'],
      buckets: SECONDS,
      registers: [registry],
    }),
    callsInFlight: new Gauge({
      name: 'apportion_calls_in_flight',
      help: 'Calls that are being answered.',
      registers: [registry],
    }),
  };
}
