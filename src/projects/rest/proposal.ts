import { invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, parsed, unparsed } from '../../kernel/parsed.js';
import { isObject, type JsonObject, type JsonValue, member } from '../../rpc/json.js';
import { momentFrom } from '../domain/moment.js';
import { PROJECT_POLICIES, type ProjectPolicy } from '../domain/project.js';
import {
  malformedPolicies,
  maxMembersFrom,
  type SentCapacities,
  type SentProposal,
} from '../domain/proposal.js';

/**
 * Returns the proposal of a body (7.5, 7.6): the form of every part, to be judged when its turn comes.
 *
 * @param purpose - for a new project null is an error in some places, for a change it is absence.
 */
export function proposalFrom(body: JsonObject, purpose: 'create' | 'modify'): SentProposal {
  const nullable = (key: string) => member(body, key) ?? undefined;
  const strict = (key: string) => (purpose === 'create' ? member(body, key) : nullable(key));
  return {
    owner: textFrom('owner', nullable('owner')),
    name: textFrom('name', nullable('name')),
    homepage: textFrom('homepage', nullable('homepage')),
    description: textFrom('description', nullable('description')),
    comments: textFrom('comments', nullable('comments')),
    startDate: dateFrom('start_date', nullable('start_date')),
    endDate: dateFrom('end_date', nullable('end_date')),
    joinPolicy: policyFrom('join', strict('join_policy')),
    leavePolicy: policyFrom('leave', strict('leave_policy')),
    maxMembers: maxMembersIn(strict('max_members')),
    isPrivate: flagFrom('private', nullable('private')),
    resources: attempt(() => resourcesFrom(member(body, 'resources'))),
  };
}

function textFrom(field: string, value: JsonValue | undefined): Parsed<string | undefined> {
  return value === undefined || typeof value === 'string'
    ? parsed(value)
    : unparsed(invalid(`${field} must be string`));
}

function flagFrom(field: string, value: JsonValue | undefined): Parsed<boolean | undefined> {
  return value === undefined || typeof value === 'boolean'
    ? parsed(value)
    : unparsed(invalid(`${field} must be boolean`));
}

function dateFrom(field: string, value: JsonValue | undefined): Parsed<Date | undefined> {
  if (value === undefined) return parsed(undefined);
  const date = typeof value === 'string' ? momentFrom(value) : undefined;
  return date === undefined ? unparsed(invalid(`Invalid ${field}`)) : parsed(date);
}

function policyFrom(
  kind: 'join' | 'leave',
  value: JsonValue | undefined,
): Parsed<ProjectPolicy | undefined> {
  const policy = PROJECT_POLICIES.find((known) => known === value);
  return value === undefined || policy !== undefined
    ? parsed(policy)
    : unparsed(invalid(`Invalid ${kind} policy`));
}

function maxMembersIn(value: JsonValue | undefined): Parsed<bigint | undefined> {
  if (value === undefined || typeof value === 'bigint') return parsed(value);
  const members = typeof value === 'string' ? maxMembersFrom(value) : undefined;
  return members === undefined ? unparsed(invalid('Invalid max_members')) : parsed(members);
}

function resourcesFrom(value: JsonValue | undefined) {
  if (value === undefined) return [];
  if (!isObject(value)) throw malformedPolicies();
  return Object.entries(value).map(([name, pair]) => [name, capacitiesFrom(pair)] as const);
}

function capacitiesFrom(value: JsonValue): Parsed<SentCapacities> {
  if (!isObject(value)) return unparsed(malformedPolicies());
  const projectCapacity = member(value, 'project_capacity');
  const memberCapacity = member(value, 'member_capacity');
  return typeof projectCapacity === 'bigint' && typeof memberCapacity === 'bigint'
    ? parsed({ projectCapacity, memberCapacity })
    : unparsed(malformedPolicies());
}
