import type { Knex } from 'knex';

/** How every membership came to stand as it does, one row per step. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table project_membership_log (
      id bigint generated always as identity primary key,
      membership_id bigint not null,
      -- Null in the first row of a membership.
      from_state text,
      to_state text not null,
      at timestamptz not null,
      -- Who did it; null when it was nobody's call. Without a foreign key, which would lock the row of
      -- an account behind that of a project.
      actor text,
      reason text,
      constraint project_membership_log_membership_id_fkey foreign key (membership_id) references project_memberships (id),
      constraint project_membership_log_from_state_check check (
        from_state in ('requested', 'accepted', 'leave_requested', 'suspended', 'rejected', 'cancelled', 'removed')),
      constraint project_membership_log_to_state_check check (
        to_state in ('requested', 'accepted', 'leave_requested', 'suspended', 'rejected', 'cancelled', 'removed'))
    );
    create index project_membership_log_membership_id_idx on project_membership_log (membership_id, to_state, at);
    -- Whose account is deactivated: few, and asked for with every request to join.
    create index project_memberships_suspension_idx on project_memberships (user_uuid)
      where suspension_reason is not null;

    -- What was before is not known; that it came to stand so is.
    insert into project_membership_log (membership_id, to_state, at, reason)
      select id, state, updated_at, suspension_reason from project_memberships order by id;
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop index project_memberships_suspension_idx;
    drop table project_membership_log;
  `);
}
