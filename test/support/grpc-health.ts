/** Asks `grpc.health.v1`, as load balancers do. */
import { Client, credentials } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** Returns the health that a server, or Envoy before it, tells of itself; throws a ServiceError. */
export async function healthAt(address: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = service['Check']!;
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: '' },
        { deadline: Date.now() + 5_000 },
        (error, response) => {
          if (error === null) resolve(String((response as { status?: unknown }).status));
          else reject(error);
        },
      );
    });
  } finally {
    client.close();
  }
}
