import { z } from 'zod';
import { CATALOGUE, type CataloguedService, findEndpoint } from './catalogue.js';
import { Caller } from './caller.js';
import { errorOfContent, OpenStackError, type ServiceName } from './errors.js';
import type { Deployment, FullOptions } from './options.js';
import type { WireAnswer, WireRequest } from './wire.js';

/** One call to a service, below its base URL. */
export interface ServiceCall<T> {
  readonly method: WireRequest['method'];
  /** Begins with a slash; parts that come from elsewhere are percent-encoded. */
  readonly path: string;
  readonly body?: unknown;
  /** What the answer's body must look like; absent: it is not read. */
  readonly answer?: z.ZodType<T>;
  /** Values that the body carries and no message may show. */
  readonly secrets?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Whose token is asked for. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly domain: string;
  readonly scope: Readonly<Record<string, unknown>>;
}

interface Token {
  readonly value: string;
  readonly catalogue: z.infer<typeof CATALOGUE>;
  /** The last moment it is used at, in milliseconds of this process's monotonic clock. */
  readonly usableUntil: number;
}

const SIGNED_IN = z.object({
  token: z.object({
    expires_at: z.string(),
    issued_at: z.string().optional(),
    catalog: CATALOGUE.optional(),
  }),
});

/** A token is unused for the last ten minutes of its life (12.5), or the last fifth of a short one. */
const MOST_MARGIN_MS = 600_000;

/**
 * One deployment's account, signed in when needed.
 *
 * The token is kept until shortly before it expires. Calls that find none share one sign-in; a
 * service that refuses the token (401) causes one renewal and one more attempt.
 */
export class Session {
  // Private for Node too, so that no log of a session shows a password.
  readonly #deployment: Deployment;
  readonly #options: FullOptions;
  readonly #caller: Caller;
  #token: Token | undefined;
  #signingIn: Promise<Token> | undefined;
  #failed: { readonly error: OpenStackError; readonly until: number } | undefined;

  constructor(deployment: Deployment, options: FullOptions) {
    this.#deployment = deployment;
    this.#options = options;
    this.#caller = new Caller(options);
  }

  /** The id of the domain in which projects and users are made. */
  get domain(): string {
    return this.#deployment.domain;
  }

  /** Signs in unless there is a usable token; throws an OpenStackError of `keystone`. */
  async signIn(signal?: AbortSignal): Promise<void> {
    await this.#usableToken(signal);
  }

  /** Forgets the token and what is known of failed sign-ins, so that the next call signs in. */
  forget(): void {
    this.#token = undefined;
    this.#failed = undefined;
  }

  /** Makes a call and returns its answer, checked; throws an OpenStackError, or the signal's reason. */
  async call<T>(service: ServiceName, call: ServiceCall<T>): Promise<T> {
    const first = await this.#usableToken(call.signal);
    try {
      return await this.#callWith(first, service, call);
    } catch (error) {
      if (!(error instanceof OpenStackError) || error.kind !== 'unauthorized') throw error;
    }
    // Somebody else may have renewed it meanwhile.
    if (this.#token === first) this.#token = undefined;
    return await this.#callWith(await this.#usableToken(call.signal), service, call);
  }

  /** Asks Keystone for a token; throws an OpenStackError with kind `unauthorized` when refused. */
  async authenticate(credentials: Credentials, signal?: AbortSignal): Promise<WireAnswer> {
    const { username, password, domain, scope } = credentials;
    const user = { name: username, domain: { id: domain }, password };
    return await this.#caller.call(
      'keystone',
      {
        method: 'POST',
        url: new URL(`${this.#keystone()}/auth/tokens`),
        headers: headersFor(true),
        body: JSON.stringify({
          auth: { identity: { methods: ['password'], password: { user } }, scope },
        }),
        // A token too many does no harm.
        isRepeatable: true,
        signal,
      },
      [password],
    );
  }

  /** Breaks every connection, calls in flight included, and makes no further call. */
  close(): void {
    this.#caller.close();
  }

