/** Asks `grpc.health.v1`, as load balancers do. */
import { Client, credentials } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** Returns the health that a server, or Envoy before it, tells of itself; throws a ServiceError. */
export async function healthAt(address: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  try {
    const { path, requestSerialize, responseDeserialize } = service.Check;
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: '' },
        { deadline: Date.now() + 5_000 },
        (error, response) => {
          if (error === null) resolve(String(response?.status));
          else reject(error);
        },
      );
    });
  } finally {
    client.close();
  }
}
