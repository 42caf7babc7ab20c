/**
 * Invariant: what was submitted never changes, only what became of it; the first application of a
 * project is part of it already, a later one changes it when it is approved (projects specification,
 * 8.3).
 */
import type { ApplicationState } from './application-states.js';
import type { Project } from './project.js';
import type { Proposal } from './proposal.js';

/** What was said to an application, and when; null while nobody has. */
export interface ApplicationHistory {
  readonly issuedAt: Date;
  /** By an admin who approved or denied it. */
  readonly respondedAt: Date | null;
  readonly response: string | null;
  readonly responseActor: string | null;
  /** By whoever cancelled or dismissed it. */
  readonly waivedAt: Date | null;
  readonly waiveReason: string | null;
  readonly waiveActor: string | null;
}

/** Somebody's wish for a project to be, or to change, and what became of it. */
export interface ProjectApplication extends Proposal, ApplicationHistory {
  readonly id: bigint;
  readonly state: ApplicationState;
  /** Uuid of the user who submitted it. */
  readonly applicant: string;
}

/** Fields of a system project that no application changes (7.6). */
export const KEPT_BY_SYSTEM_PROJECTS = ['owner', 'name', 'homepage', 'description'] as const;

/** Returns the project with what an approved application proposes; capacities are kept apart. */
export function withProposed(project: Project, proposal: Proposal): Project {
  return {
    ...project,
    owner: proposal.owner ?? project.owner,
    realname: proposal.name ?? project.realname,
    homepage: proposal.homepage ?? project.homepage,
    description: proposal.description ?? project.description,
    endDate: proposal.endDate ?? project.endDate,
    joinPolicy: proposal.joinPolicy ?? project.joinPolicy,
    leavePolicy: proposal.leavePolicy ?? project.leavePolicy,
    maxMembers: proposal.maxMembers ?? project.maxMembers,
    isPrivate: proposal.isPrivate ?? project.isPrivate,
  };
}
