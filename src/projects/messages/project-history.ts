import {
  ProjectApplication as ApplicationMessage,
  ProjectApplication_State as ApplicationStateMessage,
  Project_State as State,
  ProjectTransition,
} from '../../gen/apportion/projects/v1/projects.js';
import type {
  ListProjectApplicationsResponse,
  ListProjectLogResponse,
} from '../../gen/apportion/projects/v1/projects_service.js';
import { idPageFromRequest } from '../../kernel/page.js';
import { attempt, type Parsed } from '../../kernel/parsed.js';
import type { ProjectApplication } from '../domain/application.js';
import type { ApplicationState } from '../domain/application-states.js';
import type { ProjectState } from '../domain/project-states.js';
import type {
  ApplicationsPage,
  LoggedTransition,
  ProjectHistoryCommand,
  ProjectLogPage,
} from '../service/projects.js';
import { nextIdPage } from './id-pages.js';
import { PageRoom } from './page-room.js';
import { POLICIES } from './proposal.js';

/** The most entries of one page: their texts are long. */
const LARGEST_HISTORY = 1_000;

/** How each state of a project travels. */
export const STATES: Readonly<Record<ProjectState, State>> = {
  uninitialized: State.STATE_UNINITIALIZED,
  active: State.STATE_ACTIVE,
  suspended: State.STATE_SUSPENDED,
  terminated: State.STATE_TERMINATED,
  deleted: State.STATE_DELETED,
};

const APPLICATION_STATES: Readonly<Record<ApplicationState, ApplicationStateMessage>> = {
  pending: ApplicationStateMessage.STATE_PENDING,
  approved: ApplicationStateMessage.STATE_APPROVED,
  replaced: ApplicationStateMessage.STATE_REPLACED,
  denied: ApplicationStateMessage.STATE_DENIED,
  dismissed: ApplicationStateMessage.STATE_DISMISSED,
  cancelled: ApplicationStateMessage.STATE_CANCELLED,
};

/** Returns the command of a request for what is recorded of a project. */
export function historyFromMessage(request: {
  readonly projectId: string;
  readonly pageSize: number;
  readonly pageToken: string;
}): Parsed<ProjectHistoryCommand> {
  return attempt(() => {
    const { size, after } = idPageFromRequest(request);
    return { project: request.projectId, page: { size: Math.min(size, LARGEST_HISTORY), after } };
  });
}

/** Returns applications of a project as a message. */
export function applicationsToMessage({
  project,
  page,
  entries,
}: ApplicationsPage): ListProjectApplicationsResponse {
  const room = new PageRoom();
  const applications = entries
    .map((entry) => applicationToMessage(entry, project))
    .filter((message) => room.takes(ApplicationMessage.encode(message).finish().length));
  return { applications, nextPageToken: nextIdPage(page, applications, room.isFull) };
}

/** Returns changes of a project's state as a message. */
export function projectLogToMessage({ page, entries }: ProjectLogPage): ListProjectLogResponse {
  const room = new PageRoom();
  const transitions = entries
    .map(transitionToMessage)
    .filter((message) => room.takes(ProjectTransition.encode(message).finish().length));
  return { transitions, nextPageToken: nextIdPage(page, transitions, room.isFull) };
}

function transitionToMessage(transition: LoggedTransition): ProjectTransition {
  const { id, fromState, toState, at, actor, reason } = transition;
  return {
    id,
    fromState: STATES[fromState],
    toState: STATES[toState],
    date: at,
    actor: actor ?? undefined,
    reason: reason ?? undefined,
  };
}

/** Returns an application of the project with this uuid as a message. */
export function applicationToMessage(
  application: ProjectApplication,
  project: string,
): ApplicationMessage {
  const { joinPolicy, leavePolicy } = application;
  return {
    id: application.id,
    state: APPLICATION_STATES[application.state],
    name: application.name ?? undefined,
    owner: application.owner ?? undefined,
    applicant: application.applicant,
    homepage: application.homepage ?? undefined,
    description: application.description ?? undefined,
    startDate: application.startDate ?? undefined,
    endDate: application.endDate ?? undefined,
    comments: application.comments ?? undefined,
    joinPolicy: joinPolicy === null ? undefined : POLICIES[joinPolicy],
    leavePolicy: leavePolicy === null ? undefined : POLICIES[leavePolicy],
    maxMembers: application.maxMembers ?? undefined,
    private: application.isPrivate ?? undefined,
    resources: Object.fromEntries(application.resources),
    project,
    issueDate: application.issuedAt,
    responseDate: application.respondedAt ?? undefined,
    response: application.response ?? undefined,
    responseActor: application.responseActor ?? undefined,
    waiveDate: application.waivedAt ?? undefined,
    waiveReason: application.waiveReason ?? undefined,
    waiveActor: application.waiveActor ?? undefined,
  };
}
