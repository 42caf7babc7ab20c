import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { ProjectApplication } from '../domain/application.js';
import type { ApplicationAction, ApplicationState } from '../domain/application-states.js';
import type { Capacities } from '../domain/capacities.js';
import type { Cause } from '../domain/cause.js';
import type { Proposal } from '../domain/proposal.js';
import { momentIn, momentText } from './moments.js';

/** The column of each part of an application. */
const COLUMNS: Readonly<Record<Exclude<keyof ProjectApplication, 'resources'>, string>> = {
  id: 'id',
  state: 'state',
  applicant: 'applicant',
  owner: 'owner',
  name: 'name',
  homepage: 'homepage',
  description: 'description',
  comments: 'comments',
  startDate: 'start_date',
  endDate: 'end_date',
  joinPolicy: 'join_policy',
  leavePolicy: 'leave_policy',
  maxMembers: 'max_members',
  isPrivate: 'private',
  issuedAt: 'issued_at',
  respondedAt: 'responded_at',
  response: 'response',
  responseActor: 'response_actor',
  waivedAt: 'waived_at',
  waiveReason: 'waive_reason',
  waiveActor: 'waive_actor',
};

/** The times that somebody chose. */
const CHOSEN: ReadonlySet<string> = new Set<keyof ProjectApplication>(['startDate', 'endDate']);

/** A row as it comes; what belongs together is told by the prefix of its columns. */
export type PrefixedRow = Readonly<Record<string, unknown>>;

/** Returns the columns of the application `a`, for applicationFrom. */
export function applicationColumns(prefix: string): string {
  return Object.entries(COLUMNS)
    .map(
      ([key, column]) =>
        `${CHOSEN.has(key) ? momentText(`a.${column}`) : `a.${column}`} as "${prefix}${key}"`,
    )
    .join(', ');
}

/** Returns the application of a row, or null when the row has none. */
export function applicationFrom(row: PrefixedRow, prefix: string): ProjectApplication | null {
  if (row[`${prefix}id`] === null) return null;
  const fields = Object.keys(COLUMNS).map((key) => {
    const value = row[prefix + key];
    return [key, CHOSEN.has(key) && typeof value === 'string' ? momentIn(value) : value] as const;
  });
  return {
    ...(Object.fromEntries(fields) as unknown as Omit<ProjectApplication, 'resources'>),
    resources: capacitiesFrom(row, prefix),
  };
}

/**
 * Returns a table of one row, the capacities that `table` has of one project or application as three
 * arrays of equal length, by name of the resource, for capacitiesFrom. So they come with the row they
 * belong to, and without the rounding of JSON.
 */
export function gatheredCapacities(table: string, condition: string, prefix: string): string {
  const gathered = (column: string) => `array_agg(g.${column} order by g.resource collate "C")`;
  return `lateral (
    select ${gathered('resource')} as "${prefix}resources",
           ${gathered('project_capacity')} as "${prefix}projectCapacities",
           ${gathered('member_capacity')} as "${prefix}memberCapacities"
      from ${table} g where ${condition})`;
}

/** Returns the capacities of a row by name of the resource, ascending. */
export function capacitiesFrom(row: PrefixedRow, prefix: string): ReadonlyMap<string, Capacities> {
  const resources = row[`${prefix}resources`] as readonly string[] | null;
  const projectCapacities = row[`${prefix}projectCapacities`] as readonly Quantity[];
  const memberCapacities = row[`${prefix}memberCapacities`] as readonly Quantity[];
  return new Map(
    (resources ?? []).map((resource, index) => [
      resource,
      {
        projectCapacity: projectCapacities[index] as Quantity,
        memberCapacity: memberCapacities[index] as Quantity,
      },
    ]),
  );
}

/** An application, and whose it is. */
export interface StoredApplication extends ProjectApplication {
  /** Uuid of the project. */
  readonly project: string;
}

/**
 * Returns an application, or undefined. What is proposed never changes; its state is stable as long
 * as the caller has locked the project.
 */
export async function findApplication(tx: Tx, id: bigint): Promise<StoredApplication | undefined> {
  const [row] = await tx.query<PrefixedRow & { readonly project: string }>(
    {
      name: 'project-applications-find',
      text: `select ${applicationColumns('')}, p.uuid as project, c.*
               from project_applications a
               join projects p on p.id = a.project_id
              cross join ${gatheredCapacities('project_application_grants', 'g.application_id = a.id', '')} c
              where a.id = $1`,
    },
    [id],
  );
  const application = row && applicationFrom(row, '');
  return application ? { ...application, project: row.project } : undefined;
}

