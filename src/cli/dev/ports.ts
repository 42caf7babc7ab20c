import { createServer } from 'node:net';
import type { Config } from '../../config.js';
import { OperatorError } from '../../kernel/operator-error.js';

interface WantedPort {
  readonly variable: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Throws an OperatorError naming the first port that cannot be had, and the variable to change.
 *
 * Looking before anything starts is for the message only; whoever listens in the end notices by
 * himself what was taken meanwhile.
 */
export async function requireFreePorts(config: Config): Promise<void> {
  const host = config.listenAddress;
  const wanted: readonly WantedPort[] = [
    { variable: 'HTTP_PORT', host, port: config.httpPort },
    { variable: 'GRPC_PORT', host, port: config.grpcPort },
    { variable: 'METRICS_PORT', host, port: config.metricsPort },
    { variable: 'ENVOY_ADMIN_PORT', host: '127.0.0.1', port: config.envoyAdminPort },
  ];
  for (const [index, { variable, port }] of wanted.entries()) {
    if (port === 0) throw new OperatorError(`${variable}: 0 is no port that anybody could call`);
    const twin = wanted.slice(0, index).find((other) => other.port === port);
    if (twin !== undefined) {
      throw new OperatorError(`${variable}: ${port} is the same port as ${twin.variable}`);
    }
  }
  for (const port of wanted) await requireFree(port);
}

async function requireFree({ variable, host, port }: WantedPort): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
  if (code === undefined) return;
  if (code === 'EADDRINUSE') {
    throw new OperatorError(
      `${variable}: port ${port} is in use on ${host}; stop what uses it, or set another ${variable}`,
    );
  }
  if (code === 'EACCES') {
    throw new OperatorError(
      `${variable}: this user may not listen on port ${port}; set another one`,
    );
  }
  throw new OperatorError(`LISTEN_ADDRESS: cannot listen on ${host}:${port} (${code})`);
}
