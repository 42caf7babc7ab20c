import type { Tx } from '../../db/tx.js';
import { type Quantity, UNLIMITED } from '../../kernel/quantity.js';
import type { MembershipLogEntry, ProjectMembership } from '../domain/membership.js';
import {
  MEMBER_STATES,
  MEMBERSHIP_STATES,
  type ProjectMembershipState,
} from '../domain/membership-states.js';
import type { ProjectState } from '../domain/project-states.js';
import type { ProjectPolicy } from '../domain/project.js';
import { USER_DEACTIVATION } from '../domain/suspension.js';

/** How many rows are in memory at a time. */
const PIECE = 2_000;

/** Which memberships to read; what is undefined lets everything pass. */
export interface MembershipFilter {
  /** Uuid of a user: only his own, and those of projects he owns. */
  readonly concerning?: string | undefined;
  /** Uuid of a project. */
  readonly project?: string | undefined;
  readonly id?: bigint | undefined;
  /** Reads behind this id only. */
  readonly after?: bigint | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
}

interface Row extends Readonly<Record<ProjectMembershipState, Date | null>> {
  readonly id: bigint;
  readonly user: string;
  readonly state: ProjectMembershipState;
  readonly project: string;
  readonly projectState: ProjectState;
  readonly owner: string | null;
  readonly joinPolicy: ProjectPolicy;
  readonly leavePolicy: ProjectPolicy;
  readonly maxMembers: Quantity;
  readonly members: bigint;
  readonly isAccountActive: boolean;
}

const COLUMNS = 'm.id, m.project_id, m.user_uuid, m.state';

const DATES = MEMBERSHIP_STATES.map(
  (state) => `max(l.at) filter (where l.to_state = '${state}') as ${state}`,
).join(', ');

/**
 * Yields memberships by id with all that is said about them, in one statement however many they are.
 *
 * What is needed for requests only is looked up for requests only: how many members their project
 * has, once per project, and whether the account is active, by the one membership that nothing but
 * the account ever changes.
 */
export async function* readMemberships(
  tx: Tx,
  filter: MembershipFilter,
): AsyncIterable<readonly ProjectMembership[]> {
  const values: unknown[] = [MEMBER_STATES, USER_DEACTIVATION];
  const text = `
    with chosen as (${chosen(filter, values)}),
    counted as (
      select r.project_id, (
               select count(*) from project_memberships m
                where m.project_id = r.project_id and m.state = any($1::text[])) as members
        from (select distinct c.project_id
                from chosen c join projects p on p.id = c.project_id
               where c.state = 'requested' and p.max_members < ${UNLIMITED}) as r)
    select c.id, c.user_uuid as "user", c.state, p.uuid as project, p.state as "projectState",
           p.owner, p.join_policy as "joinPolicy", p.leave_policy as "leavePolicy",
           p.max_members as "maxMembers", coalesce(n.members, 0) as members,
           case when c.state = 'requested' then not exists (
             select from projects s
               join project_memberships sm on sm.project_id = s.id and sm.user_uuid = s.uuid
              where s.uuid = c.user_uuid and s.is_system and sm.suspension_reason = $2
           ) else true end as "isAccountActive",
           d.*
      from chosen c
      join projects p on p.id = c.project_id
      left join counted n on n.project_id = c.project_id
     cross join lateral (
             select ${DATES} from project_membership_log l where l.membership_id = c.id) d
     order by c.id`;
  for await (const rows of tx.pieces<Row>({ text }, values, PIECE)) yield rows.map(membershipFrom);
}

/** Returns one membership, or undefined. */
export async function findMembership(tx: Tx, id: bigint): Promise<ProjectMembership | undefined> {
  for await (const [found] of readMemberships(tx, { id })) return found;
  return undefined;
}

/** Returns the steps of a membership, oldest first, behind an id and at most so many. */
export async function membershipLog(
  tx: Tx,
  membership: bigint,
  after: bigint,
  limit: number,
): Promise<MembershipLogEntry[]> {
  return tx.query(
    {
      name: 'project-membership-log-read',
      text: `select id, from_state as "from", to_state as "to", at, actor, reason
               from project_membership_log where membership_id = $1 and id > $2
              order by id limit $3`,
    },
    [membership, after, limit],
  );
}

/** A union, because each of its parts has an index of its own. */
function chosen(filter: MembershipFilter, values: unknown[]): string {
  const { concerning, project, id, after, limit } = filter;
  const place = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    ...(project === undefined
      ? []
      : [`m.project_id = (select id from projects where uuid = ${place(project)})`]),
    ...(id === undefined ? [] : [`m.id = ${place(id)}`]),
    ...(after === undefined ? [] : [`m.id > ${place(after)}`]),
  ];
  const such = (...more: string[]) => {
    const all = [...more, ...conditions];
    return all.length === 0 ? '' : `where ${all.join(' and ')}`;
  };
  const user = concerning === undefined ? undefined : place(concerning);
  const parts =
    user === undefined
      ? [`select ${COLUMNS} from project_memberships m ${such()}`]
      : [
          `select ${COLUMNS} from project_memberships m ${such(`m.user_uuid = ${user}`)}`,
          `select ${COLUMNS} from projects p join project_memberships m on m.project_id = p.id
                  ${such(`p.owner = ${user}`)}`,
        ];
  const end = limit === undefined ? '' : `order by id limit ${place(limit)}`;
  return `${parts.join(' union ')} ${end}`;
}

function membershipFrom(row: Row): ProjectMembership {
  const { id, user, state, members, isAccountActive } = row;
  const { project: uuid, projectState, owner, joinPolicy, leavePolicy, maxMembers } = row;
  return {
    id,
    user,
    state,
    project: { uuid, state: projectState, owner, joinPolicy, leavePolicy, maxMembers },
    members,
    isAccountActive,
    entered: Object.fromEntries(
      MEMBERSHIP_STATES.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]])),
    ),
  };
}
