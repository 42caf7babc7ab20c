import type { Tx } from '../../db/tx.js';
import { notFound } from '../../kernel/failure.js';
import { isQuantity } from '../../kernel/quantity.js';
import { type Actor, mayWaive, requireRight } from '../access.js';
import { type ProjectApplication, withProposed } from '../domain/application.js';
import {
  type ApplicationAction,
  judgeApplicationAction,
  notTheLast,
} from '../domain/application-states.js';
import type { Cause } from '../domain/cause.js';
import type { Project } from '../domain/project.js';
import {
  judgeProjectAction,
  PROJECT_TRANSITIONS,
  type ProjectAction,
} from '../domain/project-states.js';
import { actionEvent, approvalEvent, denialEvent } from '../project-events.js';
import {
  findApplication,
  settleApplication,
  type StoredApplication,
} from '../storage/applications.js';
import { holdCatalogue, lockNames } from '../storage/locks.js';
import { lockProjects } from '../storage/projects.js';
import { countPending } from './pending-applications.js';
import { lockedProject, putCapacities, storeProject } from './project-changes.js';
import type { SubmittingDeps } from './submitting.js';

/** Does something with a project, or with its last application. */
export type ActOnProjectCommand = {
  /** Uuid. */
  readonly project: string;
  /** Null when nothing was said. */
  readonly reason: string | null;
} & (
  | { readonly action: ProjectAction }
  | { readonly action: ApplicationAction; readonly application: bigint }
);

/** Does what an actor wants with a project or its last application, if he may (7.7). */
export async function actOnProject(
  tx: Tx,
  deps: SubmittingDeps,
  actor: Actor,
  command: ActOnProjectCommand,
): Promise<void> {
  const cause = { actor: actor.uuid, reason: command.reason };
  if ('application' in command) await decide(tx, deps, actor, command, cause);
  else await moveProject(tx, deps, actor, command, cause);
}

async function moveProject(
  tx: Tx,
  deps: SubmittingDeps,
  actor: Actor,
  { project: uuid, action }: { readonly project: string; readonly action: ProjectAction },
  cause: Cause,
): Promise<void> {
  await holdCatalogue(tx);
  // A terminated project has no name, and the lock comes before the row's.
  if (action === 'reinstate') await lockNames(tx);
  const project = await lockedProject(tx, uuid);
  requireRight(actor.isAdmin);
  const state = judgeProjectAction(project, action);
  await storeProject(tx, deps, project, { ...project, state, suspensionReason: null }, cause);
  await deps.events.record(tx, [actionEvent(project, action, cause)]);
}

interface Decision {
  readonly project: string;
  readonly application: bigint;
  readonly action: ApplicationAction;
}

async function decide(
  tx: Tx,
  deps: SubmittingDeps,
  actor: Actor,
  { project: uuid, application: id, action }: Decision,
  cause: Cause,
): Promise<void> {
  const named = await knownApplication(tx, id);
  // Who becomes the owner never changes, and his account comes before the locks of this slice.
  if (action === 'approve' && named.owner !== null)
    await deps.holdAccounts(tx, { uuids: [named.owner] });
  await holdCatalogue(tx);
  if (action === 'approve') await lockNames(tx);
  const [project] = await lockProjects(tx, [named.project]);
  if (project?.uuid !== uuid || project.lastApplication !== id) throw notTheLast(id, uuid);
  requireRight(action === 'approve' || action === 'deny' ? actor.isAdmin : mayWaive(actor, named));
  // Again, for nobody changes its state any more.
  const application = await knownApplication(tx, id);
  const state = judgeApplicationAction(application, action);
  await settleApplication(tx, { id, state }, action, cause, deps.clock.now());
  await followDecision(tx, deps, project, application, action, cause);
  // A denied application is counted no more.
  if (action !== 'dismiss')
    await countPending(tx, deps, [{ user: application.applicant, by: -1n }], true);
}

/** Does to the project what follows from a decision (8.3), and tells whom it concerns. */
async function followDecision(
  tx: Tx,
  deps: SubmittingDeps,
  project: Project,
  application: ProjectApplication,
  action: ApplicationAction,
  cause: Cause,
): Promise<void> {
  switch (action) {
    case 'approve': {
      const approved = await applyProposal(tx, deps, project, application, cause);
      const event = approvalEvent(approved, application, project.state, cause);
      await deps.events.record(tx, [event]);
      return;
    }
    case 'deny':
      await deps.events.record(tx, [denialEvent(project, application, cause)]);
      return;
    case 'cancel':
    case 'dismiss': {
      const state = PROJECT_TRANSITIONS.discard[project.state];
      if (state !== undefined) await storeProject(tx, deps, project, { ...project, state }, cause);
    }
  }
}

/**
 * Makes a project what was proposed, and active whatever it was; returns it.
 *
 * A first application is part of its project already, and nothing can have changed since.
 */
async function applyProposal(
  tx: Tx,
  deps: SubmittingDeps,
  project: Project,
  application: ProjectApplication,
  cause: Cause,
): Promise<Project> {
  const state = PROJECT_TRANSITIONS.activate[project.state];
  if (state === undefined) throw new Error(`a pending application of a ${project.state} project`);
  const active = { ...withProposed(project, application), state, suspensionReason: null };
  await putCapacities(tx, project, application.resources);
  await storeProject(tx, deps, project, active, cause);
  return active;
}

/** Beyond 64 bits there is no application, and Postgres would refuse to look for one. */
async function knownApplication(tx: Tx, id: bigint): Promise<StoredApplication> {
  const found = isQuantity(id) ? await findApplication(tx, id) : undefined;
  if (found === undefined)
    throw notFound(
      'application',
      String(id),
      `There is no project application identified by ${id}.`,
    );
  return found;
}
