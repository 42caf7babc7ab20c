import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { UserPrincipal } from '../../kernel/principal.js';
import { isCleanText } from '../../kernel/text.js';
import { type Actor, mayFollow, mayManage, maySee, requireRight } from '../access.js';
import type { ProjectApplication } from '../domain/application.js';
import {
  type ListMode,
  type ProjectView,
  type ShownProject,
  shownTo,
} from '../domain/project-view.js';
import type { ProjectState } from '../domain/project-states.js';
import { projectNotFound } from '../domain/project.js';
import { listApplications } from '../storage/applications.js';
import { findProject, type FoundProject, readProjects } from '../storage/project-list.js';
import { listProjectLog, type LoggedTransition } from '../storage/project-log.js';
import { type ActOnProjectCommand, actOnProject } from './deciding.js';
import {
  createProject,
  type CreateProjectCommand,
  modifyProject,
  type ModifyProjectCommand,
  type Submitted,
  type SubmittingDeps,
} from './submitting.js';

export type { LoggedTransition } from '../storage/project-log.js';

/** What the use cases of projects need. */
export interface ProjectCasesDeps extends SubmittingDeps {
  readonly database: Database;
}

/** Which projects to list; undefined lets everything pass. */
export interface ListProjectsCommand {
  readonly state: ProjectState | undefined;
  /** Uuid of a user. */
  readonly owner: string | undefined;
  /** The name shown. */
  readonly name: string | undefined;
  readonly mode: ListMode;
  /** Behind the project of this uuid; undefined means the documented whole list. */
  readonly page: Page<string> | undefined;
}

/** Which part of what is recorded of a project to list. */
export interface ProjectHistoryCommand {
  readonly project: string;
  readonly page: Page<bigint>;
}

/** Projects that are read piece by piece, so that a long list never is in memory whole. */
export interface ProjectReading {
  readonly page: Page<string> | undefined;
  read(visit: (projects: readonly ShownProject[]) => void): Promise<void>;
}

/** Applications of a project, and which page of them it is. */
export interface ApplicationsPage extends ProjectHistoryCommand {
  readonly entries: readonly ProjectApplication[];
}

/** Changes of a project's state, and which page of them it is. */
export interface ProjectLogPage extends ProjectHistoryCommand {
  readonly entries: readonly LoggedTransition[];
}

/** The use cases of projects and their applications (projects specification, 7). */
export interface ProjectCases {
  list(actor: Actor, command: Parsed<ListProjectsCommand>): Promise<ProjectReading>;
  get(actor: Actor, project: string): Promise<ShownProject>;
  create(caller: UserPrincipal, command: Parsed<CreateProjectCommand>): Promise<Submitted>;
  modify(caller: UserPrincipal, command: Parsed<ModifyProjectCommand>): Promise<Submitted>;
  act(actor: Actor, command: Parsed<ActOnProjectCommand>): Promise<void>;
  applications(actor: Actor, command: Parsed<ProjectHistoryCommand>): Promise<ApplicationsPage>;
  log(actor: Actor, command: Parsed<ProjectHistoryCommand>): Promise<ProjectLogPage>;
}

/** Returns the use cases of projects. */
export function createProjectCases(deps: ProjectCasesDeps): ProjectCases {
  const { database } = deps;
  return {
    list: (actor, parsed) => {
      const command = unwrap(parsed);
      return Promise.resolve({
        page: command.page,
        read: (visit) => database.snapshot((tx) => readList(tx, deps, actor, command, visit)),
      });
    },
    get: (actor, uuid) =>
      database.snapshot(async (tx) => {
        const found = await knownProject(tx, uuid, actor, await visibleResources(tx, deps));
        requireRight(maySee(actor, { ...found.view, ...found, ...relationOf(found.view) }));
        return shown(actor, found.view);
      }),
    create: async (caller, parsed) => {
      const command = unwrap(parsed);
      return database.transact((tx) => createProject(tx, deps, caller, command));
    },
    modify: async (caller, parsed) => {
      const command = unwrap(parsed);
      return database.transact((tx) => modifyProject(tx, deps, caller, command));
    },
    act: async (actor, parsed) => {
      const command = unwrap(parsed);
      await database.transact((tx) => actOnProject(tx, deps, actor, command));
    },
    applications: async (actor, parsed) => {
      const { project, page } = unwrap(parsed);
      return database.snapshot(async (tx) => {
        const resources = await visibleResources(tx, deps);
        const { id } = await managedProject(tx, project, actor);
        const window = { after: page.after ?? 0n, limit: page.size };
        const entries = await listApplications(tx, id, resources, window);
        return { project, page, entries };
      });
    },
    log: async (actor, parsed) => {
      const { project, page } = unwrap(parsed);
      return database.snapshot(async (tx) => {
        const { id } = await managedProject(tx, project, actor);
        const entries = await listProjectLog(tx, id, page.after ?? 0n, page.size);
        return { project, page, entries };
      });
    },
  };
}

async function readList(
  tx: Tx,
  deps: ProjectCasesDeps,
  actor: Actor,
  { state, owner, name, mode, page }: ListProjectsCommand,
  visit: (projects: readonly ShownProject[]) => void,
): Promise<void> {
  // What cannot be stored is nobody's name; Postgres would refuse to look for it.
  if (![owner, name].every((text) => text === undefined || isCleanText(text))) return;
  // For admins all modes but their own memberships mean everything (7.3).
  const isWhole = actor.isAdmin && mode !== 'member';
  const related = isWhole ? undefined : { user: actor.uuid ?? '', how: mode };
  const window = { after: page?.after, limit: page?.size };
  const filter = { state, owner, name, related, ...window };
  for await (const views of readProjects(tx, filter, await visibleResources(tx, deps)))
    visit(views.map((view) => shown(actor, view)));
}

function shown(actor: Actor, view: ProjectView): ShownProject {
  return shownTo(view, mayFollow(actor, { ...view, ...relationOf(view) }));
}

function relationOf({ lastApplication }: ProjectView) {
  return { lastApplicant: lastApplication?.applicant ?? null };
}

async function managedProject(tx: Tx, uuid: string, actor: Actor): Promise<FoundProject> {
  const found = await knownProject(tx, uuid, actor, []);
  requireRight(mayManage(actor, found.view));
  return found;
}

async function knownProject(
  tx: Tx,
  uuid: string,
  actor: Actor,
  resources: readonly string[],
): Promise<FoundProject> {
  // What cannot be stored is no id of a project; Postgres would refuse to look for it.
  const found = isCleanText(uuid) ? await findProject(tx, uuid, actor.uuid, resources) : undefined;
  if (found === undefined) throw projectNotFound(uuid);
  return found;
}

async function visibleResources(tx: Tx, { quotas }: ProjectCasesDeps): Promise<readonly string[]> {
  const resources = await quotas.resourceDefaults(tx);
  return resources.filter(({ apiVisible }) => apiVisible).map(({ name }) => name);
}
