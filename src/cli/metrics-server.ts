// Node's own HTTP server, and the only one in the house: Prometheus wants plain text over HTTP, the
// figures are of several processes, and they must be readable when Envoy or a worker is not well.
import { createServer } from 'node:http';
import { OperatorError } from '../kernel/operator-error.js';

/** The content type of the text format; Prometheus refuses bodies without it. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/** A server of figures, until it is closed. */
export interface MetricsServer {
  close(): Promise<void>;
}

/** Where the figures are served, and where they come from. */
export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  /** Asked anew for every request. */
  readonly collect: () => Promise<string>;
}

/** Serves `/metrics`; throws an OperatorError when the port is taken. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    options.collect().then(
      (text) => response.writeHead(200, { 'content-type': TEXT_FORMAT }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const where = `${options.host}:${options.port}`;
      reject(new OperatorError(`METRICS_PORT: cannot listen on ${where}: ${error.message}`));
    });
    server.listen(options.port, options.host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
