import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import { notFound } from '../../kernel/failure.js';
import { isQuantity } from '../../kernel/quantity.js';
import { OPERATOR } from '../access.js';
import type { ProjectApplication } from '../domain/application.js';
import type { Capacities } from '../domain/capacities.js';
import { storableReason } from '../domain/cause.js';
import { projectNotFound } from '../domain/project.js';
import type { ProjectAction, ProjectState } from '../domain/project-states.js';
import type { ProjectView } from '../domain/project-view.js';
import { findApplication, listApplications } from '../storage/applications.js';
import { countMembers } from '../storage/memberships.js';
import { findProject, readProjects } from '../storage/project-list.js';
import { listProjectLog, type LoggedTransition } from '../storage/project-log.js';
import { holdersOfNames, ordinaryProjectsAmong } from '../storage/projects.js';
import { actOnProject } from './deciding.js';
import { setCapacities } from './project-changes.js';
import type { SubmittingDeps } from './submitting.js';

/** The most of a history that is shown, oldest first; nobody has seen one half as long. */
const LONGEST_HISTORY = 10_000;

/** Which projects to list; what is undefined lets everything pass. */
export interface OperatorQuery {
  readonly state?: ProjectState;
  /** Uuid of a user. */
  readonly owner?: string;
  /** The name shown. */
  readonly name?: string;
  /** Only those whose last application waits for an answer. */
  readonly isAwaiting?: boolean;
  /** System projects, too. */
  readonly withSystem?: boolean;
}

/** A project with its history, as operators see it: hidden resources included. */
export interface OperatedProject {
  readonly view: ProjectView;
  /** Accepted members, also those who want to leave and those who are suspended. */
  readonly members: bigint;
  readonly applications: readonly ProjectApplication[];
  readonly log: readonly LoggedTransition[];
}

/** What operating projects needs. */
export interface OperatingDeps extends SubmittingDeps {
  readonly database: Database;
}

/**
 * What operators do to projects, as admins whom nobody asks for a token; the log names nobody. A
 * project goes by its id, or by its name while it is alive.
 */
export interface Operating {
  /** Returns projects by creation, without their capacities. */
  list(query: OperatorQuery): Promise<readonly ProjectView[]>;
  /** Returns everything about a project; throws NOT_FOUND. */
  show(project: string): Promise<OperatedProject>;
  /** Moves a project to another state and returns its id; see `service/deciding.ts`. */
  act(project: string, action: ProjectAction, reason?: string): Promise<string>;
  /** Answers an application and returns the id of its project; see `service/deciding.ts`. */
  answer(application: bigint, action: 'approve' | 'deny', reason?: string): Promise<string>;
  /** Replaces capacities and returns the id of the project; see `service/project-changes.ts`. */
  setCapacities(project: string, capacities: Readonly<Record<string, Capacities>>): Promise<string>;
}

/** Returns what operators do to projects. */
export function createOperating(deps: OperatingDeps): Operating {
  const { database } = deps;
  return {
    list: (query) => database.snapshot((tx) => listed(tx, query)),
    show: (project) => database.snapshot((tx) => shown(tx, deps, project)),
    act: (named, action, reason = '') =>
      database.transact(async (tx) => {
        const project = await idOf(tx, named);
        await actOnProject(tx, deps, OPERATOR, { project, action, reason: storableReason(reason) });
        return project;
      }),
    answer: (application, action, reason = '') =>
      database.transact(async (tx) => {
        const project = await projectOf(tx, application);
        await actOnProject(tx, deps, OPERATOR, {
          project,
          application,
          action,
          reason: storableReason(reason),
        });
        return project;
      }),
    setCapacities: (named, capacities) =>
      database.transact(async (tx) => {
        const project = await idOf(tx, named);
        await setCapacities(tx, deps, project, capacities);
        return project;
      }),
  };
}

async function listed(tx: Tx, query: OperatorQuery): Promise<readonly ProjectView[]> {
  const { state, owner, name, isAwaiting, withSystem } = query;
  const found: ProjectView[] = [];
  for await (const piece of readProjects(tx, { state, owner, name }, []))
    for (const project of piece) {
      if (project.isSystem && withSystem !== true) continue;
      if (isAwaiting === true && project.lastApplication?.state !== 'pending') continue;
      found.push(project);
    }
  return found;
}

async function shown(tx: Tx, { quotas }: OperatingDeps, named: string): Promise<OperatedProject> {
  const uuid = await idOf(tx, named);
  const resources = (await quotas.resourceDefaults(tx)).map(({ name }) => name);
  const found = await findProject(tx, uuid, null, resources);
  if (found === undefined) throw projectNotFound(named);
  const whole = { after: 0n, limit: LONGEST_HISTORY };
  return {
    view: found.view,
    members: await countMembers(tx, found.id),
    applications: await listApplications(tx, found.id, resources, whole),
    log: await listProjectLog(tx, found.id, whole.after, whole.limit),
  };
}

/** Ids come first: an id of free form may look like a name. */
async function idOf(tx: Tx, named: string): Promise<string> {
  const [uuid] = await ordinaryProjectsAmong(tx, [named]);
  return uuid ?? (await holdersOfNames(tx, [named])).get(named) ?? named;
}

async function projectOf(tx: Tx, application: bigint): Promise<string> {
  const found = isQuantity(application) ? await findApplication(tx, application) : undefined;
  if (found !== undefined) return found.project;
  const id = String(application);
  throw notFound('application', id, `There is no project application identified by ${id}.`);
}
