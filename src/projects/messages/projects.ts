import {
  Project as ProjectMessage,
  Project_State as State,
} from '../../gen/apportion/projects/v1/projects.js';
import {
  type ActOnProjectRequest,
  type CreateProjectRequest,
  type GetProjectResponse,
  type ListProjectsRequest,
  ListProjectsRequest_Mode as Mode,
  type ListProjectsResponse,
  type ModifyProjectRequest,
} from '../../gen/apportion/projects/v1/projects_service.js';
import { invalid } from '../../kernel/failure.js';
import { pageFromRequest, pageTokenAfter } from '../../kernel/page.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import { storableReason } from '../domain/cause.js';
import type { ListMode, ShownProject } from '../domain/project-view.js';
import type { ActOnProjectCommand } from '../service/deciding.js';
import type { ListProjectsCommand, ProjectReading } from '../service/projects.js';
import type {
  CreateProjectCommand,
  ModifyProjectCommand,
  Submitted,
} from '../service/submitting.js';
import { applicationToMessage, STATES } from './project-history.js';
import { PageRoom } from './page-room.js';
import { POLICIES, proposalFromMessage } from './proposal.js';
import { wordOf } from './words.js';

const MODES: Readonly<Record<ListMode, Mode>> = {
  default: Mode.MODE_DEFAULT,
  member: Mode.MODE_MEMBER,
  related: Mode.MODE_RELATED,
  active: Mode.MODE_ACTIVE,
};

/** Returns the command of a ListProjects request. */
export function listProjectsFromMessage(request: ListProjectsRequest): Parsed<ListProjectsCommand> {
  return attempt(() => {
    const { size, after } = unwrap(pageFromRequest(request, 1));
    const { owner, name } = request;
    return {
      ...{ owner, name },
      state: wordOf(STATES, request.state, State.STATE_UNSPECIFIED, 'state'),
      mode: wordOf(MODES, request.mode, Mode.MODE_UNSPECIFIED, 'mode') ?? 'default',
      page: { size, after: after?.[0] },
    };
  });
}

/** Returns a page of projects as a message. */
export async function projectsToMessage(reading: ProjectReading): Promise<ListProjectsResponse> {
  const projects: ProjectMessage[] = [];
  const room = new PageRoom();
  await reading.read((piece) => {
    for (const project of piece) {
      if (room.isFull) return;
      const message = projectToMessage(project);
      if (room.takes(ProjectMessage.encode(message).finish().length)) projects.push(message);
    }
  });
  const last = projects.at(-1);
  const isFull = room.isFull || projects.length === reading.page?.size;
  const nextPageToken = isFull && last !== undefined ? pageTokenAfter([last.id]) : '';
  return { projects, nextPageToken, rest: undefined };
}

/** Returns one project as a message. */
export function oneProjectToMessage(project: ShownProject): GetProjectResponse {
  return { project: projectToMessage(project), rest: undefined };
}

/** Returns the command of a CreateProject request. */
export function createProjectFromMessage(
  request: CreateProjectRequest,
): Parsed<CreateProjectCommand> {
  return attempt(() => ({ proposal: proposalFromMessage(request) }));
}

/** Returns the command of a ModifyProject request. */
export function modifyProjectFromMessage(
  request: ModifyProjectRequest,
): Parsed<ModifyProjectCommand> {
  return attempt(() => ({ project: request.projectId, proposal: proposalFromMessage(request) }));
}

/** Returns what a submission made as a message. */
export function submittedToMessage({ project, application }: Submitted) {
  return { id: project, application, rest: undefined };
}

/** Returns the command of an ActOnProject request. */
export function actOnProjectFromMessage({
  projectId: project,
  action,
}: ActOnProjectRequest): Parsed<ActOnProjectCommand> {
  return attempt(() => {
    if (action === undefined) throw invalid('Set one of the actions');
    const reason = storableReason(action.value.reason);
    switch (action.$case) {
      case 'suspend':
      case 'unsuspend':
      case 'terminate':
      case 'reinstate':
        return { project, action: action.$case, reason };
      case 'approve':
      case 'deny':
      case 'cancel':
      case 'dismiss':
        return { project, action: action.$case, application: action.value.appId, reason };
    }
  });
}

function projectToMessage(project: ShownProject): ProjectMessage {
  const { followed, uuid } = project;
  const application = followed?.lastApplication ?? undefined;
  return {
    id: uuid,
    state: STATES[project.state],
    creationDate: project.createdAt,
    name: project.realname,
    owner: project.owner ?? undefined,
    homepage: project.homepage,
    description: project.description,
    endDate: project.endDate,
    joinPolicy: POLICIES[project.joinPolicy],
    leavePolicy: POLICIES[project.leavePolicy],
    maxMembers: project.maxMembers,
    private: project.isPrivate,
    systemProject: project.isSystem,
    resources: Object.fromEntries(project.resources),
    lastApplication: application && applicationToMessage(application, uuid),
    deactivationDate: followed?.deactivatedAt ?? undefined,
  };
}
