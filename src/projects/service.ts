import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import { Failure, invalid, notFound } from '../kernel/failure.js';
import { type Capacities, faultOfCapacities } from './domain/capacities.js';
import {
  judgeMembershipState,
  meansInitialized,
  type ProjectMembershipState,
} from './domain/membership-states.js';
import { nameTaken } from './domain/project-names.js';
import {
  isAlive,
  isInitialized,
  judgeProjectState,
  type ProjectState,
} from './domain/project-states.js';
import type { Project } from './domain/project.js';
import { type QuotasForProjects, synchronise } from './limits.js';
import { holdCatalogue, lockNames } from './storage/locks.js';
import { membershipsAmong, putMemberships } from './storage/memberships.js';
import { completeProjectQuotas, putProjectQuotas } from './storage/project-quotas.js';
import { holdersOfNames, lockProjects, updateProjects } from './storage/projects.js';

/** Whose membership in which project, by their uuids. */
export interface ProjectMembershipOf {
  readonly project: string;
  readonly user: string;
}

/**
 * Changes of projects, each within the caller's transaction: locks the project row, judges the
 * change, stores it and brings the limits up to date. Usage is never touched, and never asked.
 *
 * Permissions, policies and member limits are judged by whoever calls.
 */
export class ProjectService {
  readonly #clock: Clock;
  readonly #quotas: QuotasForProjects;

  constructor(deps: { readonly clock: Clock; readonly quotas: QuotasForProjects }) {
    this.#clock = deps.clock;
    this.#quotas = deps.quotas;
  }

  /**
   * Moves a project to another state; limits fall to 0 unless it is active.
   *
   * Fails with NOT_FOUND, with WRONG_STATE when no transition leads there, and with ALREADY_EXISTS
   * when another alive project has the name of one that becomes alive.
   */
  async setProjectState(tx: Tx, uuid: string, state: ProjectState): Promise<void> {
    await holdCatalogue(tx);
    // Only a project about to be active may reserve a name, and the lock comes before the row's.
    if (state === 'active') await lockNames(tx);
    const project = await lockedProject(tx, uuid);
    judgeProjectState(project, state);
    if (!isAlive(project.state) && isAlive(state)) await requireFreeName(tx, project);
    await updateProjects(tx, [{ ...project, state, suspensionReason: null }], this.#clock.now());
    if (isInitialized(state) && !isInitialized(project.state))
      await completeProjectQuotas(tx, [project.id], await this.#quotas.resourceDefaults(tx));
    await synchronise(tx, this.#quotas, { projects: [project.id] });
  }

  /**
   * Moves a membership to another state, or creates it, and returns its id.
   *
   * Fails with NOT_FOUND for an unknown project, and with WRONG_STATE when no transition leads
   * there or the project is not alive. The user must exist.
   */
  async setMembershipState(
    tx: Tx,
    { project: uuid, user }: ProjectMembershipOf,
    state: ProjectMembershipState,
  ): Promise<bigint> {
    await holdCatalogue(tx);
    const project = await lockedProject(tx, uuid);
    const key = { projectId: project.id, user };
    const [present] = await membershipsAmong(tx, [key]);
    judgeMembershipState(present?.state, state);
    if (!isAlive(project.state)) throw notIn(project, 'alive');
    const [id] = await putMemberships(
      tx,
      [{ ...key, state, suspensionReason: null }],
      this.#clock.now(),
    );
    if (id === undefined) throw new Error('a membership was written and is not there');
    // A request that was made, rejected or cancelled grants nothing and takes nothing away.
    if (meansInitialized(state)) await synchronise(tx, this.#quotas, { memberships: [id] });
    return id;
  }

  /**
   * Replaces the capacities of the resources it names and leaves the others.
   *
   * Fails with INVALID_REQUEST for capacities out of range and unknown resources, with NOT_FOUND,
   * and with WRONG_STATE for a project that has no capacities.
   */
  async setCapacities(
    tx: Tx,
    uuid: string,
    capacities: Readonly<Record<string, Capacities>>,
  ): Promise<void> {
    await holdCatalogue(tx);
    const resources = Object.keys(capacities);
    const registered = new Set((await this.#quotas.resourceDefaults(tx)).map(({ name }) => name));
    const unknown = resources.find((resource) => !registered.has(resource));
    if (unknown !== undefined) throw invalid(`Inexistent resource ${unknown}`);
    for (const [resource, pair] of Object.entries(capacities)) {
      const fault = faultOfCapacities(resource, pair);
      if (fault !== undefined) throw fault;
    }
    const project = await lockedProject(tx, uuid);
    if (!isInitialized(project.state)) throw notIn(project, 'initialized');
    await putProjectQuotas(
      tx,
      Object.entries(capacities).map(([resource, pair]) => ({
        projectId: project.id,
        resource,
        ...pair,
      })),
    );
    await updateProjects(tx, [project], this.#clock.now());
    await synchronise(tx, this.#quotas, { projects: [project.id], resources });
  }
}

async function lockedProject(tx: Tx, uuid: string): Promise<Project> {
  const [project] = await lockProjects(tx, [uuid]);
  if (project === undefined) throw notFound('project', uuid, `There is no project ${uuid}.`);
  return project;
}

async function requireFreeName(tx: Tx, { uuid, realname }: Project): Promise<void> {
  const holder = (await holdersOfNames(tx, [realname])).get(realname);
  if (holder !== undefined && holder !== uuid) throw nameTaken(realname, holder);
}

function notIn({ uuid, state }: Project, group: 'alive' | 'initialized'): Failure {
  return new Failure('wrong-state', 'WRONG_STATE', `Project ${uuid} is not ${group}.`, {
    project: uuid,
    state,
  });
}
