import type { Tx } from '../../db/tx.js';
import type { Cause } from '../domain/cause.js';
import {
  meansInitialized,
  MEMBER_STATES,
  type ProjectMembershipState,
} from '../domain/membership-states.js';
import type { SuspensionReason } from '../domain/suspension.js';

/** Which membership: at most one per project and user. */
export interface ProjectMembershipKey {
  readonly projectId: bigint;
  readonly user: string;
}

/** A membership and how it stands. */
export interface ProjectMembershipRow extends ProjectMembershipKey {
  readonly state: ProjectMembershipState;
  /** Null unless suspended, and when suspended by hand. */
  readonly suspensionReason: SuspensionReason | null;
}

/** A membership that is stored. */
export interface StoredMembership extends ProjectMembershipRow {
  readonly id: bigint;
}

/**
 * Returns the memberships that exist among `keys`. Stable as long as the caller has locked the
 * projects, whose rows guard their memberships.
 */
export async function membershipsAmong(
  tx: Tx,
  keys: readonly ProjectMembershipKey[],
): Promise<StoredMembership[]> {
  return tx.query(
    {
      name: 'project-memberships-read',
      text: `select id, project_id as "projectId", user_uuid as "user", state,
                    suspension_reason as "suspensionReason"
               from project_memberships
               join unnest($1::bigint[], $2::text[]) as k (project_id, user_uuid)
              using (project_id, user_uuid)`,
    },
    [keys.map(({ projectId }) => projectId), keys.map(({ user }) => user)],
  );
}

/**
 * Returns the part of a statement that logs what `written`, another part of it, did to memberships:
 * the state each had before, if any, and the one it has now. One statement does both, so that no
 * membership ever changes without it.
 */
export function logged(written: string, at: string, actor: string, reason: string): string {
  return `insert into project_membership_log (membership_id, from_state, to_state, at, actor, reason)
          select id, from_state, to_state, ${at}, ${actor}, ${reason} from ${written}
           order by id
          returning membership_id as id`;
}

/**
 * Creates memberships or moves them to the given states, logs it, and returns their ids in no
 * order. Each project and user at most once; who was initialized stays so. The projects are locked.
 *
 * @param cause - a suspension that has a reason of its own is logged with that one.
 */
export async function putMemberships(
  tx: Tx,
  rows: readonly ProjectMembershipRow[],
  { actor, reason }: Cause,
  now: Date,
): Promise<bigint[]> {
  const written = await tx.query<{ id: bigint }>(
    {
      name: 'project-memberships-put',
      text: `with wanted as (
               select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::boolean[])
                 as w (project_id, user_uuid, state, suspension_reason, initialized)),
             before as (
               select project_id, user_uuid, m.state
                 from project_memberships m join wanted using (project_id, user_uuid)),
             put as (
               insert into project_memberships
                      (project_id, user_uuid, state, suspension_reason, initialized,
                       created_at, updated_at)
               select *, $6::timestamptz, $6::timestamptz from wanted
               on conflict (user_uuid, project_id) do update
                  set state = excluded.state, suspension_reason = excluded.suspension_reason,
                      updated_at = excluded.updated_at,
                      initialized = project_memberships.initialized or excluded.initialized
               returning id, project_id, user_uuid, state, suspension_reason),
             step as (
               select id, b.state as from_state, put.state as to_state, suspension_reason
                 from put left join before b using (project_id, user_uuid))
             ${logged('step', '$6', '$7::text', 'coalesce(suspension_reason, $8::text)')}`,
    },
    [
      rows.map(({ projectId }) => projectId),
      rows.map(({ user }) => user),
      rows.map(({ state }) => state),
      rows.map(({ suspensionReason }) => suspensionReason),
      rows.map(({ state }) => meansInitialized(state)),
      now,
      actor,
      reason,
    ],
  );
  return written.map(({ id }) => id);
}

/** Returns whose membership in which project it is, which never changes, or undefined. */
export async function findMembershipOf(
  tx: Tx,
  id: bigint,
): Promise<{ readonly project: string; readonly user: string } | undefined> {
  const [found] = await tx.query<{ project: string; user: string }>(
    {
      name: 'project-memberships-find',
      text: `select p.uuid as project, m.user_uuid as "user"
               from project_memberships m join projects p on p.id = m.project_id where m.id = $1`,
    },
    [id],
  );
  return found;
}

/**
 * Returns how many members a project has, suspended ones included. Stable as long as the caller has
 * locked the project.
 */
export async function countMembers(tx: Tx, projectId: bigint): Promise<bigint> {
  const [row] = await tx.query<{ members: bigint }>(
    {
      name: 'project-memberships-count',
      text: `select count(*) as members from project_memberships
              where project_id = $1 and state = any($2::text[])`,
    },
    [projectId, MEMBER_STATES],
  );
  return row?.members ?? 0n;
}
