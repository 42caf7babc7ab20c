/** OpenStack as `curl` sees it, for what the driver does not do: seeding, removing, provoking. */
import type { Deployment } from '../../../src/links/driver/index.js';

/** What came back; `body` is undefined when it was no JSON. */
export interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
}

interface SignedIn {
  readonly token: {
    readonly user: { readonly id: string };
    readonly project: { readonly id: string };
    readonly catalog: readonly {
      readonly type: string;
      readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
    }[];
  };
}

/** One token of the deployment's account. */
export class RawClient {
  private constructor(
    readonly authUrl: string,
    private readonly token: string,
    private readonly about: SignedIn['token'],
  ) {}

  /** Signs in to the account's own project, or to the one given by its id. */
  static async signIn(deployment: Deployment, projectId?: string): Promise<RawClient> {
    const { authUrl, username, password, domain, projectName } = deployment;
    const project =
      projectId === undefined ? { name: projectName, domain: { id: domain } } : { id: projectId };
    const user = { name: username, password, domain: { id: domain } };
    const identity = { methods: ['password'], password: { user } };
    const answer = await fetch(`${authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ auth: { identity, scope: { project } } }),
    });
    if (answer.status !== 201) throw new Error(`No sign-in at ${authUrl}: ${answer.status}`);
    const { token } = (await answer.json()) as SignedIn;
    return new RawClient(authUrl, answer.headers.get('x-subject-token') ?? '', token);
  }

  get userId(): string {
    return this.about.user.id;
  }

  get projectId(): string {
    return this.about.project.id;
  }

  /** The headers of a call with the token. */
  get headers(): Readonly<Record<string, string>> {
    return { 'X-Auth-Token': this.token };
  }

  /** Returns the public URL of a service type; throws when the catalogue has none. */
  endpoint(type: string): string {
    const entry = this.about.catalog.find((service) => service.type === type);
    const url = entry?.endpoints.find((endpoint) => endpoint.interface === 'public')?.url;
    if (url === undefined) throw new Error(`The catalogue has no ${type}`);
    return url;
  }

  /** Makes one call, with or without a token. */
  async call(
    method: string,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = this.headers,
  ): Promise<RawAnswer> {
    const answer = await fetch(url, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    try {
      return { status: answer.status, body: JSON.parse(text) as unknown };
    } catch {
      return { status: answer.status, body: undefined };
    }
  }

  /** Makes a call that has to succeed and returns the object at a key of its answer. */
  async get(method: string, url: string, key: string, body?: unknown): Promise<RawObject> {
    const answer = await this.call(method, url, body);
    const value = (answer.body as Record<string, unknown> | undefined)?.[key];
    if (answer.status >= 300 || value === undefined) {
      throw new Error(`${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return value as RawObject;
  }
}

/** A resource, of which the tests read a text or two. */
export interface RawObject {
  readonly id: string;
  readonly status?: string;
  readonly [index: number]: RawObject;
}