  async #callWith<T>(token: Token, service: ServiceName, call: ServiceCall<T>): Promise<T> {
    const answer = await this.#caller.call(
      service,
      {
        method: call.method,
        url: new URL(`${this.#baseOf(service, token)}${call.path}`),
        headers: { ...headersFor(call.body !== undefined), 'X-Auth-Token': token.value },
        body: call.body === undefined ? undefined : JSON.stringify(call.body),
        isRepeatable: call.method !== 'POST',
        signal: call.signal,
      },
      [token.value, this.#deployment.password, ...(call.secrets ?? [])],
    );
    return call.answer === undefined ? (undefined as T) : readAnswer(service, answer, call.answer);
  }

  #keystone(): string {
    const url = this.#deployment.authUrl.replace(/\/+$/, '');
    if (/^https?:/.test(url) && URL.canParse(url)) return url;
    throw new OpenStackError('keystone', 'refused', 'keystone has no HTTP URL: see auth_url');
  }

  #baseOf(service: ServiceName, token: Token): string {
    return service === 'keystone' ? this.#keystone() : this.#endpointOf(service, token);
  }

  #endpointOf(service: CataloguedService, token: Token): string {
    const { region } = this.#deployment;
    const url = findEndpoint(token.catalogue, service, region);
    if (url !== undefined) return url;
    const where = region === undefined ? '' : ` in the region ${region}`;
    throw new OpenStackError(service, 'garbled', `the catalogue has no ${service}${where}`);
  }

  async #usableToken(signal?: AbortSignal): Promise<Token> {
    signal?.throwIfAborted();
    if (this.#token !== undefined && performance.now() < this.#token.usableUntil) {
      return this.#token;
    }
    if (this.#failed !== undefined && performance.now() < this.#failed.until) {
      throw this.#failed.error;
    }
    // Shared with others, therefore not ended by the signal of the one who happens to be first.
    this.#signingIn ??= this.#newToken().finally(() => {
      this.#signingIn = undefined;
    });
    return await unlessAborted(this.#signingIn, signal);
  }

  async #newToken(): Promise<Token> {
    const { username, password, domain, projectName } = this.#deployment;
    const scope = { project: { name: projectName, domain: { id: domain } } };
    try {
      const answer = await this.authenticate({ username, password, domain, scope });
      const token = readToken(answer);
      this.#token = token;
      this.#failed = undefined;
      return token;
    } catch (error) {
      if (error instanceof OpenStackError) {
        this.#failed = { error, until: performance.now() + this.#options.signInRestMs };
      }
      throw error;
    }
  }
}

/** Returns the body of an answer in its documented form; throws an OpenStackError, `garbled`. */
function readAnswer<T>(service: ServiceName, answer: WireAnswer, form: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(answer.body);
  } catch {
    throw errorOfContent(service, answer.status, 'no JSON');
  }
  const read = form.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw errorOfContent(service, answer.status, where === '' ? 'another body' : `no ${where}`);
}

function readToken(answer: WireAnswer): Token {
  const { token } = readAnswer('keystone', answer, SIGNED_IN);
  const value = answer.headers['x-subject-token'];
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw errorOfContent('keystone', answer.status, 'no X-Subject-Token');
  }
  if (token.catalog === undefined) {
    throw errorOfContent('keystone', answer.status, 'no catalogue, so the token has no project');
  }
  // Both moments are Keystone's, so that its clock may differ from ours.
  const issued = Date.parse(token.issued_at ?? '') || Date.now();
  const life = Date.parse(token.expires_at) - issued;
  if (Number.isNaN(life)) throw errorOfContent('keystone', answer.status, 'no token.expires_at');
  const margin = Math.min(MOST_MARGIN_MS, life / 5);
  return { value, catalogue: token.catalog, usableUntil: performance.now() + life - margin };
}

function headersFor(hasBody: boolean): Record<string, string> {
  return {
    Accept: 'application/json',
    // Compressed answers would be larger than they look.
    'Accept-Encoding': 'identity',
    ...(hasBody ? { 'Content-Type': 'application/json' } : {}),
  };
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    const done = () => signal.removeEventListener('abort', giveUp);
    work.then(resolve, reject).finally(done);
  });
}
