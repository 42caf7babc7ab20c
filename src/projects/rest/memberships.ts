import {
  astakosAnswer,
  astakosBody,
  astakosEmpty,
  astakosFault,
  astakosTime,
} from '../../identity/index.js';
import { Failure, invalid } from '../../kernel/failure.js';
import { attempt, type Parsed, parsed, unwrap } from '../../kernel/parsed.js';
import { type HttpAnswer, type HttpRequest, lastOf } from '../../rpc/http.js';
import { isCleanText } from '../../kernel/text.js';
import {
  isObject,
  JsonDecimal,
  type JsonObject,
  type JsonValue,
  member,
  type Writable,
} from '../../rpc/json.js';
import { storableReason } from '../domain/cause.js';
import { MEMBERSHIP_ACTIONS } from '../domain/membership-actions.js';
import type { ShownMembership } from '../domain/membership.js';
import { MEMBERSHIP_STATES } from '../domain/membership-states.js';
import type { ActOnMembershipCommand } from '../service/acting.js';
import type { CreateMembershipCommand } from '../service/joining.js';
import type { ListMembershipsCommand, MembershipReading } from '../service/memberships.js';
import { bareArray } from './bare-array.js';
import { onlyKey } from './only-key.js';

/** Whether the place of the id holds digits; anything else is an unknown path (1.1). */
export function isMembershipId([text = '']: readonly string[]): boolean {
  return /^\d+$/.test(text);
}

/** Returns the id in the path. */
export function membershipIdFromHttp({ parameters: [text = ''] }: HttpRequest): bigint {
  // Reading a number of thousands of digits is slow, and no id is that long.
  return BigInt(text.replace(/^0+(?=\d)/, '').slice(0, 40));
}

/** Returns the filter of `GET projects/memberships` (12.2). */
export function listMembershipsFromHttp({ query }: HttpRequest): Parsed<ListMembershipsCommand> {
  return parsed({ project: lastOf(query, 'project'), page: undefined });
}

/** Returns the answer to `GET projects/memberships`. */
export function membershipsToHttp(reading: MembershipReading): Promise<HttpAnswer> {
  return bareArray(reading, membershipToJson);
}

/** Returns the answer to `GET projects/memberships/<id>`. */
export function membershipToHttp(membership: ShownMembership): HttpAnswer {
  return astakosAnswer(200, membershipToJson(membership));
}

/** Returns the command of `POST projects/memberships` (12.4). */
export function createMembershipFromHttp(request: HttpRequest): Parsed<CreateMembershipCommand> {
  return attempt(() => {
    const [how, value] = onlyKey(unwrap(astakosBody(request)), ['join', 'enroll']);
    if (!isObject(value)) throw invalid('Invalid input data');
    const project = projectIn(value);
    if (how === 'join') return { how, project };
    const user = member(value, 'user');
    if (typeof user !== 'string') throw invalid('user must be string');
    return { how, project, account: { by: 'email', value: user } };
  });
}

/** Returns the answer to `POST projects/memberships`: 200, not 201. */
export function membershipIdToHttp(id: bigint): HttpAnswer {
  return astakosAnswer(200, { id });
}

/** Returns the conflict that enrolling answers to what is not there; joining answers 404 (12.4). */
export function createMembershipFault(
  { kind, reason, message, facts }: Failure,
  request: HttpRequest,
): HttpAnswer | undefined {
  if (kind !== 'not-found') return undefined;
  const command = createMembershipFromHttp(request);
  if (!command.ok || command.value.how === 'join') return undefined;
  return astakosFault(new Failure('wrong-state', reason, message, facts));
}

/** Returns the command of `POST projects/memberships/<id>/action` (12.5). */
export function actOnMembershipFromHttp(request: HttpRequest): Parsed<ActOnMembershipCommand> {
  return attempt(() => {
    const [action, reason] = onlyKey(unwrap(astakosBody(request)), MEMBERSHIP_ACTIONS);
    if (reason !== null && typeof reason !== 'string') throw invalid('reason must be string');
    return { id: membershipIdFromHttp(request), action, reason: storableReason(reason ?? '') };
  });
}

/** Returns the answer to an action: nothing at all. */
export function actionToHttp(): HttpAnswer {
  return astakosEmpty(200);
}

function membershipToJson({
  id,
  user,
  project,
  state,
  entered,
  allowedActions,
}: ShownMembership): Writable {
  const dates = MEMBERSHIP_STATES.flatMap((name) => {
    const date = entered[name];
    return date === undefined ? [] : [[name, astakosTime(date)] as const];
  });
  const said = { id, user, project, state, ...Object.fromEntries(dates) };
  return { ...said, allowed_actions: allowedActions };
}

/** How much of a wrong project id is repeated in the answer, in UTF-16 units. */
const MOST_REPEATED = 255;

/** An integer is taken for an id like any other, which no project has to have. */
function projectIn(value: JsonObject): string {
  const project = member(value, 'project') ?? null;
  if (typeof project === 'bigint') return String(project);
  if (typeof project === 'string' && isCleanText(project)) return project;
  throw invalid(`Invalid project ID: ${spelled(project).slice(0, MOST_REPEATED).toWellFormed()}`);
}

/** Upstream spells an absent project and a null one alike, as Python does. */
function spelled(value: JsonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (entry instanceof JsonDecimal) return entry.text;
    return typeof entry === 'bigint' ? String(entry) : entry;
  });
}
