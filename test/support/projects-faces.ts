/** The calls of people on projects over either face, with answers in the same words. */
import type { ProjectMembership } from '../../src/gen/apportion/projects/v1/memberships.js';
import {
  Project_Policy,
  type Project as ProjectMessage,
} from '../../src/gen/apportion/projects/v1/projects.js';
import { isObject, type JsonObject, type JsonValue } from '../../src/rpc/json.js';
import { connectGrpc, type GrpcClient, type GrpcFailure, grpcFailure } from './grpc-client.js';
import type { Person } from './people.js';
import {
  type ApplicationAction,
  bodyOf,
  emailOf,
  listOf,
  type MembershipAction,
  membershipFrom,
  outcomeOf,
  type ProjectAction,
  ProjectsClient,
  type Submitted,
  submitted,
  textOf,
} from './projects.js';
import type { RestAnswer } from './rest-client.js';
import type { Stack } from './stack.js';

/** What is applied for. */
export interface Fields {
  readonly name?: string;
  readonly description?: string;
  readonly endDate?: Date;
  readonly joinPolicy?: 'auto' | 'moderated' | 'closed';
  readonly maxMembers?: bigint;
  /** Capacities of the project and of each member, by resource. */
  readonly resources?: Readonly<Record<string, readonly [bigint, bigint]>>;
}

/** A project as one caller sees it. */
export interface SeenProject extends Required<Fields> {
  readonly state: string;
  readonly owner: string | undefined;
  /** State and id of the last application; undefined for those who may not see it. */
  readonly application: readonly [state: string, id: bigint] | undefined;
  readonly wasDeactivated: boolean;
}

/** A membership as one caller sees it. */
export interface SeenMembership {
  readonly id: bigint;
  readonly user: string;
  readonly project: string;
  readonly state: string;
  readonly allowed: readonly string[];
  /** The states it ever entered. */
  readonly dated: readonly string[];
}

/** Somebody's calls; those that fail throw a {@link Refusal}. */
export interface ProjectsFace {
  create(fields: Fields): Promise<Submitted>;
  modify(id: string, fields: Fields): Promise<Submitted>;
  judge(application: Submitted, action: ApplicationAction, reason: string): Promise<void>;
  act(id: string, action: ProjectAction, reason: string): Promise<void>;
  project(id: string): Promise<SeenProject>;
  /** Names of the active projects the caller is a member of. */
  memberOf(): Promise<readonly string[]>;
  join(project: string): Promise<bigint>;
  enroll(project: string, user: Person): Promise<bigint>;
  move(membership: bigint, action: MembershipAction, reason: string): Promise<void>;
  membership(id: bigint): Promise<SeenMembership>;
  membershipsIn(project: string): Promise<readonly SeenMembership[]>;
}

/** Why a call failed: what kind of failure, and the documented words. */
export class Refusal extends Error {
  constructor(
    readonly kind: 'invalid' | 'forbidden' | 'unknown' | 'conflict' | 'other',
    message: string,
  ) {
    super(message);
  }
}

/** Returns somebody's calls over REST. */
export function restFaceOf(stack: Stack, { token }: Person): ProjectsFace {
  const calls = new ProjectsClient(stack.rest, token);
  const through = async (call: Promise<RestAnswer>): Promise<RestAnswer> => {
    const answer = await call;
    const [status = '', , ...message] = outcomeOf(answer).split(' ');
    if (message.length === 0) return answer;
    throw new Refusal(KINDS_BY_STATUS[status] ?? 'other', message.join(' '));
  };
  return {
    create: (fields) => submitted(through(calls.create(toJson(fields)))),
    modify: (id, fields) => submitted(through(calls.modify(id, toJson(fields)))),
    judge: async (one, action, reason) => {
      await through(calls.judge(one, action, reason));
    },
    act: async (id, action, reason) => {
      await through(calls.act(id, action, reason));
    },
    project: async (id) => projectFromJson(await bodyOf(through(calls.retrieve(id)))),
    memberOf: async () =>
      (await listOf(through(calls.list('?mode=member')))).map(({ name }) => textOf(name)),
    join: (project) => membershipFrom(through(calls.join(project))),
    enroll: (project, user) => membershipFrom(through(calls.enroll(project, user))),
    move: async (id, action, reason) => {
      await through(calls.move(id, action, reason));
    },
    membership: async (id) => membershipFromJson(await bodyOf(through(calls.membership(id)))),
    membershipsIn: async (project) =>
      (await listOf(through(calls.memberships(`?project=${project}`)))).map(membershipFromJson),
  };
}

