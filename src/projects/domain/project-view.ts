/**
 * Invariant: what a project shows of its applications it shows to those only who follow them (projects
 * specification, 3 and 16); for others these parts do not exist.
 */
import type { ProjectApplication } from './application.js';
import type { Capacities } from './capacities.js';
import type { Project } from './project.js';

/** A project as it is read, whoever asks. */
export interface ProjectView extends Omit<Project, 'id' | 'lastApplication' | 'suspensionReason'> {
  readonly createdAt: Date;
  /** Capacities by name of the visible resource, ascending. */
  readonly resources: ReadonlyMap<string, Capacities>;
  /** Null when there never was one. */
  readonly lastApplication: ProjectApplication | null;
  /** When it was last suspended or terminated; null when it never was. */
  readonly deactivatedAt: Date | null;
}

/** A project as it is shown to somebody. */
export interface ShownProject extends Omit<ProjectView, 'lastApplication' | 'deactivatedAt'> {
  /** Undefined for those who do not follow its applications. */
  readonly followed: Pick<ProjectView, 'lastApplication' | 'deactivatedAt'> | undefined;
}

/** Which relation to somebody makes a project part of his list (7.3). */
export type ListMode = 'default' | 'member' | 'related' | 'active';

/** The modes, as documented. */
export const LIST_MODES = [
  'default',
  'member',
  'related',
  'active',
] as const satisfies readonly ListMode[];

/** Returns the view as it is shown to somebody. */
export function shownTo(view: ProjectView, isFollowing: boolean): ShownProject {
  const { lastApplication, deactivatedAt, ...project } = view;
  return { ...project, followed: isFollowing ? { lastApplication, deactivatedAt } : undefined };
}
