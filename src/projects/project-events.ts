import type { NewEvent } from '../events/index.js';
import type { Quantity } from '../kernel/quantity.js';
import type { ProjectApplication } from './domain/application.js';
import type { Cause } from './domain/cause.js';
import type { Project } from './domain/project.js';
import type { ProjectAction, ProjectState } from './domain/project-states.js';
import type { Proposal } from './domain/proposal.js';

/** Lists of people whom operators name where they read events (projects specification, 13). */
const LISTS = {
  creation: 'project_creation',
  modification: 'project_modification',
  notification: 'project_notification',
} as const;

const ACTION_TYPES: Readonly<Record<ProjectAction, string>> = {
  suspend: 'project.suspended',
  unsuspend: 'project.unsuspended',
  terminate: 'project.terminated',
  reinstate: 'project.reinstated',
};

/** An application that was just submitted. */
export interface Submission {
  readonly id: bigint;
  readonly applicant: string;
  readonly proposal: Proposal;
}

/** Returns the event of an application for a new project, or for changes of one. */
export function submissionEvent(
  project: Pick<Project, 'uuid' | 'realname'>,
  { id, applicant, proposal }: Submission,
  purpose: 'create' | 'modify',
): NewEvent {
  const isNew = purpose === 'create';
  return {
    type: isNew ? 'project.application.submitted' : 'project.application.modified',
    subject: String(id),
    recipients: [isNew ? LISTS.creation : LISTS.modification],
    facts: { ...factsOf(project), applicant, ...proposedFacts(proposal) },
  };
}

/** Returns the event of an application that was approved, for its applicant and for those who watch. */
export function approvalEvent(
  project: Project,
  { id, applicant }: ProjectApplication,
  previousState: ProjectState,
  cause: Cause,
): NewEvent {
  return {
    type: 'project.application.approved',
    subject: String(id),
    recipients: [applicant, LISTS.notification],
    facts: { ...factsOf(project), ...causeFacts(cause), applicant, previous_state: previousState },
  };
}

/** Returns the event of an application that was denied, with what was said, for its applicant. */
export function denialEvent(
  project: Project,
  { id, applicant }: ProjectApplication,
  cause: Cause,
): NewEvent {
  return {
    type: 'project.application.denied',
    subject: String(id),
    recipients: [applicant],
    facts: { ...factsOf(project), ...causeFacts(cause), applicant },
  };
}

/** Returns the event of an action on a project, for its owner; system projects have none. */
export function actionEvent(
  project: Pick<Project, 'uuid' | 'realname' | 'owner'>,
  action: ProjectAction,
  cause: Cause,
): NewEvent {
  return {
    type: ACTION_TYPES[action],
    subject: project.uuid,
    recipients: project.owner === null ? [] : [project.owner],
    facts: { ...factsOf(project), ...causeFacts(cause) },
  };
}

function factsOf({ uuid, realname }: Pick<Project, 'uuid' | 'realname'>) {
  return { project: uuid, project_name: realname };
}

function causeFacts({ actor, reason }: Cause) {
  return { ...(actor !== null && { actor }), ...(reason !== null && { reason }) };
}

/** What is proposed; `unchanged` names what is not. */
function proposedFacts({ resources, ...proposal }: Proposal): Readonly<Record<string, string>> {
  const { startDate, endDate, maxMembers } = proposal;
  const values: Readonly<Record<string, string | null>> = {
    name: proposal.name,
    owner: proposal.owner,
    homepage: proposal.homepage,
    description: proposal.description,
    comments: proposal.comments,
    start_date: startDate?.toISOString() ?? null,
    end_date: endDate?.toISOString() ?? null,
    join_policy: proposal.joinPolicy,
    leave_policy: proposal.leavePolicy,
    max_members: maxMembers?.toString() ?? null,
    private: proposal.isPrivate?.toString() ?? null,
    resources: resources.size === 0 ? null : capacitiesText(resources),
  };
  const unchanged = Object.keys(values).filter((key) => values[key] === null);
  const facts = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return { ...Object.fromEntries(facts), unchanged: unchanged.join(',') };
}

/** As JSON with the digits of quantities as strings, which every reader can take. */
function capacitiesText(resources: Proposal['resources']): string {
  const members = [...resources].map(([name, { projectCapacity, memberCapacity }]) => [
    name,
    { project_capacity: text(projectCapacity), member_capacity: text(memberCapacity) },
  ]);
  return JSON.stringify(Object.fromEntries(members));
}

function text(value: Quantity): string {
  return value.toString();
}
