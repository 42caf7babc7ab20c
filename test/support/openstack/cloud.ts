/**
 * A fake OpenStack: Keystone, Nova, Cinder and Neutron as one HTTP server on a free port.
 *
 * It is as strict as the real ones were seen to be (specification 12.5 with its errata; the code
 * names the line each behaviour stands for), and misbehaves on demand (`faults`).
 */
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Deployment } from '../../../src/links/driver/index.js';
import { createCinder } from './cinder.js';
import { deliver, Faults } from './faults.js';
import { type CatalogueEntry, createKeystone } from './keystone.js';
import type { FakeAnswer, FakeRequest, FakeService } from './message.js';
import { createNeutron } from './neutron.js';
import { createNova } from './nova.js';
import { World } from './world.js';

/** A request that arrived, as tests count them. */
export interface SeenRequest {
  readonly service: FakeService;
  readonly method: string;
  /** Below the service's root, as it came: encoded, with its query. */
  readonly target: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}

/** A running fake cloud. */
export interface FakeCloud {
  /** How to get in, as the administrator `admin` of the project `admin`. */
  readonly deployment: Deployment;
  readonly world: World;
  readonly faults: Faults;
  /** Every request since the start, or since a test emptied it. */
  readonly seen: SeenRequest[];
  /** Most requests that were in flight at one time. */
  readonly mostAtOnce: number;
  /** How long tokens live that are issued from now on, in milliseconds. */
  tokenLifeMs: number;
  /** Makes every token invalid before its time. */
  revokeTokens(): void;
  /** Changes the catalogue of tokens that are issued from now on. */
  changeCatalogue(change: (entries: readonly CatalogueEntry[]) => readonly CatalogueEntry[]): void;
  /** Closes every connection and the port. */
  close(): Promise<void>;
}

/** Where each service lives below the one port. */
const ROOTS: Readonly<Record<FakeService, string>> = {
  keystone: '/identity',
  nova: '/compute',
  cinder: '/volume',
  neutron: '/network',
};

const DAY_MS = 86_400_000;

/** Starts a fake cloud, with TLS when a certificate is given. */
export async function startFakeCloud(
  options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<FakeCloud> {
  const parts = new FakeParts();
  const listener: RequestListener = (incoming, response) => void parts.serve(incoming, response);
  const { tls } = options;
  const server =
    tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  parts.base = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  return Object.assign(parts, {
    deployment: {
      authUrl: `${parts.base}${ROOTS.keystone}/v3`,
      username: 'admin',
      password: 's3cr3t',
      projectName: 'admin',
      domain: 'default',
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

/** The services behind the port. */
class FakeParts {
  readonly world = new World();
  readonly faults = new Faults();
  readonly seen: SeenRequest[] = [];
  base = '';
  mostAtOnce = 0;
  #atOnce = 0;
  #changeCatalogue = (entries: readonly CatalogueEntry[]) => entries;
  readonly #keystone = {
    domain: 'default',
    tokenLifeMs: DAY_MS,
    catalogueFor: (projectId: string) => this.#changeCatalogue(catalogue(this.base, projectId)),
  };
  readonly #services: Readonly<Record<FakeService, (request: FakeRequest) => FakeAnswer>>;

  constructor() {
    const { world } = this;
    this.#services = {
      keystone: createKeystone(world, this.#keystone),
      nova: createNova(world),
      cinder: createCinder(world),
      neutron: createNeutron(world),
    };
    const project = world.addProject('admin');
    const user = world.addUser('admin', 's3cr3t');
    world.grant(project.id, user.id, 'admin');
  }

  get tokenLifeMs(): number {
    return this.#keystone.tokenLifeMs;
  }

  set tokenLifeMs(milliseconds: number) {
    this.#keystone.tokenLifeMs = milliseconds;
  }

  revokeTokens(): void {
    this.world.tokens.clear();
  }

  changeCatalogue(change: (entries: readonly CatalogueEntry[]) => readonly CatalogueEntry[]): void {
    this.#changeCatalogue = change;
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    response.once('close', () => {
      this.#atOnce -= 1;
    });
    const target = incoming.url ?? '/';
    const found = Object.entries(ROOTS).find(([, root]) => target.startsWith(`${root}/`));
    const text = await readText(incoming);
    if (found === undefined) {
      deliver(response, { status: 404, body: '<html>404 Not Found</html>' });
      return;
    }
    const [service, root] = found as [FakeService, string];
    const request = this.#read(service, target.slice(root.length), incoming, text);
    const fault = this.faults.next(service);
    const isIgnored = fault?.kind === 'down' || fault?.kind === 'answering';
    deliver(response, isIgnored ? { status: 500 } : this.#services[service](request), fault);
  }

  #read(
    service: FakeService,
    target: string,
    { method = '', headers }: IncomingMessage,
    text: string,
  ): FakeRequest {
    const body = parsed(text);
    this.seen.push({ service, method, target, headers, body });
    const [path = '', search = ''] = target.split('?', 2);
    const token = this.world.tokens.get(String(headers['x-auth-token'] ?? ''));
    return {
      service,
      method,
      // WSGI decodes before it routes, so an encoded slash is one.
      path: decodeURIComponent(path),
      query: new URLSearchParams(search),
      headers,
      body,
      access: token !== undefined && token.expiresAt > Date.now() ? token : undefined,
    };
  }
}

/** Errata, `catalogue`: with the project at `volumev3`, without at `block-storage`, no `/v2.0`. */
function catalogue(base: string, projectId: string): readonly CatalogueEntry[] {
  const entry = (type: string, path: string): CatalogueEntry => ({
    type,
    endpoints: ['admin', 'internal', 'public'].map((kind) => ({
      interface: kind,
      region_id: 'RegionOne',
      region: 'RegionOne',
      url: `${base}${path}`,
    })),
  });
  return [
    entry('identity', `${ROOTS.keystone}/v3`),
    entry('compute', `${ROOTS.nova}/v2.1`),
    entry('volumev3', `${ROOTS.cinder}/v3/${projectId}`),
    entry('block-storage', `${ROOTS.cinder}/v3`),
    entry('network', ROOTS.neutron),
  ];
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of incoming) pieces.push(piece as Buffer);
  } catch {
    // The client went away in the middle: there is nobody to answer.
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
