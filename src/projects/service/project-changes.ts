import type { Tx } from '../../db/tx.js';
import type { EventRecorder } from '../../events/index.js';
import type { Clock } from '../../kernel/clock.js';
import { Failure, invalid } from '../../kernel/failure.js';
import { isCleanText } from '../../kernel/text.js';
import { type Capacities, faultOfCapacities } from '../domain/capacities.js';
import { type Cause, UNSAID } from '../domain/cause.js';
import { nameTaken } from '../domain/project-names.js';
import {
  isAlive,
  isInitialized,
  judgeProjectState,
  type ProjectState,
} from '../domain/project-states.js';
import { type Project, projectNotFound } from '../domain/project.js';
import { type QuotasForProjects, synchronise } from '../limits.js';
import { holdCatalogue, lockNames } from '../storage/locks.js';
import { completeProjectQuotas, putProjectQuotas } from '../storage/project-quotas.js';
import { holdersOfNames, lockProjects, updateProjects } from '../storage/projects.js';

/** What changes of projects work with. */
export interface ProjectChangeDeps {
  readonly clock: Clock;
  readonly quotas: QuotasForProjects;
  readonly events: EventRecorder;
}

/**
 * Moves a project to another state; limits fall to 0 unless it is active. For other slices and for
 * tests: permissions are judged by whoever calls.
 *
 * Fails with NOT_FOUND, with WRONG_STATE when no transition leads there, and with ALREADY_EXISTS
 * when another alive project has the name of one that becomes alive.
 */
export async function setProjectState(
  tx: Tx,
  deps: ProjectChangeDeps,
  uuid: string,
  state: ProjectState,
  cause: Cause,
): Promise<void> {
  await holdCatalogue(tx);
  // Only a project about to be active may reserve a name, and the lock comes before the row's.
  if (state === 'active') await lockNames(tx);
  const project = await lockedProject(tx, uuid);
  judgeProjectState(project, state);
  await storeProject(tx, deps, project, { ...project, state, suspensionReason: null }, cause);
}

/**
 * Replaces the capacities of the resources it names and leaves the others; hidden resources may be
 * named, too. For operators: permissions are judged by whoever calls.
 *
 * Fails with INVALID_REQUEST for capacities out of range and unknown resources, with NOT_FOUND,
 * and with WRONG_STATE for a project that has no capacities.
 */
export async function setCapacities(
  tx: Tx,
  { clock, quotas }: ProjectChangeDeps,
  uuid: string,
  capacities: Readonly<Record<string, Capacities>>,
): Promise<void> {
  await holdCatalogue(tx);
  const resources = Object.keys(capacities);
  const registered = new Set((await quotas.resourceDefaults(tx)).map(({ name }) => name));
  const unknown = resources.find((resource) => !registered.has(resource));
  if (unknown !== undefined) throw invalid(`Inexistent resource ${unknown}`);
  for (const [resource, pair] of Object.entries(capacities)) {
    const fault = faultOfCapacities(resource, pair);
    if (fault !== undefined) throw fault;
  }
  const project = await lockedProject(tx, uuid);
  if (!isInitialized(project.state)) throw notInitialized(project);
  await putCapacities(tx, project, new Map(Object.entries(capacities)));
  await updateProjects(tx, [project], clock.now(), UNSAID);
  await synchronise(tx, quotas, { projects: [project.id], resources });
}

/** Returns a project, locked against every other change; throws NOT_FOUND when there is none. */
export async function lockedProject(tx: Tx, uuid: string): Promise<Project> {
  // What cannot be stored is no id of a project; Postgres would refuse to look for it.
  const [project] = isCleanText(uuid) ? await lockProjects(tx, [uuid]) : [];
  if (project === undefined) throw projectNotFound(uuid);
  return project;
}

/**
 * Writes what becomes of a project, with its log, its capacities if it is initialized by it, and all
 * limits. Whoever makes a project alive, or renames it, has locked the names.
 *
 * Fails with ALREADY_EXISTS when another alive project has the name it is to reserve.
 */
export async function storeProject(
  tx: Tx,
  { clock, quotas }: ProjectChangeDeps,
  before: Project,
  after: Project,
  cause: Cause,
): Promise<void> {
  const keepsName = isAlive(before.state) && before.realname === after.realname;
  if (isAlive(after.state) && !keepsName) await requireFreeName(tx, after);
  await updateProjects(tx, [after], clock.now(), cause);
  if (!isInitialized(after.state)) return;
  if (!isInitialized(before.state))
    await completeProjectQuotas(tx, [after.id], await quotas.resourceDefaults(tx));
  await synchronise(tx, quotas, { projects: [after.id] });
}

/** Writes capacities over those the project has. */
export async function putCapacities(
  tx: Tx,
  { id }: Pick<Project, 'id'>,
  capacities: ReadonlyMap<string, Capacities>,
): Promise<void> {
  if (capacities.size === 0) return;
  const rows = [...capacities].map(([resource, pair]) => ({ projectId: id, resource, ...pair }));
  await putProjectQuotas(tx, rows);
}

async function requireFreeName(tx: Tx, { uuid, realname }: Project): Promise<void> {
  const holder = (await holdersOfNames(tx, [realname])).get(realname);
  if (holder !== undefined && holder !== uuid) throw nameTaken(realname, holder);
}

function notInitialized({ uuid, state }: Project): Failure {
  return new Failure('wrong-state', 'WRONG_STATE', `Project ${uuid} is not initialized.`, {
    project: uuid,
    state,
  });
}
