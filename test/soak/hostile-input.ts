/** Hostile callers of both faces, at Envoy and at a server: nothing breaks, and nothing is half done. */
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { expect } from 'chai';
import fc from 'fast-check';
import { connect } from 'node:net';
import { httpRules } from '../../src/gen/http-rules.js';
import { readDescriptors } from '../../src/rpc/descriptors.js';
import { auditLedger, recordHistory } from '../support/ledger-audit.js';
import { createPerson } from '../support/people.js';
import { exchange } from '../support/raw-http.js';
import type { LogLine, Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';
import {
  anyMessage,
  bodyBytes,
  headerLines,
  type Known,
  ledgerMessage,
  metadataEntries,
  target,
} from './hostile-values.js';

/** How long callers go on. */
export interface HostileOptions {
  readonly seed: number;
  readonly millisecondsEach: number;
}

/** Largest body, so that a hundred thousand provisions fit into one. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

const COMMISSIONS = '/account/v1.0/commissions';
const COMMISSIONS_SERVICE = '/apportion.quotas.v1.CommissionsService';

/** gRPC codes by which a server says that it is broken. */
const BROKEN = [status.INTERNAL, status.UNKNOWN, status.DATA_LOSS, status.UNAVAILABLE].map(
  (code) => status[code],
);

/** Who knows which of these commissions were issued by force? */
const mayBeForced = () => true;

/** Every RPC there is, reflection and health not among them. */
const RPCS = Object.values(loadFileDescriptorSetFromBuffer(readDescriptors())).flatMap(
  (definition) =>
    Object.values(definition as Record<string, { readonly path?: unknown }>).flatMap((method) =>
      typeof method.path === 'string' && method.path.startsWith('/apportion.') ? [method.path] : [],
    ),
);

/** Declares the tests; they start everything they need. */
export function describeHostileInput({ seed, millisecondsEach }: HostileOptions): void {
  describe(`hostile callers (SEED=${seed})`, () => {
    let stack: Stack;
    let known: Known;
    const bugs: LogLine[] = [];

    before(async () => {
      stack = await startWorld({
        settings: { MAX_BODY_BYTES: String(MAX_BODY_BYTES), LOG_LEVEL: 'error' },
        log: (line) => bugs.push(line),
      });
      const user = await createPerson(stack);
      await recordHistory(stack.database);
      known = {
        user: user.uuid,
        tokens: ['nimbus-token', user.token],
        templates: [...new Set(httpRules.map(({ template }) => template))],
      };
    });
    after(() => stack.stop());

    afterEach(async () => {
      expect(bugs.splice(0)).to.deep.equal([]);
      // Whatever was sent, the ledger is whole, and there is somebody to ask.
      await auditLedger(stack.database, mayBeForced);
      expect((await stack.rest.get('/healthz')).status).to.equal(200);
    });

    /** Tries values, some at a time, until one breaks something, or the time is over. */
    function whatever<T>(
      arbitrary: (known: Known) => fc.Arbitrary<T>,
      attack: (value: T) => Promise<void>,
      atATime = 10,
    ): () => Promise<void> {
      const several = (all: Known) =>
        fc.array(arbitrary(all), { minLength: 1, maxLength: atATime, size: 'max' });
      const attackAll = async (values: readonly T[]) => {
        await Promise.all(values.map(attack));
      };
      return () =>
        fc.assert(fc.asyncProperty(several(known), attackAll), {
          seed,
          numRuns: 1_000_000,
          interruptAfterTimeLimit: millisecondsEach,
          markInterruptAsFailure: false,
        });
    }

    it(
      'send methods, targets and headers of any kind',
      whatever(
        (all) =>
          fc.tuple(
            fc.oneof(
              fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'),
              fc.constantFrom('get', 'PRI', 'PROPFIND', 'FROB', 'G T', '\xff', 'X'.repeat(300)),
            ),
            target(all),
            headerLines(all),
          ),
        async ([method, path, headers]) => {
          const lines = [`${method} ${path} HTTP/1.1`, 'Host: x', ...headers, 'Connection: close'];
          const answer = await exchange(stack.envoy.httpPort, `${lines.join('\r\n')}\r\n\r\n`);
          expect(statusLineOf(answer), answer.slice(0, 300)).to.match(/^HTTP\/1\.1 [234]\d\d /);
        },
        // Envoy holds a connection that sent no HTTP for a second.
        200,
      ),
    );

    it(
      'send bodies of any kind',
      whatever(
        (all) =>
          fc.tuple(
            fc.constantFrom(
              ...[COMMISSIONS, COMMISSIONS, `${COMMISSIONS}/action`, `${COMMISSIONS}/1/action`],
              ...['/identity/v2.0/tokens', '/account/v1.0/user_catalogs'],
              '/account/v1.0/service/user_catalogs',
            ),
            fc.constantFrom('nimbus-token', 'nimbus-token', 'nimbus-token', ...all.tokens),
            bodyBytes(all),
          ),
        async ([path, token, body]) => {
          const headers = { 'content-type': 'application/json' };
          const answer = await stack.rest.post(path, { token, body, headers });
          expect(answer.status, answer.text).to.be.oneOf([200, 201, 400, 401, 404, 409, 413]);
          // Every answer that has a body is JSON.
          if (answer.bytes.length > 0) expect(answer.json).not.to.equal(undefined);
        },
      ),
    );

    for (const way of ['at Envoy', 'at a server']) {
      const address = () => (way === 'at Envoy' ? stack.edge : (stack.addresses[0] ?? ''));

      it(
        `send messages of any kind over gRPC, ${way}`,
        withCaller(address, (call) =>
          whatever(
            (all) =>
              fc.tuple(
                fc.oneof(
                  fc.tuple(fc.constantFrom(...RPCS), anyMessage(all)),
                  fc.tuple(
                    fc.constantFrom(
                      ...['IssueCommission', 'ResolveCommission', 'ResolveCommissions'].map(
                        (name) => `${COMMISSIONS_SERVICE}/${name}`,
                      ),
                      `${COMMISSIONS_SERVICE}/ListCommissions`,
                    ),
                    ledgerMessage(all),
                  ),
                ),
                fc.constantFrom('nimbus-token', 'nimbus-token', ...all.tokens),
              ),
            async ([[rpc, message], token]) => {
              const { code, details } = await call(rpc, message, [['x-auth-token', token]]);
              expect(code, details).not.to.be.oneOf(BROKEN);
            },
          ),
        ),
      );
    }

    it(
      'pretend to be the edge, with metadata of any kind',
      withCaller(
        () => stack.addresses[0] ?? '',
        (call) =>
          whatever(
            (all) => fc.tuple(fc.constantFrom(...RPCS), anyMessage(all), metadataEntries(all)),
            async ([rpc, message, metadata]) => {
              const { code, details, httpStatus } = await call(rpc, message, metadata);
              expect(code, details).not.to.be.oneOf(BROKEN);
              expect(httpStatus ?? '200').to.match(/^[234]\d\d$/);
            },
          ),
      ),
    );

    it(
      'do not speak HTTP at all',
      whatever(
        () => fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 500 })),
        async ([isServer, bytes]) => {
          const [address = ''] = stack.addresses;
          const port = isServer ? Number(address.split(':')[1]) : stack.envoy.httpPort;
          await throwAt(port, Buffer.from(bytes));
        },
        100,
      ),
    );

    describe('with too much of everything', () => {
      const provision = '{"holder":"","source":null,"resource":"","quantity":0}';
      const headers = { 'content-type': 'application/json' };
      const post = (body: string) =>
        stack.rest.post(COMMISSIONS, { token: 'nimbus-token', headers, body });

      it('a hundred thousand provisions are refused', async () => {
        const answer = await post(`{"provisions":[${Array(100_000).fill(provision).join(',')}]}`);
        expect(answer.status, answer.text).to.equal(400);
        expect(answer.text).to.include('10000');
      });

      it('ten thousand provisions on holdings that do not exist are looked up', async () => {
        const provisions = Array.from({ length: 10_000 }, (_, index) =>
          provision.replace('""', `"nobody ${index}"`),
        );
        const answer = await post(`{"provisions":[${provisions.join(',')}]}`);
        expect(answer.status, answer.text).to.equal(404);
      });

      it('ten thousand provisions on one holding are one', async () => {
        const one = provision
          .replace('"holder":""', `"holder":"user:${known.user}"`)
          .replace('null', `"project:${known.user}"`)
          .replace('"resource":""', '"resource":"nimbus.vm"');
        const answer = await post(`{"provisions":[${Array(10_000).fill(one).join(',')}]}`);
        expect(answer.status, answer.text).to.equal(201);
      });

      it('a body that is too large is 413', async () => {
        const answer = await post(`{"name":"${'x'.repeat(MAX_BODY_BYTES)}"}`);
        expect(answer.status).to.equal(413);
      });

      it(
        'messages that are too large are refused, also when they come compressed',
        withCaller(
          () => stack.addresses[0] ?? '',
          (call) => async () => {
            const message = Buffer.alloc(64 * 1024 * 1024);
            const rpc = `${COMMISSIONS_SERVICE}/IssueCommission`;
            for (const metadata of [[], [['x-rest-target', COMMISSIONS]]] as const)
              expect((await call(rpc, message, metadata)).code).to.equal('RESOURCE_EXHAUSTED');
          },
          // zlib: 64 MiB of nothing become 64 KiB.
          { 'grpc.default_compression_algorithm': 2 },
        ),
      );

      it('two hundred thousand brackets, keys and quotes are 400', async () => {
        for (const text of ['[', '{"a":', '"', '{"a":1,', '[[],', '\\', '{"provisions":['])
          expect((await post(text.repeat(200_000))).status, text).to.equal(400);
      });

      it('numbers of a million digits are 400, at once', async () => {
        const digits = '7'.repeat(1_000_000);
        const long = provision.replace(':0', `:${digits}`);
        for (const body of [`{"provisions":[${long}]}`, `{"provisions":${digits}}`])
          expect((await post(body)).status).to.equal(400);
        const target = `${COMMISSIONS}/${'7'.repeat(8_000)}`;
        expect((await stack.rest.get(target, { token: 'nimbus-token' })).status).to.equal(404);
      });
    });
  });
}

