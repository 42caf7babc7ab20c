import {
  ProjectMembership_Action as Action,
  ProjectMembership_State as State,
  type ProjectMembership as ProjectMembershipMessage,
} from '../../gen/apportion/projects/v1/memberships.js';
import type {
  ActOnMembershipRequest,
  CreateMembershipRequest,
  GetMembershipResponse,
  ListMembershipLogRequest,
  ListMembershipLogResponse,
  ListMembershipsRequest,
  ListMembershipsResponse,
} from '../../gen/apportion/projects/v1/memberships_service.js';
import { invalid } from '../../kernel/failure.js';
import { idPageFromRequest } from '../../kernel/page.js';
import { attempt, type Parsed } from '../../kernel/parsed.js';
import { isCleanText } from '../../kernel/text.js';
import { storableReason } from '../domain/cause.js';
import type { MembershipAction } from '../domain/membership-actions.js';
import type { MembershipLogEntry, ShownMembership } from '../domain/membership.js';
import type { ProjectMembershipState } from '../domain/membership-states.js';
import type { ActOnMembershipCommand } from '../service/acting.js';
import type { CreateMembershipCommand } from '../service/joining.js';
import type {
  ListMembershipsCommand,
  MembershipLogCommand,
  MembershipLogPage,
  MembershipReading,
} from '../service/memberships.js';
import { nextIdPage } from './id-pages.js';

const STATES: Readonly<Record<ProjectMembershipState, State>> = {
  requested: State.STATE_REQUESTED,
  accepted: State.STATE_ACCEPTED,
  leave_requested: State.STATE_LEAVE_REQUESTED,
  suspended: State.STATE_SUSPENDED,
  rejected: State.STATE_REJECTED,
  cancelled: State.STATE_CANCELLED,
  removed: State.STATE_REMOVED,
};

const ACTIONS: Readonly<Record<MembershipAction, Action>> = {
  accept: Action.ACTION_ACCEPT,
  cancel: Action.ACTION_CANCEL,
  leave: Action.ACTION_LEAVE,
  reject: Action.ACTION_REJECT,
  remove: Action.ACTION_REMOVE,
};

/** Returns the command of a ListMemberships request. */
export function listMembershipsFromMessage(
  request: ListMembershipsRequest,
): Parsed<ListMembershipsCommand> {
  return attempt(() => ({ project: request.project, page: idPageFromRequest(request) }));
}

/** Returns a page of memberships as a message. */
export async function membershipsToMessage(
  reading: MembershipReading,
): Promise<ListMembershipsResponse> {
  const memberships: ProjectMembershipMessage[] = [];
  await reading.read((piece) => {
    for (const membership of piece) memberships.push(membershipToMessage(membership));
  });
  return { memberships, nextPageToken: nextIdPage(reading.page, memberships), rest: undefined };
}

/** Returns one membership as a message. */
export function oneMembershipToMessage(membership: ShownMembership): GetMembershipResponse {
  return { membership: membershipToMessage(membership), rest: undefined };
}

/** Returns the command of a CreateMembership request. */
export function createMembershipFromMessage({
  way,
}: CreateMembershipRequest): Parsed<CreateMembershipCommand> {
  return attempt(() => {
    if (way === undefined) throw invalid('Set join or enroll');
    const { project } = way.value;
    if (!isCleanText(project)) throw invalid('project is no text that an id can have');
    if (way.$case === 'join') return { how: way.$case, project };
    const { account } = way.value;
    if (account === undefined) throw invalid('Set user or user_uuid');
    const by = account.$case === 'user' ? 'email' : 'uuid';
    return { how: way.$case, project, account: { by, value: account.value } };
  });
}

/** Returns the command of an ActOnMembership request. */
export function actOnMembershipFromMessage({
  membId,
  action,
}: ActOnMembershipRequest): Parsed<ActOnMembershipCommand> {
  return attempt(() => {
    if (action === undefined) throw invalid('Set leave, cancel, accept, reject or remove');
    return { id: membId, action: action.$case, reason: storableReason(action.value) };
  });
}

/** Returns the command of a ListMembershipLog request. */
export function membershipLogFromMessage(
  request: ListMembershipLogRequest,
): Parsed<MembershipLogCommand> {
  return attempt(() => ({ id: request.membId, page: idPageFromRequest(request) }));
}

/** Returns steps of a membership as a message. */
export function membershipLogToMessage({
  page,
  entries,
}: MembershipLogPage): ListMembershipLogResponse {
  return { entries: entries.map(entryToMessage), nextPageToken: nextIdPage(page, entries) };
}

function membershipToMessage(membership: ShownMembership): ProjectMembershipMessage {
  const { id, user, project, state, entered, allowedActions } = membership;
  return {
    id,
    user,
    project,
    state: STATES[state],
    allowedActions: allowedActions.map((action) => ACTIONS[action]),
    requested: entered.requested,
    accepted: entered.accepted,
    leaveRequested: entered.leave_requested,
    suspended: entered.suspended,
    rejected: entered.rejected,
    cancelled: entered.cancelled,
    removed: entered.removed,
  };
}

function entryToMessage({ id, from, to, at, actor, reason }: MembershipLogEntry) {
  return {
    id,
    fromState: from === null ? State.STATE_UNSPECIFIED : STATES[from],
    toState: STATES[to],
    time: at,
    actor: actor ?? undefined,
    reason: reason ?? undefined,
  };
}
