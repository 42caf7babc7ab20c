/** The project API over REST, as people call it, and the world its list of behaviours starts from. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from '../../src/rpc/json.js';
import { memberAt } from './expectations.js';
import { createPeople, type Person } from './people.js';
import type { RestAnswer, RestClient } from './rest-client.js';
import { type Stack, type StackOptions, startStack } from './stack.js';

/**
 * The setup of section 18: resources, and a limit of three pending applications. The component
 * `astakos` gets a token, with which the hidden counters of applications can be read.
 */
export const PROJECTS_WORLD = `
components:
  - name: astakos
    token: astakos-token
    services:
      - name: astakos_account
        type: account
        resources: [{name: astakos.pending_app, system_default: 3}]
  - name: yard
    token: yard-token
    services:
      - name: yard_service
        type: yard
        resources:
          - {name: r11, description: Rooms, system_default: 100, project_default: 7}
          - {name: r12, unit: bytes, system_default: 1024, project_default: 9}
          - {name: r13, ui_visible: false, api_visible: false, system_default: 2048, project_default: 11}
`;

/** Starts a stack on which that world has been declared; `stop` it in `after`. */
export async function startProjects(options: StackOptions = {}): Promise<Stack> {
  const stack = await startStack(options);
  await stack.apply(PROJECTS_WORLD);
  return stack;
}

/** What no number of members or amount of capacity exceeds. */
export const INFINITE = 9223372036854775807n;

/** An end that no test lives to see. */
export const DISTANT_END = '2113-05-05T20:20:20Z';

const PROJECTS = '/account/v1.0/projects';
const MEMBERSHIPS = `${PROJECTS}/memberships`;

/** What a create call gave. */
export interface Submitted {
  /** Id of the project. */
  readonly id: string;
  readonly application: bigint;
}

/** The actions of section 7.7 that name an application. */
export type ApplicationAction = 'approve' | 'deny' | 'cancel' | 'dismiss';

/** The actions of section 8.1. */
export type ProjectAction = 'suspend' | 'unsuspend' | 'terminate' | 'reinstate';

/** The actions of section 12.5. */
export type MembershipAction = 'leave' | 'cancel' | 'accept' | 'reject' | 'remove';

/** Calls the API as one person; each call has a connection of its own. */
export class ProjectsClient {
  constructor(
    private readonly rest: RestClient,
    private readonly token: string,
  ) {}

  list(query = ''): Promise<RestAnswer> {
    return this.rest.get(`${PROJECTS}${query}`, { token: this.token });
  }

  retrieve(id: string): Promise<RestAnswer> {
    return this.rest.get(`${PROJECTS}/${id}`, { token: this.token });
  }

  /** @param fields - over a name of its own and an end. */
  create(fields: object = {}): Promise<RestAnswer> {
    const json = { name: `p-${randomUUID()}.test`, end_date: DISTANT_END, ...fields };
    return this.#post(PROJECTS, json);
  }

  modify(id: string, fields: object, method: 'POST' | 'PUT' = 'POST'): Promise<RestAnswer> {
    return this.rest.send(method, `${PROJECTS}/${id}`, { token: this.token, json: fields });
  }

  /** Sends an application action. */
  judge(
    { id, application }: Submitted,
    action: ApplicationAction,
    reason = '',
  ): Promise<RestAnswer> {
    return this.#post(`${PROJECTS}/${id}/action`, { [action]: { app_id: application, reason } });
  }

  /** Sends a project action. */
  act(id: string, action: ProjectAction, reason = ''): Promise<RestAnswer> {
    return this.#post(`${PROJECTS}/${id}/action`, { [action]: { reason } });
  }

  memberships(query = ''): Promise<RestAnswer> {
    return this.rest.get(`${MEMBERSHIPS}${query}`, { token: this.token });
  }

  membership(id: bigint): Promise<RestAnswer> {
    return this.rest.get(`${MEMBERSHIPS}/${id}`, { token: this.token });
  }

