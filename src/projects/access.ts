import type { UserPrincipal } from '../kernel/principal.js';
import { forbidden } from './domain/forbidden.js';
import type { MembershipRoles } from './domain/membership-actions.js';
import type { ProjectState } from './domain/project-states.js';

export { forbidden } from './domain/forbidden.js';

/** Who does something to projects, as far as rights and logs go. */
export interface Actor {
  /** Uuid of the user; null for operators and for the system itself. */
  readonly uuid: string | null;
  /** Whether he decides about projects; whoever calls without being a user does. */
  readonly isAdmin: boolean;
}

/** An operator at the command line, or a job: nobody asks him for a token. */
export const OPERATOR: Actor = { uuid: null, isAdmin: true };

/** Returns the actor that a user is. */
export function actorOf({ uuid, projectAdmin }: UserPrincipal): Actor {
  return { uuid, isAdmin: projectAdmin };
}

/** What of a project decides who may see it. */
export interface Visible {
  readonly owner: string | null;
  readonly state: ProjectState;
  readonly isPrivate: boolean;
  /** Applicant of its last application; null when there is none. */
  readonly lastApplicant: string | null;
  /** Whether the actor is an accepted member, suspended or not. */
  readonly isMember: boolean;
}

/** Whether the actor may know more of a project than that it exists (section 3). */
export function maySee(actor: Actor, project: Visible): boolean {
  return (
    mayFollow(actor, project) ||
    project.isMember ||
    (project.state === 'active' && !project.isPrivate)
  );
}

/** Whether he may see the last application, and when the project was deactivated (section 16, row 4). */
export function mayFollow(
  actor: Actor,
  project: Pick<Visible, 'owner' | 'lastApplicant'>,
): boolean {
  return mayManage(actor, project) || isUser(actor, project.lastApplicant);
}

/** Whether he may modify the project, read its history and decide about its members. */
export function mayManage(actor: Actor, { owner }: Pick<Visible, 'owner'>): boolean {
  return actor.isAdmin || isUser(actor, owner);
}

/** Whether he may withdraw or dismiss an application; the project's owner as such may not. */
export function mayWaive(
  actor: Actor,
  { applicant }: { readonly applicant: string | null },
): boolean {
  return actor.isAdmin || isUser(actor, applicant);
}

/** Returns as whom the actor may act on a membership; the owner may not act as the member. */
export function rolesIn(
  actor: Actor,
  { owner, user }: Pick<Visible, 'owner'> & { readonly user: string },
): MembershipRoles {
  return { asOwner: mayManage(actor, { owner }), asMember: actor.isAdmin || isUser(actor, user) };
}

/** Throws FORBIDDEN, in the words of the document, unless the actor has the right. */
export function requireRight(mayDoIt: boolean): void {
  if (!mayDoIt) throw forbidden();
}

function isUser({ uuid }: Actor, other: string | null): boolean {
  return uuid !== null && uuid === other;
}
