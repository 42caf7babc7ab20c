/**
 * Invariant: a project changes state only along the transitions of this table (projects
 * specification, 8.1 and 8.3); `deleted` is final, and a system project is never terminated.
 */
import { Failure } from '../../kernel/failure.js';

/** The states, as documented. */
export const PROJECT_STATES = [
  'uninitialized',
  'active',
  'suspended',
  'terminated',
  'deleted',
] as const;

/** Where a project stands in its life. */
export type ProjectState = (typeof PROJECT_STATES)[number];

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

/** What admins do to projects, by the names of the documented actions. */
export const PROJECT_ACTIONS = [
  'suspend',
  'unsuspend',
  'terminate',
  'reinstate',
] as const satisfies readonly ProjectTransition[];

/** One of the documented actions. */
export type ProjectAction = (typeof PROJECT_ACTIONS)[number];

/** What decides whether a project may change its state. */
export interface ProjectStanding {
  readonly uuid: string;
  readonly state: ProjectState;
  readonly isSystem: boolean;
}

/** Whether the project has capacities and holdings. */
export function isInitialized(state: ProjectState): state is InitializedProjectState {
  return (INITIALIZED_STATES as readonly ProjectState[]).includes(state);
}

/** Whether the project holds its name and lets its memberships change. */
export function isAlive(state: ProjectState): boolean {
  return state === 'active' || state === 'suspended';
}

/** Throws WRONG_STATE unless one transition leads from the project's state to `to`. */
export function judgeProjectState(project: ProjectStanding, to: ProjectState): void {
  const { uuid, state: from, isSystem } = project;
  if (isSystem && to === 'terminated') throw notTerminable(project);
  if (from !== to && Object.values(PROJECT_TRANSITIONS).some((next) => next[from] === to)) return;
  throw wrongState(
    project,
    from === to ? `Project ${uuid} is ${from}.` : `Project ${uuid} is ${from}, not to be ${to}.`,
  );
}

/**
 * Returns the state an action leads to; throws WRONG_STATE, in the documented words, where it leads
 * nowhere.
 */
export function judgeProjectAction(project: ProjectStanding, action: ProjectAction): ProjectState {
  const { uuid, state, isSystem } = project;
  const next = PROJECT_TRANSITIONS[action][state];
  if (next === undefined) throw wrongState(project, `Project ${uuid} is ${whyNot(action, state)}.`);
  if (isSystem && next === 'terminated') throw notTerminable(project);
  return next;
}

function whyNot(action: ProjectAction, state: ProjectState): string {
  switch (action) {
    case 'suspend':
      return state === 'suspended' ? 'suspended' : 'not alive';
    case 'unsuspend':
      return 'not suspended';
    case 'terminate':
      return 'not alive';
    case 'reinstate':
      return 'not terminated';
  }
}

function notTerminable(project: ProjectStanding): Failure {
  return wrongState(project, `Cannot terminate: ${project.uuid} is a system project.`);
}

function wrongState({ uuid, state }: ProjectStanding, message: string): Failure {
  return new Failure('wrong-state', 'WRONG_STATE', message, { project: uuid, state });
}