/** Returns the pending application of a project and whose it is, or undefined. */
export async function findPending(
  tx: Tx,
  projectId: bigint,
): Promise<{ readonly id: bigint; readonly applicant: string } | undefined> {
  const [row] = await tx.query<{ id: bigint; applicant: string }>(
    {
      name: 'project-applications-pending',
      text: `select id, applicant from project_applications
              where project_id = $1 and state = 'pending'`,
    },
    [projectId],
  );
  return row;
}

/** Stores a pending application with its capacities and returns its id. The project is locked. */
export async function insertApplication(
  tx: Tx,
  projectId: bigint,
  applicant: string,
  proposal: Proposal,
  now: Date,
): Promise<bigint> {
  const resources = [...proposal.resources];
  const [row] = await tx.query<{ id: bigint }>(
    {
      name: 'project-applications-insert',
      text: `with inserted as (
               insert into project_applications
                      (project_id, applicant, state, issued_at, owner, name, homepage, description,
                       comments, start_date, end_date, join_policy, leave_policy, max_members, private)
               values ($1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
               returning id
             ), granted as (
               insert into project_application_grants
                      (application_id, resource, project_capacity, member_capacity)
               select i.id, g.*
                 from inserted i,
                      unnest($15::text[], $16::bigint[], $17::bigint[]) as g
             )
             select id from inserted`,
    },
    [
      ...[projectId, applicant, now, proposal.owner, proposal.name, proposal.homepage],
      ...[proposal.description, proposal.comments],
      ...[isoFrom(proposal.startDate), isoFrom(proposal.endDate)],
      ...[proposal.joinPolicy, proposal.leavePolicy, proposal.maxMembers, proposal.isPrivate],
      resources.map(([resource]) => resource),
      resources.map(([, { projectCapacity }]) => projectCapacity),
      resources.map(([, { memberCapacity }]) => memberCapacity),
    ],
  );
  if (row === undefined) throw new Error('an application was written and is not there');
  return row.id;
}

/** Marks an application that a newer one takes the place of. The project is locked. */
export async function replaceApplication(tx: Tx, id: bigint): Promise<void> {
  await tx.query(
    {
      name: 'project-applications-replace',
      text: `update project_applications set state = 'replaced' where id = $1`,
    },
    [id],
  );
}

/** Writes what became of an application, and who said what to it. The project is locked. */
export async function settleApplication(
  tx: Tx,
  { id, state }: { readonly id: bigint; readonly state: ApplicationState },
  action: ApplicationAction,
  { actor, reason }: Cause,
  now: Date,
): Promise<void> {
  await tx.query(
    action === 'approve' || action === 'deny'
      ? {
          name: 'project-applications-respond',
          text: `update project_applications
                    set state = $2, responded_at = $3, response_actor = $4, response = $5
                  where id = $1`,
        }
      : {
          name: 'project-applications-waive',
          text: `update project_applications
                    set state = $2, waived_at = $3, waive_actor = $4, waive_reason = $5
                  where id = $1`,
        },
    [id, state, now, actor, reason],
  );
}

/**
 * Returns at most `limit` applications of a project behind an id, oldest first.
 *
 * @param resources - those whose capacities are told.
 */
export async function listApplications(
  tx: Tx,
  projectId: bigint,
  resources: readonly string[],
  { after, limit }: { readonly after: bigint; readonly limit: number },
): Promise<ProjectApplication[]> {
  const shown = 'g.application_id = a.id and g.resource = any($2::text[])';
  const rows = await tx.query<PrefixedRow>(
    {
      name: 'project-applications-list',
      text: `select ${applicationColumns('')}, c.*
               from project_applications a
              cross join ${gatheredCapacities('project_application_grants', shown, '')} c
              where a.project_id = $1 and a.id > $3
              order by a.id
              limit $4`,
    },
    [projectId, resources, after, limit],
  );
  return rows.flatMap((row) => applicationFrom(row, '') ?? []);
}

/** Microseconds, and years before 100, survive only so. */
function isoFrom(date: Date | null): string | null {
  return date?.toISOString() ?? null;
}
