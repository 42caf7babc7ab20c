import type { Tx } from '../../db/tx.js';
import { EFFECTIVE_STATES, MEMBER_STATES } from '../domain/membership-states.js';
import type { ListMode, ProjectView } from '../domain/project-view.js';
import type { ProjectState } from '../domain/project-states.js';
import {
  applicationColumns,
  applicationFrom,
  capacitiesFrom,
  gatheredCapacities,
  type PrefixedRow,
} from './applications.js';
import { momentIn, momentText } from './moments.js';

/** How many projects are in memory at a time. */
const PIECE = 1_000;

/** Which projects to list; what is undefined lets everything pass. */
export interface ProjectFilter {
  readonly state?: ProjectState | undefined;
  readonly owner?: string | undefined;
  /** The name shown. */
  readonly name?: string | undefined;
  /** Only projects in this relation to a user. */
  readonly related?: { readonly user: string; readonly how: ListMode } | undefined;
  /** Lists behind the project with this id only. */
  readonly after?: string | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
}

/** Stands for the place of the user in the parts below. */
const USER = ':user';

const OWNED = `select id from projects where owner = ${USER}`;

const PUBLIC = `select id from projects where state = 'active' and not private`;

const LAST_APPLIED_FOR = `
  select l.project_id from project_applications l
    join projects o on o.id = l.project_id and o.last_application = l.id
   where l.applicant = ${USER}`;

/**
 * Which projects each mode means; unions, because each of their parts has an index of its own. Asked
 * for as an array, so that the projects are reached by their keys, however many others there are.
 */
const IN_MODE: Readonly<Record<ListMode, string>> = {
  default: [OWNED, memberOf(USER, MEMBER_STATES), LAST_APPLIED_FOR, PUBLIC].join(' union '),
  member: `select id from projects
            where state = 'active' and id in (${memberOf(USER, EFFECTIVE_STATES)})`,
  related: [OWNED, memberOf(USER, MEMBER_STATES)].join(' union '),
  active: PUBLIC,
};

function memberOf(user: string, states: readonly string[]): string {
  return `select project_id from project_memberships
           where user_uuid = ${user} and state in (${states.map((state) => `'${state}'`).join(', ')})`;
}

const COLUMNS = `
  p.uuid, p.state, p.created_at as "createdAt", p.realname, p.owner, p.homepage, p.description,
  ${momentText('p.end_date')} as "endDate", p.join_policy as "joinPolicy", p.leave_policy as "leavePolicy",
  p.max_members as "maxMembers", p.private as "isPrivate", p.is_system as "isSystem"`;

/** @param visible - the place of the names of the resources whose capacities are told. */
function viewOf(more: string, visible: string): string {
  const isVisible = `g.resource = any(${visible}::text[])`;
  return `
    select ${COLUMNS}, ${applicationColumns('a_')}, q.*, c.*, d.*${more}
      from projects p
     cross join ${gatheredCapacities('project_quotas', `g.project_id = p.id and ${isVisible}`, '')} q
      left join project_applications a on a.id = p.last_application
     cross join ${gatheredCapacities(
       'project_application_grants',
       `g.application_id = a.id and ${isVisible}`,
       'a_',
     )} c
     cross join lateral (
             select max(at) as "deactivatedAt" from project_log l
              where l.project_id = p.id and l.to_state in ('suspended', 'terminated')) d`;
}

/**
 * Yields projects by creation and then by id, with all that is said about them, in one statement
 * however many they are.
 *
 * @param resources - those whose capacities are told.
 */
export async function* readProjects(
  tx: Tx,
  filter: ProjectFilter,
  resources: readonly string[],
): AsyncIterable<readonly ProjectView[]> {
  const values: unknown[] = [resources];
  const place = (value: unknown) => `$${values.push(value)}`;
  const inMode = ({ user, how }: NonNullable<ProjectFilter['related']>) => {
    const text = IN_MODE[how];
    return text.includes(USER) ? text.replaceAll(USER, place(user)) : text;
  };
  const { state, owner, name, related, after, limit } = filter;
  const conditions = [
    ...(state === undefined ? [] : [`p.state = ${place(state)}`]),
    ...(owner === undefined ? [] : [`p.owner = ${place(owner)}`]),
    ...(name === undefined ? [] : [`p.realname = ${place(name)}`]),
    ...(related === undefined ? [] : [`p.id = any(array(${inMode(related)}))`]),
    ...(after === undefined
      ? []
      : [
          `(p.created_at, p.uuid collate "C") > (
             select f.created_at, f.uuid collate "C" from projects f where f.uuid = ${place(after)})`,
        ]),
  ];
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  const end = limit === undefined ? '' : `limit ${place(limit)}`;
  const text = `${viewOf('', '$1')} ${where} order by p.created_at, p.uuid collate "C" ${end}`;
  for await (const rows of tx.pieces<Row>({ text }, values, PIECE)) yield rows.map(viewFrom);
}

/** A project, and what else decides who may see it. */
export interface FoundProject {
  /** Key of the row. */
  readonly id: bigint;
  readonly view: ProjectView;
  /** Whether the user it was asked for is an accepted member, suspended or not. */
  readonly isMember: boolean;
}

/**
 * Returns a project with all that is said about it, or undefined.
 *
 * @param user - null asks for nobody's membership.
 * @param resources - those whose capacities are told.
 */
export async function findProject(
  tx: Tx,
  uuid: string,
  user: string | null,
  resources: readonly string[],
): Promise<FoundProject | undefined> {
  const isMember = `p.id in (${memberOf('$3::text', MEMBER_STATES)}) as "isMember"`;
  const [row] = await tx.query<Row & Pick<FoundProject, 'id' | 'isMember'>>(
    {
      name: 'projects-find',
      text: `${viewOf(`, p.id, ${isMember}`, '$1')} where p.uuid = $2`,
    },
    [resources, uuid, user],
  );
  return row && { id: row.id, isMember: row.isMember, view: viewFrom(row) };
}

type Row = PrefixedRow &
  Omit<ProjectView, 'endDate' | 'lastApplication' | 'resources'> & { readonly endDate: string };

function viewFrom(row: Row): ProjectView {
  const { uuid, state, createdAt, realname, owner, homepage, description } = row;
  const { joinPolicy, leavePolicy, maxMembers, isPrivate, isSystem, deactivatedAt } = row;
  return {
    ...{ uuid, state, createdAt, realname, owner, homepage, description },
    ...{ joinPolicy, leavePolicy, maxMembers, isPrivate, isSystem, deactivatedAt },
    endDate: momentIn(row.endDate),
    resources: capacitiesFrom(row, ''),
    lastApplication: applicationFrom(row, 'a_'),
  };
}