const KINDS_BY_STATUS: Readonly<Record<string, Refusal['kind']>> = {
  '400': 'invalid',
  '403': 'forbidden',
  '404': 'unknown',
  '409': 'conflict',
};

const KINDS_BY_REASON: Readonly<Record<string, Refusal['kind']>> = {
  INVALID_REQUEST: 'invalid',
  FORBIDDEN: 'forbidden',
  NOT_FOUND: 'unknown',
  WRONG_STATE: 'conflict',
  ALREADY_EXISTS: 'conflict',
  POLICY_CLOSED: 'conflict',
  PROJECT_FULL: 'conflict',
  NO_CAPACITY: 'conflict',
};

/** Returns somebody's calls with the generated stubs; `close` the client afterwards. */
export function stubsFaceOf(client: GrpcClient, { token }: Person): ProjectsFace {
  const { projects, memberships } = client;
  const as = { token };
  const through = async <T>(call: Promise<T>): Promise<T> => {
    const failed = await call.then(
      () => undefined,
      () => grpcFailure(call),
    );
    if (failed === undefined) return call;
    throw refusalFrom(failed);
  };
  return {
    create: async (fields) => {
      const request = { ...toMessage(fields), endDate: fields.endDate };
      return through(projects.createProject(request, as));
    },
    modify: (projectId, fields) =>
      through(projects.modifyProject({ projectId, ...toMessage(fields) }, as)),
    judge: async ({ id, application }, $case, reason) => {
      const action = { $case, value: { appId: application, reason } };
      await through(projects.actOnProject({ projectId: id, action }, as));
    },
    act: async (projectId, $case, reason) => {
      const action = { $case, value: { reason } };
      await through(projects.actOnProject({ projectId, action }, as));
    },
    project: async (projectId) => {
      const { project } = await through(projects.getProject({ projectId }, as));
      return projectFromMessage(project!);
    },
    memberOf: async () => {
      const mode = 'MODE_MEMBER' as never;
      const { projects: found } = await through(projects.listProjects({ mode }, as));
      return found.map(({ name }) => name);
    },
    join: async (project) => {
      const way = { $case: 'join', value: { project } } as const;
      return (await through(memberships.createMembership({ way }, as))).id;
    },
    enroll: async (project, user) => {
      const account = { $case: 'user', value: emailOf(user) } as const;
      const way = { $case: 'enroll', value: { project, account } } as const;
      return (await through(memberships.createMembership({ way }, as))).id;
    },
    move: async (membId, $case, reason) => {
      const action = { $case, value: reason };
      await through(memberships.actOnMembership({ membId, action }, as));
    },
    membership: async (membId) => {
      const { membership } = await through(memberships.getMembership({ membId }, as));
      return membershipFromMessage(membership!);
    },
    membershipsIn: async (project) => {
      const { memberships: found } = await through(memberships.listMemberships({ project }, as));
      return found.map(membershipFromMessage);
    },
  };
}

/** Returns the faces of a stack by name: how to get somebody's calls, and what to close. */
export function projectsFaces(
  stack: Stack,
): Readonly<Record<string, { of: (person: Person) => ProjectsFace; close: () => void }>> {
  const client = connectGrpc(stack.edge);
  return {
    REST: { of: (person) => restFaceOf(stack, person), close: () => undefined },
    stubs: { of: (person) => stubsFaceOf(client, person), close: () => client.close() },
  };
}

