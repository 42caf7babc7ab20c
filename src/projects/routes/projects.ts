import { ProjectsServiceService } from '../../gen/apportion/projects/v1/projects_service.js';
import { astakos, type Identity } from '../../identity/index.js';
import { bindService, type BoundService, nativeRoute, route } from '../../rpc/route.js';
import { actorOf } from '../access.js';
import * as history from '../messages/project-history.js';
import * as messages from '../messages/projects.js';
import * as rest from '../rest/projects.js';
import type { ProjectCases } from '../service/projects.js';

/** Returns the RPCs of projects and their applications with both their faces. */
export function projectRoutes(callers: Identity['callers'], projects: ProjectCases): BoundService {
  const caller = callers.user;
  return bindService(ProjectsServiceService, {
    listProjects: route({
      caller,
      grpc: { decode: messages.listProjectsFromMessage, encode: messages.projectsToMessage },
      rest: { family: astakos, decode: rest.listProjectsFromHttp, encode: rest.projectsToHttp },
      run: (user, command) => projects.list(actorOf(user), command),
    }),
    getProject: route({
      caller,
      grpc: { decode: ({ projectId }) => projectId, encode: messages.oneProjectToMessage },
      rest: { family: astakos, decode: rest.projectIdFromHttp, encode: rest.projectToHttp },
      run: (user, project) => projects.get(actorOf(user), project),
    }),
    createProject: route({
      caller,
      grpc: { decode: messages.createProjectFromMessage, encode: messages.submittedToMessage },
      rest: {
        family: astakos,
        decode: rest.createProjectFromHttp,
        encode: rest.submittedToHttp,
        fault: rest.submissionFault,
      },
      run: (user, command) => projects.create(user, command),
    }),
    modifyProject: route({
      caller,
      grpc: { decode: messages.modifyProjectFromMessage, encode: messages.submittedToMessage },
      rest: {
        family: astakos,
        decode: rest.modifyProjectFromHttp,
        encode: rest.submittedToHttp,
        fault: rest.submissionFault,
      },
      run: (user, command) => projects.modify(user, command),
    }),
    actOnProject: route({
      caller,
      grpc: { decode: messages.actOnProjectFromMessage, encode: () => ({ rest: undefined }) },
      rest: {
        family: astakos,
        decode: rest.actOnProjectFromHttp,
        encode: rest.projectActionToHttp,
      },
      run: (user, command) => projects.act(actorOf(user), command),
    }),
    listProjectApplications: nativeRoute({
      caller,
      grpc: { decode: history.historyFromMessage, encode: history.applicationsToMessage },
      run: (user, command) => projects.applications(actorOf(user), command),
    }),
    listProjectLog: nativeRoute({
      caller,
      grpc: { decode: history.historyFromMessage, encode: history.projectLogToMessage },
      run: (user, command) => projects.log(actorOf(user), command),
    }),
  });
}
