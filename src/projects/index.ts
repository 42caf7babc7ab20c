import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import type { Sweep } from '../kernel/sweep.js';
import type { BoundService } from '../rpc/route.js';
import type { EventRecorder } from '../events/index.js';
import type { Identity } from '../identity/index.js';
import type { ExpectedLimits, ResourceDefaults } from '../quotas/index.js';
import type { StateSection } from '../state/section.js';
import type { Capacities } from './domain/capacities.js';
import { type Cause, UNSAID } from './domain/cause.js';
import type { ProjectMembershipState } from './domain/membership-states.js';
import type { ProjectState } from './domain/project-states.js';
import { followActivity, type UserActivity } from './account-activity.js';
import { createProjectsSection } from './declared/section.js';
import { expectedLimits } from './expected-limits.js';
import { type AcceptedUser, addResources, createSystemProjects } from './hooks.js';
import type { QuotasForProjects } from './limits.js';
import { membershipRoutes } from './routes/memberships.js';
import { projectRoutes } from './routes/projects.js';
import { createEndDates, createEndDatesSweep, type EndDates } from './service/end-dates.js';
import { type ProjectMembershipOf, setMembershipState } from './service/membership-changes.js';
import { createMemberships } from './service/memberships.js';
import { createOperating, type Operating } from './service/operating.js';
import { setCapacities, setProjectState } from './service/project-changes.js';
import { createProjectCases } from './service/projects.js';
import { effectiveProjectsOf } from './storage/projects.js';

export type { UserActivity } from './account-activity.js';
export type { Capacities } from './domain/capacities.js';
export type { ProjectMembershipState } from './domain/membership-states.js';
export type { ProjectState } from './domain/project-states.js';
export type { AcceptedUser } from './hooks.js';
export type { QuotasForProjects } from './limits.js';
export type { EndDates, EndedProject } from './service/end-dates.js';
export type { OperatedProject, Operating, OperatorQuery } from './service/operating.js';
export type { ProjectMembershipOf } from './service/membership-changes.js';

/** What projects need to do their work. */
export interface ProjectsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly quotas: QuotasForProjects;
  readonly events: EventRecorder;
  readonly identity: Pick<Identity, 'callers' | 'componentIdOf' | 'holdAccounts'>;
  /** Returns which of the uuids are those of accepted users; identity knows. */
  acceptedUsers(tx: Tx, uuids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Projects and memberships, as the other slices and the state file see them. */
export interface Projects {
  readonly services: readonly BoundService[];
  /** The key `projects` of the state file. */
  readonly stateSections: readonly StateSection[];

  /** What has to be done again and again, by one process at a time. */
  readonly sweeps: readonly Sweep[];
  /** What operators do to projects. */
  readonly operating: Operating;
  /** Projects that live on behind their end. */
  readonly endDates: EndDates;

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

  /** Moves a project to another state; see `service/project-changes.ts`. */
  setProjectState(tx: Tx, project: string, state: ProjectState, cause?: Cause): Promise<void>;
  /** Moves or creates a membership; see `service/membership-changes.ts`. */
  setMembershipState(
    tx: Tx,
    membership: ProjectMembershipOf,
    state: ProjectMembershipState,
    cause?: Cause,
  ): Promise<bigint>;
  /** Replaces capacities; see `service/project-changes.ts`. */
  setCapacities(
    tx: Tx,
    project: string,
    capacities: Readonly<Record<string, Capacities>>,
  ): Promise<void>;
}

/** Puts the slice together. */
export function createProjects(deps: ProjectsDeps): Projects {
  const { callers, componentIdOf, holdAccounts } = deps.identity;
  const memberships = createMemberships({ ...deps, holdAccounts });
  const projects = createProjectCases({ ...deps, componentIdOf, holdAccounts });
  const endDates = createEndDates({ ...deps, componentIdOf, holdAccounts });
  return {
    sweeps: [createEndDatesSweep(endDates)],
    operating: createOperating({ ...deps, componentIdOf, holdAccounts }),
    endDates,
    services: [projectRoutes(callers, projects), membershipRoutes(callers, memberships)],
    stateSections: [createProjectsSection(deps)],
    onUsersAccepted: (tx, users) => createSystemProjects(tx, deps, users),
    onUserActivityChanged: (tx, users) => followActivity(tx, deps, users),
    onResourcesRegistered: (tx, resources) => addResources(tx, deps, resources),
    projectsOf: effectiveProjectsOf,
    visibleProjectIds: async (tx, user) =>
      (await effectiveProjectsOf(tx, user)).map(({ id }) => id),
    expectedLimits,
    setProjectState: (tx, project, state, cause = UNSAID) =>
      setProjectState(tx, deps, project, state, cause),
    setMembershipState: (tx, membership, state, cause = UNSAID) =>
      setMembershipState(tx, deps, membership, state, cause),
    setCapacities: (tx, project, capacities) => setCapacities(tx, deps, project, capacities),
  };
}