function refusalFrom({ code, reason, message }: GrpcFailure): Refusal {
  return new Refusal(KINDS_BY_REASON[reason ?? code] ?? 'other', message);
}

function toJson({ endDate, joinPolicy, maxMembers, resources, ...texts }: Fields): object {
  return {
    ...texts,
    end_date: endDate?.toISOString(),
    join_policy: joinPolicy,
    max_members: maxMembers,
    resources:
      resources &&
      Object.fromEntries(
        Object.entries(resources).map(([name, [project_capacity, member_capacity]]) => [
          name,
          { project_capacity, member_capacity },
        ]),
      ),
  };
}

function toMessage({ joinPolicy, resources = {}, ...fields }: Fields) {
  const capacities = Object.entries(resources).map(
    ([name, [projectCapacity, memberCapacity]]) =>
      [name, { projectCapacity, memberCapacity }] as const,
  );
  return {
    ...fields,
    ...(joinPolicy !== undefined && {
      joinPolicy: Project_Policy[`POLICY_${joinPolicy.toUpperCase()}` as 'POLICY_AUTO'],
    }),
    resources: Object.fromEntries(capacities),
  };
}

/** The documented word of an enum value. */
function wordOf(value: string): string {
  return value.replace(/^(STATE|POLICY|ACTION)_/, '').toLowerCase();
}

function projectFromJson(body: JsonObject): SeenProject {
  const application = body['last_application'];
  const owner = body['owner'];
  return {
    state: textOf(body['state']),
    owner: owner === null ? undefined : textOf(owner),
    name: textOf(body['name']),
    description: textOf(body['description']),
    endDate: new Date(textOf(body['end_date'])),
    joinPolicy: body['join_policy'] as SeenProject['joinPolicy'],
    maxMembers: body['max_members'] as bigint,
    resources: Object.fromEntries(
      Object.entries(body['resources'] as JsonObject).map(([name, pair]) => [
        name,
        [(pair as JsonObject)['project_capacity'], (pair as JsonObject)['member_capacity']] as [
          bigint,
          bigint,
        ],
      ]),
    ),
    application: isObject(application)
      ? [textOf(application['state']), application['id'] as bigint]
      : undefined,
    wasDeactivated: body['deactivation_date'] !== undefined,
  };
}

function projectFromMessage(project: ProjectMessage): SeenProject {
  const { lastApplication, description, name, endDate, maxMembers, owner } = project;
  const resources = Object.entries(project.resources).map(
    ([resource, { projectCapacity, memberCapacity }]) =>
      [resource, [projectCapacity, memberCapacity]] as const,
  );
  return {
    ...{ name, description, maxMembers, owner },
    endDate: endDate!,
    state: wordOf(project.state),
    joinPolicy: wordOf(project.joinPolicy) as SeenProject['joinPolicy'],
    resources: Object.fromEntries(resources),
    application: lastApplication && [wordOf(lastApplication.state), lastApplication.id],
    wasDeactivated: project.deactivationDate !== undefined,
  };
}

const DATES = [
  ...['requested', 'accepted', 'leave_requested', 'suspended'],
  ...['rejected', 'cancelled', 'removed'],
];

function membershipFromJson(body: JsonObject): SeenMembership {
  return {
    id: body['id'] as bigint,
    user: textOf(body['user']),
    project: textOf(body['project']),
    state: textOf(body['state']),
    allowed: body['allowed_actions'] as readonly JsonValue[] as readonly string[],
    dated: DATES.filter((state) => body[state] !== undefined),
  };
}

function membershipFromMessage(message: ProjectMembership): SeenMembership {
  const { id, user, project, state, allowedActions } = message;
  const dates: object = message;
  const camel = (word: string) =>
    word.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return {
    ...{ id, user, project },
    state: wordOf(state),
    allowed: allowedActions.map(wordOf),
    dated: DATES.filter((date) => Reflect.get(dates, camel(date)) !== undefined),
  };
}
