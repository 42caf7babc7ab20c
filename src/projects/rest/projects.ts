import {
  astakosAnswer,
  astakosBody,
  astakosEmpty,
  astakosFault,
  astakosTime,
} from '../../identity/index.js';
import { Failure, invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import { type HttpAnswer, type HttpRequest, lastOf } from '../../rpc/http.js';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  member,
  type Writable,
} from '../../rpc/json.js';
import type { ProjectApplication } from '../domain/application.js';
import { APPLICATION_ACTIONS } from '../domain/application-states.js';
import type { Capacities } from '../domain/capacities.js';
import { storableReason } from '../domain/cause.js';
import { PROJECT_ACTIONS, PROJECT_STATES } from '../domain/project-states.js';
import { LIST_MODES, type ShownProject } from '../domain/project-view.js';
import type { ActOnProjectCommand } from '../service/deciding.js';
import type { ListProjectsCommand, ProjectReading } from '../service/projects.js';
import type {
  CreateProjectCommand,
  ModifyProjectCommand,
  Submitted,
} from '../service/submitting.js';
import { bareArray } from './bare-array.js';
import { onlyKey } from './only-key.js';
import { proposalFrom } from './proposal.js';

/** Returns the id in the path. */
export function projectIdFromHttp({ parameters: [id = ''] }: HttpRequest): string {
  return id;
}

/** Returns the filters of `GET projects` (7.3). */
export function listProjectsFromHttp({ query }: HttpRequest): Parsed<ListProjectsCommand> {
  return attempt(() => {
    const sentState = lastOf(query, 'state');
    const state = PROJECT_STATES.find((known) => known === sentState);
    if (sentState !== undefined && state === undefined)
      throw invalid(`Unrecognized state ${sentState}`);
    const sentMode = lastOf(query, 'mode') ?? 'default';
    const mode = LIST_MODES.find((known) => known === sentMode);
    if (mode === undefined) throw invalid(`Unrecognized mode '${sentMode}'.`);
    const [owner, name] = [lastOf(query, 'owner'), lastOf(query, 'name')];
    return { state, owner, name, mode, page: undefined };
  });
}

/** Returns the answer to `GET projects`. */
export function projectsToHttp(reading: ProjectReading): Promise<HttpAnswer> {
  return bareArray(reading, projectToJson);
}

/** Returns the answer to `GET projects/<id>`. */
export function projectToHttp(project: ShownProject): HttpAnswer {
  return astakosAnswer(200, projectToJson(project));
}

/** Returns the command of `POST projects` (7.5). */
export function createProjectFromHttp(request: HttpRequest): Parsed<CreateProjectCommand> {
  return attempt(() => ({ proposal: proposalFrom(bodyOf(request), 'create') }));
}

/** Returns the command of `POST` and `PUT projects/<id>` (7.6). */
export function modifyProjectFromHttp(request: HttpRequest): Parsed<ModifyProjectCommand> {
  return attempt(() => ({
    project: projectIdFromHttp(request),
    proposal: proposalFrom(bodyOf(request), 'modify'),
  }));
}

/** Returns the answer to an application that was submitted. */
export function submittedToHttp({ project, application }: Submitted): HttpAnswer {
  return astakosAnswer(201, { id: project, application });
}

/** Returns the conflict by which somebody is told that he has too many pending applications (10). */
export function submissionFault(failure: Failure): HttpAnswer | undefined {
  const { kind, reason, message, facts } = failure;
  if (kind !== 'over-limit') return undefined;
  return astakosFault(new Failure('wrong-state', reason, message, facts));
}

/** Returns the command of `POST projects/<id>/action` (7.7). */
export function actOnProjectFromHttp(request: HttpRequest): Parsed<ActOnProjectCommand> {
  return attempt(() => {
    const actions = [...PROJECT_ACTIONS, ...APPLICATION_ACTIONS];
    const [action, said] = onlyKey(bodyOf(request), actions);
    if (!isObject(said)) throw invalid(`'${action}' must be a JSON dict`);
    const project = projectIdFromHttp(request);
    switch (action) {
      case 'suspend':
      case 'unsuspend':
      case 'terminate':
      case 'reinstate':
        return { project, action, reason: reasonFrom(said) };
      case 'approve':
      case 'deny':
      case 'cancel':
      case 'dismiss':
        return { project, action, application: appIdFrom(said), reason: reasonFrom(said) };
    }
  });
}

/** Returns the answer to an action: nothing at all. */
export function projectActionToHttp(): HttpAnswer {
  return astakosEmpty(200);
}

function bodyOf(request: HttpRequest): JsonObject {
  return unwrap(astakosBody(request, 'Invalid input data'));
}

/** An existing client sends digits in a string (errata, 1). */
function appIdFrom(said: JsonObject): bigint {
  const value: JsonValue | undefined = member(said, 'app_id');
  if (typeof value === 'bigint') return value;
  // Reading a number of thousands of digits is slow, and no id is that long.
  if (typeof value === 'string' && /^\d{1,40}$/.test(value)) return BigInt(value);
  throw invalid("'app_id' must be an integer");
}

/** An existing client calls it `reasons` (section 19, 27). */
function reasonFrom(said: JsonObject): string | null {
  const reason = member(said, 'reason') ?? member(said, 'reasons') ?? '';
  if (typeof reason !== 'string') throw invalid('reason must be string');
  return storableReason(reason);
}

function projectToJson(project: ShownProject): Writable {
  const { followed } = project;
  return {
    id: project.uuid,
    state: project.state,
    creation_date: astakosTime(project.createdAt),
    name: project.realname,
    owner: project.owner,
    homepage: project.homepage,
    description: project.description,
    end_date: astakosTime(project.endDate),
    join_policy: project.joinPolicy,
    leave_policy: project.leavePolicy,
    max_members: project.maxMembers,
    private: project.isPrivate,
    system_project: project.isSystem,
    resources: resourcesToJson(project.resources),
    ...(followed !== undefined && {
      last_application:
        followed.lastApplication === null ? null : applicationToJson(followed.lastApplication),
      deactivation_date: timeOrNull(followed.deactivatedAt) ?? undefined,
    }),
  };
}

function applicationToJson(application: ProjectApplication): Writable {
  return {
    id: application.id,
    state: application.state,
    name: application.name,
    owner: application.owner,
    applicant: application.applicant,
    homepage: application.homepage,
    description: application.description,
    start_date: timeOrNull(application.startDate),
    end_date: timeOrNull(application.endDate),
    comments: application.comments,
    join_policy: application.joinPolicy,
    leave_policy: application.leavePolicy,
    max_members: application.maxMembers,
    private: application.isPrivate,
    resources: resourcesToJson(application.resources),
  };
}

function timeOrNull(moment: Date | null): string | null {
  return moment === null ? null : astakosTime(moment);
}

function resourcesToJson(resources: ReadonlyMap<string, Capacities>): Writable {
  const members = [...resources].map(([name, { projectCapacity, memberCapacity }]) => [
    name,
    { project_capacity: projectCapacity, member_capacity: memberCapacity },
  ]);
  return Object.fromEntries(members) as Writable;
}
