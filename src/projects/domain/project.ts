/**
 * Invariant: an ordinary project has an owner, a system project has none and carries the uuid of
 * its user, who is its only member (projects specification, 11).
 */
import { type Failure, notFound } from '../../kernel/failure.js';
import { type Quantity, UNLIMITED } from '../../kernel/quantity.js';
import type { ProjectState } from './project-states.js';
import type { SuspensionReason } from './suspension.js';

/** Who may enter or leave a project on his own. */
export type ProjectPolicy = 'auto' | 'moderated' | 'closed';

/** The policies, as documented. */
export const PROJECT_POLICIES = [
  'auto',
  'moderated',
  'closed',
] as const satisfies readonly ProjectPolicy[];

/** What can be said about a project and may change. */
export interface ProjectFields {
  /** The name shown; it is reserved while the project is alive. */
  readonly realname: string;
  readonly state: ProjectState;
  /** Null unless suspended, and when suspended by hand; every transition sets it anew. */
  readonly suspensionReason: SuspensionReason | null;
  /** Uuid of a user; null for system projects only. */
  readonly owner: string | null;
  /** By convention a URL. */
  readonly homepage: string;
  readonly description: string;
  readonly endDate: Date;
  readonly joinPolicy: ProjectPolicy;
  readonly leavePolicy: ProjectPolicy;
  readonly maxMembers: Quantity;
  /** Whether strangers may not see it. */
  readonly isPrivate: boolean;
}

/** A project as it is stored. */
export interface Project extends ProjectFields {
  /** Key of the row; never leaves the process. */
  readonly id: bigint;
  readonly uuid: string;
  readonly isSystem: boolean;
  /** Id of its newest application; null when there never was one. */
  readonly lastApplication: bigint | null;
}

/** A project that is about to be stored. */
export interface NewProject extends ProjectFields {
  readonly uuid: string;
  readonly isSystem: boolean;
}

/** What a project is given where nobody said otherwise (projects specification, 7.5). */
export const PROJECT_DEFAULTS = {
  state: 'active',
  homepage: '',
  description: '',
  joinPolicy: 'moderated',
  leavePolicy: 'auto',
  maxMembers: UNLIMITED,
  isPrivate: false,
} as const satisfies Partial<ProjectFields>;

/** Returns the end of a project that nobody gave one: a hundred years ahead. */
export function distantEnd(now: Date): Date {
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + 100);
  return end;
}

/** Returns the system project of a user, who is about to become its only member. */
export function systemProjectOf(
  user: { readonly uuid: string; readonly username: string },
  now: Date,
): NewProject {
  return {
    uuid: user.uuid,
    realname: `system:${user.uuid}`,
    homepage: '',
    description: `system project for user ${user.username}`,
    state: 'active',
    suspensionReason: null,
    owner: null,
    endDate: distantEnd(now),
    joinPolicy: 'closed',
    leavePolicy: 'closed',
    maxMembers: 1n as Quantity,
    isSystem: true,
    isPrivate: true,
  };
}

/** Returns the failure of a project that does not exist, or may not be known to (7.4). */
export function projectNotFound(uuid: string): Failure {
  return notFound('project', uuid, `There is no project identified by ${uuid}.`);
}
