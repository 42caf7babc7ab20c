/** Keystone v3, as far as section 12.5 uses it. */
import { randomBytes } from 'node:crypto';
import {
  answerBy,
  type FakeAnswer,
  type FakeRequest,
  type FakeRoute,
  keystoneFault,
  objectAt,
  textAt,
  unauthorized,
} from './message.js';
import type { FakeProject, FakeUser, World } from './world.js';

/** One service of the catalogue. */
export interface CatalogueEntry {
  readonly type: string;
  readonly endpoints: readonly { interface: string; region_id: string; url: string }[];
}

/** What Keystone needs to know besides the world. */
export interface KeystoneSettings {
  readonly domain: string;
  /** How long a token lives, in milliseconds. */
  tokenLifeMs: number;
  readonly catalogueFor: (projectId: string) => readonly CatalogueEntry[];
}

/** Returns Keystone: a function from requests to answers. */
export function createKeystone(world: World, settings: KeystoneSettings) {
  const routes: readonly FakeRoute[] = [
    { method: 'POST', pattern: /^\/v3\/projects$/, answer: (asked) => addProject(world, asked) },
    {
      method: 'GET',
      pattern: /^\/v3\/(projects|users|roles)$/,
      answer: ({ query }, collection) => list(world, collection as Collection, query),
    },
    {
      method: 'DELETE',
      pattern: /^\/v3\/projects\/([^/]+)$/,
      answer: (_, id = '') => (world.projects.delete(id) ? { status: 204 } : absent('project', id)),
    },
    { method: 'POST', pattern: /^\/v3\/users$/, answer: (asked) => addUser(world, asked) },
    {
      method: 'DELETE',
      pattern: /^\/v3\/users\/([^/]+)$/,
      answer: (_, id = '') => (world.users.delete(id) ? { status: 204 } : absent('user', id)),
    },
    {
      method: 'PATCH',
      pattern: /^\/v3\/users\/([^/]+)$/,
      answer: (asked, id = '') => changeUser(world, asked, id),
    },
    {
      method: 'PUT',
      pattern: /^\/v3\/projects\/([^/]+)\/users\/([^/]+)\/roles\/([^/]+)$/,
      answer: (_, project = '', user = '', role = '') => grant(world, project, user, role),
    },
  ];
  return (request: FakeRequest): FakeAnswer => {
    if (request.method === 'POST' && request.path === '/v3/auth/tokens') {
      return issueToken(world, settings, request);
    }
    if (request.access === undefined) return unauthorized();
    if (!request.access.isAdmin) {
      return keystoneFault(
        403,
        'Forbidden',
        'You are not authorized to perform the requested action.',
      );
    }
    return answerBy(routes, request);
  };
}

type Collection = 'projects' | 'users' | 'roles';

/** 12.5, Keystone v3: 201 with the token in a header; 401 for bad credentials or no role there. */
function issueToken(world: World, settings: KeystoneSettings, { body }: FakeRequest): FakeAnswer {
  const auth = objectAt(body, 'auth');
  const identity = objectAt(auth, 'identity');
  const asked = objectAt(objectAt(identity, 'password'), 'user');
  const scope = objectAt(objectAt(auth, 'scope'), 'project');
  if (asked === undefined || JSON.stringify(identity?.['methods']) !== '["password"]') {
    return keystoneFault(400, 'Bad Request', "Invalid input for field 'auth'");
  }
  const user = [...world.users.values()].find(
    ({ name, password }) => name === asked['name'] && password === asked['password'],
  );
  const project = [...world.projects.values()].find(({ id, name }) =>
    scope?.['id'] === undefined
      ? name === scope?.['name'] && textAt(objectAt(scope, 'domain'), 'id') === settings.domain
      : id === scope['id'],
  );
  const isOfDomain = textAt(objectAt(asked, 'domain'), 'id') === settings.domain;
  if (user === undefined || project === undefined || !isOfDomain) return unauthorized();
  const roles = world.rolesOf(project.id, user.id);
  if (roles.length === 0) return unauthorized();
  const value = `gAAAAA${randomBytes(24).toString('base64url')}`;
  const now = Date.now();
  const expiresAt = now + settings.tokenLifeMs;
  world.tokens.set(value, {
    userId: user.id,
    projectId: project.id,
    isAdmin: roles.includes('admin'),
    expiresAt,
  });
  const token = {
    methods: ['password'],
    user: { id: user.id, name: user.name, domain: { id: settings.domain, name: 'Default' } },
    project: { id: project.id, name: project.name },
    issued_at: stamp(now),
    expires_at: stamp(expiresAt),
    catalog: settings.catalogueFor(project.id),
  };
  return { status: 201, headers: { 'X-Subject-Token': value }, body: { token } };
}

/** Errata, `conflict on project creation`: the text names the id that was refused. */
function addProject(world: World, { body }: FakeRequest): FakeAnswer {
  const asked = objectAt(body, 'project');
  const name = textAt(asked, 'name');
  if (name === '' || name.length > 64) {
    return keystoneFault(400, 'Bad Request', "Invalid input for field 'name'");
  }
  if ([...world.projects.values()].some((project) => project.name === name)) {
    const refused = randomBytes(16).toString('hex');
    const why = `Conflict occurred attempting to store project - Duplicate entry found with name ${name} at domain ID default: ${refused}.`;
    return keystoneFault(409, 'Conflict', why);
  }
  const project = world.addProject(name, textAt(asked, 'description'));
  return { status: 201, body: { project: shown(project) } };
}

/** 12.5: 201; the name is unique in its domain. */
function addUser(world: World, { body }: FakeRequest): FakeAnswer {
  const asked = objectAt(body, 'user');
  const name = textAt(asked, 'name');
  if (name === '' || name.length > 255) {
    return keystoneFault(400, 'Bad Request', "Invalid input for field 'name'");
  }
  if ([...world.users.values()].some((user) => user.name === name)) {
    const why = `Conflict occurred attempting to store user - Duplicate entry found with name ${name}.`;
    return keystoneFault(409, 'Conflict', why);
  }
  return { status: 201, body: { user: shown(world.addUser(name, textAt(asked, 'password'))) } };
}

function changeUser(world: World, { body }: FakeRequest, id: string): FakeAnswer {
  const user = world.users.get(id);
  if (user === undefined) return absent('user', id);
  const password = textAt(objectAt(body, 'user'), 'password');
  if (password !== '') user.password = password;
  return { status: 200, body: { user: shown(user) } };
}

/** 12.5: 204, also for a role the user has already. */
function grant(world: World, project: string, user: string, role: string): FakeAnswer {
  if (!world.projects.has(project)) return absent('project', project);
  if (!world.users.has(user)) return absent('user', user);
  if (!world.roles.some(({ id }) => id === role)) return absent('role', role);
  world.grants.add(`${project} ${user} ${role}`);
  return { status: 204 };
}

function list(world: World, collection: Collection, query: URLSearchParams): FakeAnswer {
  const all = collection === 'roles' ? world.roles : [...world[collection].values()];
  const name = query.get('name');
  const found = all.filter((entry) => name === null || entry.name === name);
  return { status: 200, body: { [collection]: found.map(shown), links: { next: null } } };
}

/** Never with a password. */
function shown(entry: { id: string; name: string } | FakeProject | FakeUser): object {
  const { id, name } = entry;
  return { id, name, domain_id: 'default', enabled: true };
}

function absent(noun: string, id: string): FakeAnswer {
  return keystoneFault(404, 'Not Found', `Could not find ${noun}: ${id}.`);
}

function stamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
