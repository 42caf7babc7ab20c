// Goal: Envoy is started, drained and stopped so that no port is shared by accident and no request
// is lost or done twice. Method: a real Envoy in front of HTTP/2 servers that stand in for workers,
// because only they can die or hang at the moment that matters.
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startEnvoy } from '../../src/cli/dev/envoy-process.js';
import { freePort } from '../../src/db/embedded/free-port.js';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { testEnvoy } from '../support/envoy-binary.js';
import { eventually } from '../support/eventually.js';

describe('startEnvoy', function () {
  this.timeout(60_000);

  let binary: string;
  let directory: string;

  before(async function () {
    // The first run on a machine installs Envoy.
    this.timeout(600_000);
    binary = await testEnvoy();
  });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'apportion-envoy-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('names a port that is in use, by another program or another Envoy', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      for (const ports of [
        { httpPort: port, adminPort: await freePort() },
        { httpPort: await freePort(), adminPort: port },
      ]) {
        const failure = await startEnvoy({ binary, directory, workerPorts: [1], ...ports }).catch(
          (error: unknown) => error,
        );
        expect(failure).to.be.instanceOf(OperatorError);
        expect((failure as Error).message).to.include(`127.0.0.1:${port} is in use`);
      }
    } finally {
      taken.close();
    }
  });

  it('does not share its port with a second Envoy', async () => {
    const [httpPort, adminPort] = [await freePort(), await freePort()];
    const first = await startEnvoy({ binary, directory, httpPort, adminPort, workerPorts: [1] });
    try {
      for (const ports of [
        { httpPort, adminPort: await freePort() },
        { httpPort: await freePort(), adminPort },
      ]) {
        const failure = await startEnvoy({ binary, directory, workerPorts: [1], ...ports }).catch(
          (error: unknown) => error,
        );
        expect((failure as Error).message).to.include('is in use');
      }
    } finally {
      await first.stop();
    }
  });

  it('repeats a read whose worker dies, and nothing that may have run', async () => {
    const calls: string[] = [];
    const workers = [1, 2].map(() =>
      http2.createServer().on('stream', (stream, headers) => {
        stream.on('error', () => undefined);
        if (headers[':path'] === '/grpc.health.v1.Health/Check') {
          stream.close();
          return;
        }
        calls.push(String(headers['x-rest-method']));
        // The first to be called goes away without a word.
        if (calls.length === 1) stream.session?.destroy();
        else answerNotFound(stream);
      }),
    );
    const workerPorts = await Promise.all(workers.map(listen));
    const [httpPort, adminPort] = [await freePort(), await freePort()];
    const envoy = await startEnvoy({ binary, directory, httpPort, adminPort, workerPorts });
    try {
      const statusOf = async (method: string): Promise<number> => {
        calls.length = 0;
        return (await fetch(`http://127.0.0.1:${httpPort}/healthz`, { method })).status;
      };
      expect(await statusOf('GET')).to.equal(404);
      expect(calls).to.deep.equal(['GET', 'GET']);
      expect(await statusOf('PUT')).to.equal(503);
      expect(calls).to.deep.equal(['PUT']);
    } finally {
      await envoy.stop();
      for (const worker of workers) worker.close();
    }
  });

  it('answers a request in flight while it drains, and takes no new one', async () => {
    const worker = http2.createServer();
    const held: http2.ServerHttp2Stream[] = [];
    worker.on('stream', (stream, headers) => {
      // Callers that give up reset their stream.
      stream.on('error', () => undefined);
      if (headers[':path'] !== '/grpc.health.v1.Health/Check') held.push(stream);
      else stream.close();
    });
    const workerPorts = [await listen(worker)];
    const [httpPort, adminPort] = [await freePort(), await freePort()];
    const envoy = await startEnvoy({ binary, directory, httpPort, adminPort, workerPorts });
    const url = `http://127.0.0.1:${envoy.httpPort}/healthz`;
    try {
      const inFlight = fetch(url, { headers: { connection: 'close' } });
      await eventually(() => held.length === 1);
      const drained = envoy.drain();
      await eventually(async () => {
        const late = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(
          (error: unknown) => error,
        );
        return late instanceof Error && /ECONNREFUSED/.test(String(late.cause));
      });
      for (const stream of held) answerNotFound(stream);
      expect(await drained).to.equal(true);
      expect((await inFlight).status).to.equal(404);
    } finally {
      await envoy.stop();
      worker.close();
    }
  });
});

async function listen(worker: http2.Http2Server): Promise<number> {
  await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
  return (worker.address() as AddressInfo).port;
}

/** A gRPC answer without a message. */
function answerNotFound(stream: http2.ServerHttp2Stream): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' };
  if (!stream.destroyed) stream.respond(headers, { endStream: true });
}
