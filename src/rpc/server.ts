import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { OperatorError } from '../kernel/operator-error.js';
import { type Call, callFrom, type Link, type Outcome } from './call.js';
import { createChain } from './chain/index.js';
import { answerGrpc, type GrpcAnswer, Undecodable } from './grpc-face.js';
import { adoptGrpcLog } from './grpc-log.js';
import type { Family } from './http.js';
import type { RpcMetrics } from './metrics.js';
import { createReflection } from './reflection.js';
import {
  answerRest,
  type RestAnswer,
  type RestEdge,
  restMessage,
  TARGET_HEADER,
} from './rest-face.js';
import type { BoundMethod, BoundService, UnaryHandler } from './route.js';
import { type HttpRule, RouteTable } from './route-table.js';

/** What one server process serves, and how. */
export interface RpcServerOptions {
  readonly services: readonly BoundService[];
  readonly families: readonly Family[];
  readonly httpRules: readonly HttpRule[];
  /** Serialized FileDescriptorSet, for reflection. */
  readonly descriptors: Buffer;
  readonly metrics: RpcMetrics;
  readonly log: Logger;
  /** Largest message accepted, in bytes. */
  readonly maxMessageBytes: number;
}

/** A gRPC server with both faces of every route, health and reflection. */
export interface RpcServer {
  /** Starts listening on `host:port` and returns the port; throws an OperatorError if it is taken. */
  listen(address: string): Promise<number>;
  /** Sets the answer of `grpc.health.v1` for the whole server. */
  setServing(serving: boolean): void;
  /** Stops accepting calls and waits for those in flight, at most this long. */
  drain(milliseconds: number): Promise<void>;
}

/** Room for the envelope around a body of the largest size. */
const ENVELOPE_BYTES = 65_536;

/** Returns a server that is not listening yet. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  adoptGrpcLog(options.log);
  const server = new Server({
    'grpc.max_receive_message_length': options.maxMessageBytes + ENVELOPE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 2_000,
    // Channelz stays on: without it a forced shutdown of grpc-js finds no session to end, and whoever
    // watches the health keeps a draining server alive for ever.
  });
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  health.addToServer(server);
  createReflection(options.descriptors).addToServer(server);
  addServices(server, options);
  return {
    listen: (address) => listen(server, address),
    setServing: (serving) => {
      health.setStatus('', serving ? 'SERVING' : 'NOT_SERVING');
    },
    drain: (milliseconds) => drain(server, milliseconds),
  };
}

function addServices(server: Server, options: RpcServerOptions): void {
  const chain = createChain(options.log, options.metrics);
  const methods = options.services.flatMap((service) => service.methods);
  const byRpc = new Map(methods.map((method) => [method.rpc, method]));
  const edge: RestEdge = {
    table: new RouteTable(options.httpRules),
    families: options.families,
    methodOf: (rpc) => byRpc.get(rpc),
  };
  for (const service of options.services) {
    const definition: Record<string, unknown> = {};
    const handlers: Record<string, UnaryHandler> = {};
    for (const method of service.methods) {
      definition[method.key] = wireOf(method);
      handlers[method.key] = handlerOf(method, edge, chain);
    }
    server.addService(definition as ServiceDefinition, handlers);
  }
}

/** The generated codecs, able to carry documented answers and to survive bytes that are no message. */
function wireOf(method: BoundMethod) {
  const { shape } = method;
  const serialize = shape.responseSerialize as (value: unknown) => Buffer;
  return {
    ...shape,
    requestDeserialize: (bytes: Buffer) => {
      try {
        return shape.requestDeserialize(strictly(bytes));
      } catch (cause) {
        return new Undecodable(cause);
      }
    },
    responseSerialize: (value: unknown) =>
      value instanceof Documented ? restMessage(value.answer) : serialize(value),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Returns bytes whose texts must be UTF-8; by itself the generated code puts U+FFFD in the place of
 * what is not, and the ledger would keep what nobody sent. It takes a reader wherever it takes bytes.
 */
function strictly(bytes: Buffer): Buffer {
  return new BinaryReader(bytes, (text) => utf8.decode(text)) as unknown as Buffer;
}

class Documented {
  constructor(readonly answer: RestAnswer) {}
}

function handlerOf(method: BoundMethod, edge: RestEdge, chain: readonly Link[]): UnaryHandler {
  return (grpcCall, callback) => {
    const isRest = grpcCall.metadata.get(TARGET_HEADER).length > 0;
    const call = callFrom(method.rpc, isRest ? 'rest' : 'grpc', grpcCall);
    const work = isRest
      ? runChain(chain, call, () =>
          answerRest(edge, call, grpcCall.metadata, grpcCall.request),
        ).then((outcome) => {
          sendRest(grpcCall, callback, outcome.value);
        })
      : runChain(chain, call, () => answerGrpc(method, call, grpcCall.request)).then((outcome) => {
          sendGrpc(callback, outcome.value);
        });
    work.catch((error: unknown) => {
      grpcCall.emit('error', error);
    });
  };
}

async function runChain<T>(
  chain: readonly Link[],
  call: Call,
  innermost: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  return chain.reduceRight<() => Promise<Outcome<T>>>(
    (next, link) => () => link(call, next),
    innermost,
  )();
}

function sendRest(
  grpcCall: ServerUnaryCall<unknown, unknown>,
  callback: sendUnaryData<unknown>,
  answer: RestAnswer,
): void {
  grpcCall.sendMetadata(answer.metadata);
  callback(null, new Documented(answer));
}

function sendGrpc(callback: sendUnaryData<unknown>, answer: GrpcAnswer): void {
  if ('message' in answer) callback(null, answer.message);
  else callback(answer.status, null);
}

function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else
        reject(new OperatorError(`SERVER_ADDRESS: cannot listen on ${address}: ${error.message}`));
    });
  });
}

function drain(server: Server, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
    }, milliseconds);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