  join(project: string): Promise<RestAnswer> {
    return this.#post(MEMBERSHIPS, { join: { project } });
  }

  enroll(project: string, user: Person): Promise<RestAnswer> {
    return this.#post(MEMBERSHIPS, { enroll: { project, user: emailOf(user) } });
  }

  /** Sends a membership action. */
  move(id: bigint, action: MembershipAction, reason = ''): Promise<RestAnswer> {
    return this.#post(`${MEMBERSHIPS}/${id}/action`, { [action]: reason });
  }

  #post(target: string, json: unknown): Promise<RestAnswer> {
    return this.rest.post(target, { token: this.token, json });
  }
}

/** A person and his calls. */
export interface Caller extends Person {
  readonly calls: ProjectsClient;
}

/** Declares users with base projects and tokens; see {@link createPeople}. */
export async function createCallers(
  stack: Stack,
  count: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<readonly Caller[]> {
  const people = await createPeople(stack, count, more);
  return people.map((one) => ({ ...one, calls: new ProjectsClient(stack.rest, one.token) }));
}

/** Declares one user; see {@link createCallers}. */
export async function createCaller(
  stack: Stack,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Caller> {
  return (await createCallers(stack, 1, more))[0]!;
}

/** Declares a project admin. */
export function createAdmin(stack: Stack): Promise<Caller> {
  return createCaller(stack, { project_admin: true });
}

/** Returns the e-mail by which a declared person is enrolled. */
export function emailOf({ uuid }: Person): string {
  return `${uuid}@example.org`;
}

/** Whatever section 1.3 demands of every answer. */
export function expectHeaders({ headers, bytes }: RestAnswer): void {
  expect(headers['content-type']).to.equal('application/json; charset=UTF-8');
  expect(headers.vary).to.equal('X-Auth-Token');
  expect(headers['cache-control']).to.include('no-cache, no-store, must-revalidate');
  expect(headers['content-length']).to.equal(String(bytes.length));
}

/**
 * Returns what a call came to in one line: `200`, or for instance `409 conflict Project p is not
 * alive.` Headers and the exact shape of a fault (section 2) are looked at on the way.
 */
export function outcomeOf(answer: RestAnswer): string {
  expectHeaders(answer);
  if (answer.status < 400) return String(answer.status);
  const [[key, fault], ...others] = Object.entries(objectOf(answer.json)) as [
    [string, JsonValue],
    ...[string, JsonValue][],
  ];
  expect(others, answer.text).to.deep.equal([]);
  const { code, message, details, ...more } = objectOf(fault);
  expect(more, answer.text).to.deep.equal({});
  expect(code, answer.text).to.equal(BigInt(answer.status));
  expect(details, answer.text).to.equal('');
  expect(message, answer.text).to.be.a('string').that.is.not.empty;
  return `${answer.status} ${key} ${textOf(message)}`;
}

/** Returns the body of a call that must succeed. */
export async function bodyOf(
  call: Promise<RestAnswer>,
  status: 200 | 201 = 200,
): Promise<JsonObject> {
  const answer = await call;
  expect(outcomeOf(answer), answer.text).to.equal(String(status));
  return objectOf(answer.json);
}

/** Returns the entries of a list. */
export async function listOf(call: Promise<RestAnswer>): Promise<readonly JsonObject[]> {
  const answer = await call;
  expect(outcomeOf(answer), answer.text).to.equal('200');
  expect(answer.json).to.be.an('array');
  return answer.json as JsonObject[];
}

/** Returns what a create or modify call gave, which has exactly the two documented members. */
export async function submitted(call: Promise<RestAnswer>): Promise<Submitted> {
  const body = await bodyOf(call, 201);
  expect(body).to.have.all.keys('id', 'application');
  expect(body['id']).to.be.a('string');
  expect(body['application']).to.be.a('bigint');
  return body as unknown as Submitted;
}

/** Lets an action happen that must succeed with an empty body. */
export async function done(call: Promise<RestAnswer>): Promise<void> {
  const answer = await call;
  expect(outcomeOf(answer), answer.text).to.equal('200');
  expect(answer.text).to.equal('');
}

/** Returns the id of the membership that a join or enroll call gave. */
export async function membershipFrom(call: Promise<RestAnswer>): Promise<bigint> {
  const body = await bodyOf(call);
  expect(body).to.have.all.keys('id');
  expect(body['id']).to.be.a('bigint');
  return body['id'] as bigint;
}

/** Creates a project and has it approved. */
export async function approved(
  owner: Caller,
  admin: Caller,
  fields: object = {},
): Promise<Submitted> {
  const project = await submitted(owner.calls.create(fields));
  await done(admin.calls.judge(project, 'approve'));
  return project;
}

/** The refusal of somebody who lacks the right (section 2). */
export const FORBIDDEN = '403 forbidden You do not have the permissions to perform this action.';

/** The refusals of section 8.1, whose letters it uses. */
export const refusals = {
  A: (id: string) => `409 conflict Project ${id} is not alive.`,
  B: (id: string) => `409 conflict Project ${id} is suspended.`,
  C: (id: string) => `409 conflict Project ${id} is not suspended.`,
  D: (id: string) => `409 conflict Project ${id} is not terminated.`,
  E: (id: string) => `409 conflict Cannot terminate: ${id} is a system project.`,
  /** Section 6. */
  nameTaken: (name: string, holder: string) =>
    `409 conflict cannot approve: project with name '${name}' already exists (id: ${holder})`,
  /** Section 7.7. */
  notLast: ({ id, application }: Submitted) =>
    `409 conflict ${application} is not a pending application for project ${id}.`,
  /** Section 10. */
  pendingLimit: (limit: bigint) =>
    `409 conflict You have reached the maximum number of pending project applications: ${limit}.`,
} as const;

function objectOf(value: JsonValue): JsonObject {
  if (!isObject(value)) throw new Error('The body is no object');
  return value;
}

/** Returns a value that must be a text. */
export function textOf(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw new Error('A text is missing');
  return value;
}

/** A holding's limit and usage. */
export interface Counter {
  readonly limit: bigint;
  /** Both bounds; they are equal while no commission is pending. */
  readonly usage: readonly [least: bigint, most: bigint];
}

/** Returns the counters below a project, by holder and resource: `user:U r11`, `project:P r11`. */
export async function countersOf(stack: Stack, project: string): Promise<Record<string, Counter>> {
  const rows = await stack.database.query<Record<'key' | 'limit' | 'min' | 'max', string>>(
    `select holder || ' ' || resource as key, "limit", usage_min as min, usage_max as max
       from holdings where source = $1 or (holder = $1 and source is null) order by id`,
    [`project:${project}`],
  );
  return Object.fromEntries(
    rows.map(({ key, limit, min, max }) => [
      key,
      { limit: BigInt(limit), usage: [BigInt(min), BigInt(max)] as const },
    ]),
  );
}

/** Returns the limits below a project; see {@link countersOf}. */
export async function limitsOf(stack: Stack, project: string): Promise<Record<string, bigint>> {
  const counters = Object.entries(await countersOf(stack, project));
  return Object.fromEntries(counters.map(([key, { limit }]) => [key, limit]));
}

/** Returns how many applications a user is charged for; both of his counters must agree. */
export async function pendingOf(stack: Stack, { uuid }: Person): Promise<bigint> {
  const counters = await countersOf(stack, uuid);
  const [mine, projects] = ['user', 'project'].map(
    (kind) => counters[`${kind}:${uuid} astakos.pending_app`]?.usage,
  );
  expect(mine, 'the counter of the user').to.not.equal(undefined);
  expect(mine).to.deep.equal(projects);
  expect(mine![0]).to.equal(mine![1]);
  return mine![0];
}

/** Returns a member of a body that must be there. */
export function fieldOf(body: JsonValue, path: string): JsonValue {
  const value = memberAt(body, path);
  if (value === undefined) throw new Error(`The body lacks ${path}`);
  return value;
}
