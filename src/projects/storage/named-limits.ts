import type { Tx } from '../../db/tx.js';
import { INITIALIZED_STATES } from '../domain/project-states.js';
import type { MemberLimitRow, ProjectLimitRow } from './limits.js';

// Both texts run unnamed, so that they are planned with their values: for any values Postgres expects
// few names and reads every member of a project once per name of it.
const PROJECTS = {
  text: `
    select p.id, p.uuid as project, p.state as "projectState", q.resource,
           q.project_capacity as capacity
      from unnest($1::text[], $2::text[]) as k (project, resource)
      join projects p on p.uuid = k.project
      join project_quotas q on q.project_id = p.id and q.resource = k.resource
     where p.state = any($3::text[])`,
};

const MEMBERS = {
  text: `
    select m.id, p.uuid as project, p.state as "projectState", m.user_uuid as "user",
           m.state as "membershipState", q.resource, q.member_capacity as capacity
      from unnest($1::text[], $2::text[], $3::text[]) as k (project, resource, "user")
      join projects p on p.uuid = k.project
      join project_memberships m on m.user_uuid = k."user" and m.project_id = p.id
      join project_quotas q on q.project_id = p.id and q.resource = k.resource
     where m.initialized and p.state = any($4::text[])`,
};

/** Returns what the limits of those of the projects follow from that are initialized. */
export async function namedProjectLimits(
  tx: Tx,
  names: readonly { readonly project: string; readonly resource: string }[],
): Promise<ProjectLimitRow[]> {
  return tx.query<ProjectLimitRow>(PROJECTS, [
    names.map(({ project }) => project),
    names.map(({ resource }) => resource),
    INITIALIZED_STATES,
  ]);
}

/** Returns what the limits of those of the members follow from that are initialized, and in such projects. */
export async function namedMemberLimits(
  tx: Tx,
  names: readonly { readonly user: string; readonly project: string; readonly resource: string }[],
): Promise<MemberLimitRow[]> {
  return tx.query<MemberLimitRow>(MEMBERS, [
    names.map(({ project }) => project),
    names.map(({ resource }) => resource),
    names.map(({ user }) => user),
    INITIALIZED_STATES,
  ]);
}
