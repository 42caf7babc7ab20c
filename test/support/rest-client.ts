/** Sends REST requests exactly as told, and returns answers exactly as received. */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { type JsonValue, readJson } from '../../src/rpc/json.js';
import { unwrap } from '../../src/kernel/parsed.js';

/** What to send besides method and target. */
export interface RestOptions {
  /** Value of `X-Auth-Token`. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Sent as JSON with its content type, unless `headers` names another. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string | Uint8Array;
  /** One connection for several requests. */
  readonly agent?: Agent;
}

/** An answer; `json` throws when the body is none. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  readonly json: JsonValue;
}

/** A client of one port of this machine. */
export class RestClient {
  constructor(private readonly port: number) {}

  /** Sends a request whose target is not touched. */
  async send(method: string, target: string, options: RestOptions = {}): Promise<RestAnswer> {
    const body = bodyOf(options);
    const headers: Record<string, string | string[]> = { ...options.headers };
    if (options.token !== undefined) headers['x-auth-token'] = options.token;
    if (options.json !== undefined) headers['content-type'] ??= 'application/json';
    if (body !== undefined) headers['content-length'] = String(body.length);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.port,
          method,
          path: target,
          headers,
          agent: options.agent ?? false,
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('error', reject);
          response.on('end', () => {
            resolve(answerFrom(response.statusCode ?? 0, response.headers, Buffer.concat(pieces)));
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  get(target: string, options?: RestOptions): Promise<RestAnswer> {
    return this.send('GET', target, options);
  }

  post(target: string, options?: RestOptions): Promise<RestAnswer> {
    return this.send('POST', target, options);
  }
}

function bodyOf({ json, body }: RestOptions): Buffer | undefined {
  if (json !== undefined) return Buffer.from(stringify(json));
  return body === undefined ? undefined : Buffer.from(body);
}

/** JSON with bigint as plain digits. */
export function stringify(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return `{${members.map(([key, entry]) => `${JSON.stringify(key)}:${stringify(entry)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

function answerFrom(status: number, headers: IncomingHttpHeaders, bytes: Buffer): RestAnswer {
  return {
    status,
    headers,
    bytes,
    text: bytes.toString(),
    get json() {
      return unwrap(readJson(bytes));
    },
  };
}
