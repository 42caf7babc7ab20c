import { breaksUnique, RepeatTransaction } from '../../db/errors.js';
import { sql, type Tx } from '../../db/tx.js';
import type { Cause } from '../domain/cause.js';
import { EFFECTIVE_STATES } from '../domain/membership-states.js';
import { isAlive } from '../domain/project-states.js';
import type { NewProject, Project } from '../domain/project.js';
import { momentIn, momentText } from './moments.js';

/** Columns that NewProject and Project share, as one JSON record of a set. */
const RECORD = `uuid text, realname text, name text, state text, "suspensionReason" text,
  owner text, homepage text, description text, "endDate" timestamptz, "joinPolicy" text,
  "leavePolicy" text, "maxMembers" bigint, "isPrivate" boolean`;

/**
 * Returns the projects that exist among `uuids`, locked against every other change until the
 * transaction ends: whatever changes a project, its capacities or memberships starts here. Rows
 * are locked in ascending order of id, so that two callers never wait for each other.
 */
export async function lockProjects(tx: Tx, uuids: readonly string[]): Promise<Project[]> {
  const rows = await tx.query<Omit<Project, 'endDate'> & { readonly endDate: string }>(
    {
      name: 'projects-lock',
      text: `select id, uuid, realname, state, suspension_reason as "suspensionReason", owner,
                    homepage, description, ${momentText('end_date')} as "endDate",
                    join_policy as "joinPolicy", leave_policy as "leavePolicy",
                    max_members as "maxMembers", private as "isPrivate",
                    is_system as "isSystem", last_application as "lastApplication"
               from projects where uuid = any($1::text[]) order by id for no key update`,
    },
    [uuids],
  );
  return rows.map((row) => ({ ...row, endDate: momentIn(row.endDate) }));
}

/**
 * Stores projects and returns the key of each; projects whose uuid exists are left alone and are
 * missing in what is returned. The names of alive ones must be free.
 */
export async function insertProjects(
  tx: Tx,
  projects: readonly NewProject[],
  now: Date,
): Promise<{ readonly id: bigint; readonly uuid: string }[]> {
  return reserving(
    tx.query(
      {
        name: 'projects-insert',
        text: `insert into projects (uuid, realname, name, state, suspension_reason, owner, homepage,
                                     description, end_date, join_policy, leave_policy, max_members,
                                     private, is_system, created_at, updated_at)
               select uuid, realname, name, state, "suspensionReason", owner, homepage,
                      description, "endDate", "joinPolicy", "leavePolicy", "maxMembers",
                      "isPrivate", "isSystem", $2::timestamptz, $2::timestamptz
                 from jsonb_to_recordset($1::jsonb) as (${RECORD}, "isSystem" boolean)
               on conflict (uuid) do nothing
               returning id, uuid`,
      },
      [recordsOf(projects), now],
    ),
  );
}

/**
 * Writes what changed about projects, and a row of the log for each that comes to another state.
 * Reserved names must be free, or parked.
 *
 * @param cause - of the changes of state; a reason for suspending that a project has itself wins.
 */
export async function updateProjects(
  tx: Tx,
  projects: readonly Project[],
  now: Date,
  cause: Cause,
): Promise<void> {
  await reserving(
    tx.query(
      {
        name: 'projects-update',
        // All parts see the projects as they were before.
        text: `with wanted as (
                 select * from jsonb_to_recordset($1::jsonb)
                   as (id bigint, "lastApplication" bigint, ${RECORD})
               ), logged as (
                 insert into project_log (project_id, from_state, to_state, at, actor, reason)
                 select p.id, p.state, w.state, $2::timestamptz, $3::text,
                        coalesce(w."suspensionReason", $4::text)
                   from wanted w join projects p on p.id = w.id
                  where p.state <> w.state
                  order by p.id
               )
               update projects p
                  set realname = w.realname, name = w.name, state = w.state,
                      suspension_reason = w."suspensionReason", owner = w.owner,
                      homepage = w.homepage, description = w.description, end_date = w."endDate",
                      join_policy = w."joinPolicy", leave_policy = w."leavePolicy",
                      max_members = w."maxMembers", private = w."isPrivate",
                      last_application = w."lastApplication", updated_at = $2
                 from wanted w
                where p.id = w.id`,
      },
      [recordsOf(projects), now, cause.actor, cause.reason],
    ),
  );
}

/** Notes which application of a project is its newest one; it is stored already. */
export async function setLastApplication(
  tx: Tx,
  id: bigint,
  application: bigint,
  now: Date,
): Promise<void> {
  await tx.query(
    {
      name: 'projects-set-last-application',
      text: 'update projects set last_application = $2, updated_at = $3 where id = $1',
    },
    [id, application, now],
  );
}

/** Has the transaction repeated when a name was reserved without the lock; the holder is told then. */
async function reserving<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    if (!breaksUnique(error, 'projects_name_key')) throw error;
    throw new RepeatTransaction('a name was reserved meanwhile', { cause: error });
  }
}

/**
 * Gives alive projects names that nobody else can want, until updateProjects gives them their own:
 * the unique constraint is checked row by row, and names may go round in a circle.
 */
export async function parkNames(tx: Tx, ids: readonly bigint[]): Promise<void> {
  await tx.query(
    {
      text: `update projects set name = 'parked:' || uuid, realname = 'parked:' || uuid
              where id = any($1::bigint[])`,
    },
    [ids],
  );
}

/** Returns which alive project holds each of the names that are taken. */
export async function holdersOfNames(
  tx: Tx,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<{ name: string; uuid: string }>(
    {
      name: 'projects-name-holders',
      text: 'select name, uuid from projects where name = any($1::text[])',
    },
    [names],
  );
  return new Map(rows.map(({ name, uuid }) => [name, uuid]));
}

/** Returns the uuids among `uuids` that ordinary projects have. */
export async function ordinaryProjectsAmong(tx: Tx, uuids: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ uuid: string }>(
    { text: 'select uuid from projects where uuid = any($1::text[]) and not is_system' },
    [uuids],
  );
  return rows.map(({ uuid }) => uuid);
}

/** Returns the projects, not deleted, in which the user is an effective member, by id. */
export async function effectiveProjectsOf(
  tx: Tx,
  userUuid: string,
): Promise<{ readonly id: string; readonly name: string }[]> {
  return tx.run(
    sql('project_memberships as m')
      .join('projects as p', 'p.id', 'm.project_id')
      .where('m.user_uuid', userUuid)
      .whereIn('m.state', EFFECTIVE_STATES)
      .whereNot('p.state', 'deleted')
      // As bytes: the same order whatever the collation of the database.
      .orderByRaw('p.uuid collate "C"')
      .select({ id: 'p.uuid', name: 'p.realname' }),
  );
}

function recordsOf(projects: readonly (NewProject | Project)[]): string {
  return JSON.stringify(
    projects.map((project) => ({
      ...project,
      name: isAlive(project.state) ? project.realname : null,
    })),
    // JSON has no bigint; Postgres reads the digits of a string as well.
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
}
