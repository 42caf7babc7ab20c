import { readFile } from 'node:fs/promises';

import { parse, stringify } from 'yaml';

import { httpRules } from '../../gen/http-rules.js';
import { packageFile } from './package-root.js';

/** The two files Envoy runs on: as templates with placeholders, or filled in. */
export interface EnvoyFiles {
  readonly yaml: string;
  /** The filter that runs before and after the transcoder. */
  readonly lua: string;
}

/** What the placeholders of the templates stand for. */
export interface EnvoyConfigOptions {
  readonly templates: EnvoyFiles;
  readonly httpPort: number;
  /** A second port with the same filters; absent means only one. */
  readonly grpcPort?: number;
  readonly adminPort: number;
  /** Default 127.0.0.1. */
  readonly listenAddress?: string;
  /** Loopback ports of the server processes; at least one. */
  readonly workerPorts: readonly number[];
  /** Services that have REST routes, with their packages; default: those of the descriptor. */
  readonly services?: readonly string[];
  readonly descriptorPath: string;
  readonly luaPath: string;
  readonly accessLogPath: string;
  /** Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Path below which the Placement API lives; default `/placement`. */
  readonly allocationsPrefix?: string;
  /** PEM files; absent means plain text. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Below this a connection is stalled too often by slow readers. */
const LEAST_BUFFER_BYTES = 4_194_304;

const DEFAULT_MAX_BODY_BYTES = 4_194_304;

/** The value goes into a Lua string and a regular expression; config.ts is stricter still. */
const PREFIX_FORM = /^\/[A-Za-z0-9._~/-]*$/;

/** Reads the templates that are shipped with the package. */
export async function readEnvoyTemplates(): Promise<EnvoyFiles> {
  const [yaml, lua] = await Promise.all([
    readFile(packageFile('envoy/envoy.yaml'), 'utf8'),
    readFile(packageFile('envoy/edge.lua'), 'utf8'),
  ]);
  return { yaml, lua };
}

/** Every service with at least one REST route, sorted. All others are gRPC only and pass untouched. */
export function annotatedServices(): readonly string[] {
  return [...new Set(httpRules.map(({ rpc }) => rpc.slice(0, rpc.indexOf('/'))))].sort();
}

/** Fills in the templates. Throws on a placeholder without a value: a template and this file disagree. */
export function renderEnvoyConfig(options: EnvoyConfigOptions): EnvoyFiles {
  const prefix = options.allocationsPrefix ?? '/placement';
  if (!PREFIX_FORM.test(prefix)) throw new Error(`not a path: ${JSON.stringify(prefix)}`);
  const values = placeholderValues(options, prefix);
  const yaml = stringify(filled(parse(options.templates.yaml), values), { lineWidth: 0 });
  const lua = options.templates.lua.replaceAll('${ALLOCATIONS_PREFIX}', prefix);
  return { yaml, lua };
}

type Values = ReadonlyMap<string, unknown>;

/** Undefined removes the key that holds the placeholder. */
function placeholderValues(options: EnvoyConfigOptions, prefix: string): Values {
  const address = options.listenAddress ?? '127.0.0.1';
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  return new Map<string, unknown>([
    ['HTTP_PORT', options.httpPort],
    ['GRPC_ADDRESSES', additionalAddresses(address, options.grpcPort)],
    ['ADMIN_PORT', options.adminPort],
    ['LISTEN_ADDRESS', address],
    [
      'WORKERS',
      options.workerPorts.map((port) => ({ endpoint: socketAddress('127.0.0.1', port) })),
    ],
    ['SERVICES', options.services ?? annotatedServices()],
    ['DESCRIPTOR', options.descriptorPath],
    ['LUA', options.luaPath],
    ['ACCESS_LOG', options.accessLogPath],
    ['MAX_BODY_BYTES', maxBodyBytes],
    ['BUFFER_BYTES', Math.max(maxBodyBytes, LEAST_BUFFER_BYTES)],
    ['ALLOCATIONS_PREFIX_REGEX', prefix.replace(/[.~-]/g, '\\$&')],
    ['TLS', options.tls && downstreamTls(options.tls)],
  ]);
}

function socketAddress(address: string, port: number): object {
  return { address: { socket_address: { address, port_value: port } } };
}

function additionalAddresses(address: string, port: number | undefined): object[] | undefined {
  return port === undefined ? undefined : [socketAddress(address, port)];
}

function downstreamTls(tls: { readonly cert: string; readonly key: string }): object {
  const certificate = {
    certificate_chain: { filename: tls.cert },
    private_key: { filename: tls.key },
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { alpn_protocols: ['h2', 'http/1.1'], tls_certificates: [certificate] },
    },
  };
}

/** Copies a parsed template; a text that is one placeholder takes the type of its value. */
function filled(node: unknown, values: Values): unknown {
  if (Array.isArray(node)) return node.map((item) => filled(item, values));
  if (typeof node === 'object' && node !== null) {
    const entries = Object.entries(node)
      .map(([key, value]) => [key, filled(value, values)] as const)
      .filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries);
  }
  if (typeof node !== 'string') return node;
  const whole = /^\$\{(\w+)\}$/.exec(node);
  if (whole !== null) return valueOf(whole[1], values);
  return node.replace(/\$\{(\w+)\}/g, (_, name: string) => String(valueOf(name, values)));
}

function valueOf(name: string | undefined, values: Values): unknown {
  if (name === undefined || !values.has(name)) throw new Error(`no value for \${${String(name)}}`);
  return values.get(name);
}
