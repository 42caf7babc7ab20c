/**
 * Invariant: a project changes state only along the transitions of this table (projects
 * specification, 8.1 and 8.3); `deleted` is final, and a system project is never terminated.
 */
import { Failure } from '../../kernel/failure.js';

/** Where a project stands in its life. */
export type ProjectState = 'uninitialized' | 'active' | 'suspended' | 'terminated' | 'deleted';

/** States in which a project has capacities and holdings. */
export const INITIALIZED_STATES = [
  'active',
  'suspended',
  'terminated',
] as const satisfies readonly ProjectState[];

/** A state in which a project has capacities and holdings. */
export type InitializedProjectState = (typeof INITIALIZED_STATES)[number];

/** What moves a project to another state. */
export type ProjectTransition =
  /** An application is approved; approving any modification activates the project again. */
  | 'activate'
  | 'suspend'
  | 'unsuspend'
  | 'terminate'
  | 'reinstate'
  /** The first application is cancelled or dismissed. */
  | 'discard';

/** Where each transition leads from each state; a missing entry is not allowed. */
export const PROJECT_TRANSITIONS: Readonly<
  Record<ProjectTransition, Readonly<Partial<Record<ProjectState, ProjectState>>>>
> = {
  activate: {
    uninitialized: 'active',
    active: 'active',
    suspended: 'active',
    terminated: 'active',
  },
  suspend: { active: 'suspended' },
  unsuspend: { suspended: 'active' },
  terminate: { active: 'terminated', suspended: 'terminated' },
  reinstate: { terminated: 'active' },
  discard: { uninitialized: 'deleted' },
};

/** Whether the project has capacities and holdings. */
export function isInitialized(state: ProjectState): state is InitializedProjectState {
  return (INITIALIZED_STATES as readonly ProjectState[]).includes(state);
}

/** Whether the project holds its name and lets its memberships change. */
export function isAlive(state: ProjectState): boolean {
  return state === 'active' || state === 'suspended';
}

/** Throws WRONG_STATE unless one transition leads from the project's state to `to`. */
export function judgeProjectState(
  project: {
    readonly uuid: string;
    readonly state: ProjectState;
    readonly isSystem: boolean;
  },
  to: ProjectState,
): void {
  const { uuid, state: from, isSystem } = project;
  const facts = { project: uuid, state: from };
  if (isSystem && to === 'terminated')
    throw new Failure(
      'wrong-state',
      'WRONG_STATE',
      `Cannot terminate: ${uuid} is a system project.`,
      facts,
    );
  if (from !== to && Object.values(PROJECT_TRANSITIONS).some((next) => next[from] === to)) return;
  throw new Failure(
    'wrong-state',
    'WRONG_STATE',
    from === to ? `Project ${uuid} is ${from}.` : `Project ${uuid} is ${from}, not to be ${to}.`,
    facts,
  );
}