interface GrpcAnswer {
  readonly code: string;
  readonly details: string;
  readonly httpStatus: string | undefined;
}

type Call = (
  rpc: string,
  message: Buffer,
  metadata: readonly (readonly [name: string, value: string])[],
) => Promise<GrpcAnswer>;

/** Runs a test with a caller that sends bytes as messages, on one connection. */
function withCaller(
  address: () => string,
  test: (call: Call) => () => Promise<void>,
  options: Readonly<Record<string, number>> = {},
): () => Promise<void> {
  return async () => {
    const client = new Client(address(), credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      ...options,
    });
    try {
      await test((rpc, message, metadata) => send(client, rpc, message, metadata))();
    } finally {
      client.close();
    }
  };
}

function send(
  client: Client,
  rpc: string,
  message: Buffer,
  entries: Parameters<Call>[2],
): Promise<GrpcAnswer> {
  const metadata = new Metadata();
  for (const [name, value] of entries) metadata.add(name, value);
  const same = (bytes: Buffer) => bytes;
  let httpStatus: string | undefined;
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + 30_000 };
    const call = client.makeUnaryRequest(rpc, same, same, message, metadata, options, (error) => {
      const code = status[error?.code ?? status.OK];
      resolve({ code, details: error?.details ?? '', httpStatus });
    });
    call.on('metadata', (received: Metadata) => {
      httpStatus = received.get('x-http-code')[0]?.toString();
    });
  });
}

function statusLineOf(answer: string): string {
  return answer.slice(0, answer.indexOf('\r\n'));
}

/** Sends bytes, says that this was all, and waits until the other side has closed. */
function throwAt(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
    socket.resume();
    socket.end(bytes);
  });
}
