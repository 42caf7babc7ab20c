import http from 'node:http';
import https from 'node:https';
import { rootCertificates } from 'node:tls';
import type { FullOptions } from './options.js';

/** One HTTP request, as it goes out. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether making it twice does no harm. */
  readonly isRepeatable: boolean;
  readonly signal?: AbortSignal;
}

/** What came back, read whole. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** No answer: the connection failed, broke or took too long, or the answer was too large. */
export class WireError extends Error {
  override readonly name = 'WireError';

  constructor(
    /** `lost` may be tried again at once; `late` and `large` would only be so again. */
    readonly kind: 'lost' | 'late' | 'large',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * HTTP to one deployment, on connections that are kept.
 *
 * Node's `fetch` takes no certificate authority without a further package (decision record 0020).
 * Redirects are not followed: a token goes only where the catalogue says.
 */
export class Wire {
  readonly #options: FullOptions;
  readonly #tls: https.RequestOptions;
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(options: FullOptions) {
    this.#options = options;
    this.#tls = {
      // An own list replaces the well-known authorities, so they are repeated.
      ca: options.ca === undefined ? undefined : [...rootCertificates, options.ca],
      rejectUnauthorized: options.verifyTls,
    };
    const kept = { keepAlive: true, maxSockets: options.concurrency, timeout: 60_000 };
    this.#agents = { http: new http.Agent(kept), https: new https.Agent(kept) };
  }

  /** Returns the answer, whatever its status, or throws a WireError or the signal's reason. */
  exchange(request: WireRequest): Promise<WireAnswer> {
    return new Promise<WireAnswer>((resolve, reject) => {
      const outgoing = this.#open(request);
      const fail = (error: Error) => {
        clearTimeout(timer);
        outgoing.destroy();
        reject(request.signal?.aborted === true ? (request.signal.reason as Error) : error);
      };
      const { timeoutMs } = this.#options;
      const timer = setTimeout(
        () => fail(new WireError('late', `no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      outgoing.on('error', (cause) => fail(new WireError('lost', reasonOf(cause), { cause })));
      outgoing.on('response', (incoming) => {
        readWhole(incoming, this.#options.maxAnswerBytes, fail, (body) => {
          clearTimeout(timer);
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body });
        });
      });
      outgoing.end(request.body);
    });
  }

  /** Breaks every connection, calls in flight included. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #open({ method, url, headers, isRepeatable, signal }: WireRequest): http.ClientRequest {
    const isTls = url.protocol === 'https:';
    // A kept connection may have been closed by the other side just now. What must not be sent
    // twice gets a connection of its own, so that this cannot fail it.
    const agent = isRepeatable ? this.#agents[isTls ? 'https' : 'http'] : false;
    const options = { method, headers, agent, signal };
    return isTls ? https.request(url, { ...options, ...this.#tls }) : http.request(url, options);
  }
}

function readWhole(
  incoming: http.IncomingMessage,
  most: number,
  fail: (error: Error) => void,
  done: (body: string) => void,
): void {
  const pieces: Buffer[] = [];
  let size = 0;
  incoming.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size > most) fail(new WireError('large', `the answer is larger than ${most} bytes`));
    else pieces.push(piece);
  });
  incoming.on('error', (cause) => {
    fail(new WireError('lost', `the answer broke off (${reasonOf(cause)})`, { cause }));
  });
  incoming.on('end', () => done(Buffer.concat(pieces).toString('utf8')));
}

/** Names with several addresses fail with an error that has a message only inside. */
function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const inner =
    error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined;
  const message = error.message !== '' ? error.message : (inner?.message ?? 'connection failed');
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}
