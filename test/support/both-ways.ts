/** The same cases for gRPC callers of a server and of Envoy. */
import { connectGrpc, type GrpcClient } from './grpc-client.js';
import type { Stack } from './stack.js';

/** Declares cases twice: once with a client of the first server, once with one of Envoy. */
export function describeBothWays(
  stack: () => Stack,
  cases: (client: () => GrpcClient, address: () => string) => void,
): void {
  for (const way of ['at a server', 'through Envoy']) {
    describe(way, () => {
      let client: GrpcClient;

      const address = () => {
        const { addresses, edge } = stack();
        return way === 'through Envoy' ? edge : (addresses[0] ?? '');
      };

      before(() => {
        client = connectGrpc(address());
      });
      after(() => {
        client.close();
      });

      cases(() => client, address);
    });
  }
}
