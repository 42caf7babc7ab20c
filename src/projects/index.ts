import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import type { ExpectedLimits, ResourceDefaults } from '../quotas/index.js';
import type { StateSection } from '../state/section.js';
import type { Capacities } from './domain/capacities.js';
import type { ProjectMembershipState } from './domain/membership-states.js';
import type { ProjectState } from './domain/project-states.js';
import { followActivity, type UserActivity } from './account-activity.js';
import { createProjectsSection } from './declared/section.js';
import { expectedLimits } from './expected-limits.js';
import { type AcceptedUser, addResources, createSystemProjects } from './hooks.js';
import type { QuotasForProjects } from './limits.js';
import { ProjectService, type ProjectMembershipOf } from './service.js';
import { effectiveProjectsOf } from './storage/projects.js';

export type { UserActivity } from './account-activity.js';
export type { Capacities } from './domain/capacities.js';
export type { ProjectMembershipState } from './domain/membership-states.js';
export type { ProjectState } from './domain/project-states.js';
export type { AcceptedUser } from './hooks.js';
export type { QuotasForProjects } from './limits.js';
export type { ProjectMembershipOf } from './service.js';

/** What projects need to do their work. */
export interface ProjectsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly quotas: QuotasForProjects;
  /** Returns which of the uuids are those of accepted users; identity knows. */
  acceptedUsers(tx: Tx, uuids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Projects and memberships, as the other slices and the state file see them. */
export interface Projects {
  /** The key `projects` of the state file. */
  readonly stateSections: readonly StateSection[];

  /** Hook of identity: gives users who were just accepted their system projects. */
  onUsersAccepted(tx: Tx, users: readonly AcceptedUser[]): Promise<void>;
  /** Hook of identity: suspends what hangs on deactivated accounts, and resumes it. */
  onUserActivityChanged(tx: Tx, users: readonly UserActivity[]): Promise<void>;
  /** Hook of quotas: makes resources that were just registered chargeable for every project. */
  onResourcesRegistered(tx: Tx, resources: readonly ResourceDefaults[]): Promise<void>;

  /** Returns the projects, not deleted, the user is an effective member of, by id. */
  projectsOf(tx: Tx, user: string): Promise<readonly { id: string; name: string }[]>;
  /** Returns the ids of the projects that a user finds in his quota, ascending. */
  visibleProjectIds(tx: Tx, user: string): Promise<readonly string[]>;

  /** What the limits of holdings should be, for verifying the ledger. */
  readonly expectedLimits: ExpectedLimits;

  /** Moves a project to another state; see {@link ProjectService.setProjectState}. */
  setProjectState(tx: Tx, project: string, state: ProjectState): Promise<void>;
  /** Moves or creates a membership; see {@link ProjectService.setMembershipState}. */
  setMembershipState(
    tx: Tx,
    membership: ProjectMembershipOf,
    state: ProjectMembershipState,
  ): Promise<bigint>;
  /** Replaces capacities; see {@link ProjectService.setCapacities}. */
  setCapacities(
    tx: Tx,
    project: string,
    capacities: Readonly<Record<string, Capacities>>,
  ): Promise<void>;
}

/** Puts the slice together. */
export function createProjects(deps: ProjectsDeps): Projects {
  const service = new ProjectService(deps);
  return {
    stateSections: [createProjectsSection(deps)],
    onUsersAccepted: (tx, users) => createSystemProjects(tx, deps, users),
    onUserActivityChanged: (tx, users) => followActivity(tx, deps, users),
    onResourcesRegistered: (tx, resources) => addResources(tx, deps, resources),
    projectsOf: effectiveProjectsOf,
    visibleProjectIds: async (tx, user) =>
      (await effectiveProjectsOf(tx, user)).map(({ id }) => id),
    expectedLimits,
    setProjectState: (tx, project, state) => service.setProjectState(tx, project, state),
    setMembershipState: (tx, membership, state) =>
      service.setMembershipState(tx, membership, state),
    setCapacities: (tx, project, capacities) => service.setCapacities(tx, project, capacities),
  };
}
