import type { Tx } from '../../db/tx.js';
import { EFFECTIVE_STATES } from '../domain/membership-states.js';
import type { Project } from '../domain/project.js';
import { USER_DEACTIVATION } from '../domain/suspension.js';
import { logged } from './memberships.js';

/** What was changed. */
export interface Changed {
  readonly projects: readonly ChangedProject[];
  readonly memberships: readonly ChangedMembership[];
}

/** A project that was changed. */
export type ChangedProject = Pick<Project, 'id' | 'uuid' | 'realname' | 'owner'>;

/** A membership that was changed. */
export interface ChangedMembership {
  readonly id: bigint;
  readonly user: string;
  /** Uuid and name shown. */
  readonly project: string;
  readonly projectName: string;
}

/** Projects that hang on an account: the user's own system project, and those the user owns. */
const PROJECTS_OF_USERS = `
  select id from projects where uuid = any($1::text[]) and is_system
  union all select id from projects where owner = any($1::text[])`;

/**
 * Locks every project that one of the users owns or has a membership of any state in, and their
 * system projects, in ascending order of id: whatever the states of projects and memberships turn
 * out to be once others have finished with them, they stay so.
 */
export async function lockProjectsOfUsers(tx: Tx, users: readonly string[]): Promise<void> {
  await tx.query(
    {
      name: 'projects-lock-of-users',
      // A union, because each of its parts has an index of its own. System projects are among
      // those with memberships.
      text: `select id from projects
              where id in (select id from projects where owner = any($1::text[])
                           union
                           select project_id from project_memberships
                            where user_uuid = any($1::text[]))
              order by id for no key update`,
    },
    [users],
  );
}

/**
 * Suspends the system projects of the users, the active projects they own and their effective
 * memberships, and notes the deactivation as the reason; what is suspended keeps its own. The
 * projects are locked.
 */
export async function suspendForDeactivation(
  tx: Tx,
  users: readonly string[],
  now: Date,
): Promise<Changed> {
  const projects = await tx.query<ChangedProject>(
    {
      name: 'projects-suspend-of-users',
      text: `with changed as (
               update projects set state = 'suspended', suspension_reason = $2, updated_at = $3
                where id in (${PROJECTS_OF_USERS}) and state = 'active'
               returning id, uuid, realname, owner
             ), logged as (
               insert into project_log (project_id, from_state, to_state, at, reason)
               select id, 'active', 'suspended', $3, $2 from changed order by id
             )
             select * from changed order by id`,
    },
    [users, USER_DEACTIVATION, now],
  );
  const memberships = await tx.query<ChangedMembership>(
    {
      name: 'project-memberships-suspend-of-users',
      text: moved(
        `set state = 'suspended', suspension_reason = $2, updated_at = $3`,
        'state = any($4::text[])',
      ),
    },
    [users, USER_DEACTIVATION, now, EFFECTIVE_STATES],
  );
  return { projects, memberships };
}

/**
 * Takes back what suspendForDeactivation did, as far as the deactivation still is the reason:
 * projects are active and memberships accepted again. The projects are locked; being suspended, they
 * have kept their names.
 */
export async function resumeAfterDeactivation(
  tx: Tx,
  users: readonly string[],
  now: Date,
): Promise<Changed> {
  const projects = await tx.query<ChangedProject>(
    {
      name: 'projects-resume-of-users',
      text: `with changed as (
               update projects set state = 'active', suspension_reason = null, updated_at = $3
                where id in (${PROJECTS_OF_USERS}) and suspension_reason = $2
               returning id, uuid, realname, owner
             ), logged as (
               insert into project_log (project_id, from_state, to_state, at, reason)
               select id, 'suspended', 'active', $3, $2 from changed order by id
             )
             select * from changed order by id`,
    },
    [users, USER_DEACTIVATION, now],
  );
  const memberships = await tx.query<ChangedMembership>(
    {
      name: 'project-memberships-resume-of-users',
      text: moved(
        `set state = 'accepted', suspension_reason = null, updated_at = $3`,
        'suspension_reason = $2',
      ),
    },
    [users, USER_DEACTIVATION, now],
  );
  return { projects, memberships };
}

/**
 * Returns which of the users are deactivated: those whose membership in their own system project is
 * suspended for that reason. Nothing but the account of its user ever changes that membership.
 */
export async function deactivatedAmong(
  tx: Tx,
  users: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ uuid: string }>(
    {
      name: 'projects-deactivated-users',
      text: `select p.uuid from projects p
               join project_memberships m on m.user_uuid = p.uuid and m.project_id = p.id
              where p.uuid = any($1::text[]) and p.is_system and m.suspension_reason = $2`,
    },
    [users, USER_DEACTIVATION],
  );
  return new Set(rows.map(({ uuid }) => uuid));
}

/**
 * Returns the statement that changes memberships of the users `$1`, logs it with the reason `$2` as
 * of `$3`, and returns them.
 */
function moved(change: string, condition: string): string {
  return `
    with before as (
      select id, state from project_memberships
       where user_uuid = any($1::text[]) and ${condition}),
    moved as (
      update project_memberships m ${change}
        from before b where m.id = b.id
      returning m.id, m.project_id, m.user_uuid, b.state as from_state, m.state as to_state),
    logged as (${logged('moved', '$3', 'null', '$2')})
    select m.id, m.user_uuid as "user", p.uuid as project, p.realname as "projectName"
      from moved m join projects p on p.id = m.project_id order by m.id`;
}
