import { Project_Policy as Policy } from '../../gen/apportion/projects/v1/projects.js';
import type {
  CreateProjectRequest,
  ModifyProjectRequest,
} from '../../gen/apportion/projects/v1/projects_service.js';
import { invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, parsed, unparsed } from '../../kernel/parsed.js';
import { isPrintable } from '../domain/moment.js';
import type { ProjectPolicy } from '../domain/project.js';
import type { SentProposal } from '../domain/proposal.js';
import { wordOf } from './words.js';

/** How each policy travels. */
export const POLICIES: Readonly<Record<ProjectPolicy, Policy>> = {
  auto: Policy.POLICY_AUTO,
  moderated: Policy.POLICY_MODERATED,
  closed: Policy.POLICY_CLOSED,
};

/**
 * Returns the proposal of a request: the form of every part, to be judged when its turn comes. Here
 * absence is the only way to leave something out.
 */
export function proposalFromMessage(
  request: CreateProjectRequest | ModifyProjectRequest,
): SentProposal {
  return {
    owner: parsed(request.owner),
    name: parsed(request.name),
    homepage: parsed(request.homepage),
    description: parsed(request.description),
    comments: parsed(request.comments),
    startDate: dateFrom('start_date', request.startDate),
    endDate: dateFrom('end_date', request.endDate),
    joinPolicy: policyFrom('join', request.joinPolicy),
    leavePolicy: policyFrom('leave', request.leavePolicy),
    maxMembers: parsed(request.maxMembers),
    isPrivate: parsed(request.private),
    resources: parsed(
      Object.entries(request.resources).map(([name, pair]) => [name, parsed(pair)] as const),
    ),
  };
}

function dateFrom(field: string, date: Date | undefined): Parsed<Date | undefined> {
  return date === undefined || isPrintable(date)
    ? parsed(date)
    : unparsed(invalid(`Invalid ${field}`));
}

function policyFrom(
  kind: 'join' | 'leave',
  sent: Policy | undefined,
): Parsed<ProjectPolicy | undefined> {
  return attempt(() => wordOf(POLICIES, sent, Policy.POLICY_UNSPECIFIED, `${kind}_policy`));
}
