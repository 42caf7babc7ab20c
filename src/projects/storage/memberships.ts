import type { Tx } from '../../db/tx.js';
import { meansInitialized, type ProjectMembershipState } from '../domain/membership-states.js';
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

/**
 * Returns the memberships that exist among `keys`. Stable as long as the caller has locked the
 * projects, whose rows guard their memberships.
 */
export async function membershipsAmong(
  tx: Tx,
  keys: readonly ProjectMembershipKey[],
): Promise<ProjectMembershipRow[]> {
  return tx.query(
    {
      name: 'project-memberships-read',
      text: `select project_id as "projectId", user_uuid as "user", state,
                    suspension_reason as "suspensionReason"
               from project_memberships
               join unnest($1::bigint[], $2::text[]) as k (project_id, user_uuid)
              using (project_id, user_uuid)`,
    },
    [keys.map(({ projectId }) => projectId), keys.map(({ user }) => user)],
  );
}

/**
 * Creates memberships or moves them to the given states, and returns their ids in no order. Each
 * project and user at most once; who was initialized stays so.
 */
export async function putMemberships(
  tx: Tx,
  rows: readonly ProjectMembershipRow[],
  now: Date,
): Promise<bigint[]> {
  const written = await tx.query<{ id: bigint }>(
    {
      name: 'project-memberships-put',
      text: `insert into project_memberships
                    (project_id, user_uuid, state, suspension_reason, initialized,
                     created_at, updated_at)
             select *, $6::timestamptz, $6::timestamptz
               from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::boolean[])
             on conflict (user_uuid, project_id) do update
                set state = excluded.state, suspension_reason = excluded.suspension_reason,
                    updated_at = excluded.updated_at,
                    initialized = project_memberships.initialized or excluded.initialized
             returning id`,
    },
    [
      rows.map(({ projectId }) => projectId),
      rows.map(({ user }) => user),
      rows.map(({ state }) => state),
      rows.map(({ suspensionReason }) => suspensionReason),
      rows.map(({ state }) => meansInitialized(state)),
      now,
    ],
  );
  return written.map(({ id }) => id);
}
