import type { Knex } from 'knex';

/** Projects, what they may use, and who belongs to them. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table projects (
      id bigint generated always as identity primary key,
      uuid text not null,
      realname text not null,
      -- The reserved name: set only while the project is alive.
      name text,
      state text not null,
      -- Why it is suspended, unless by hand.
      suspension_reason text,
      owner text,
      homepage text not null default '',
      description text not null default '',
      end_date timestamptz not null,
      join_policy text not null default 'moderated',
      leave_policy text not null default 'auto',
      max_members bigint not null default 9223372036854775807,
      private boolean not null default false,
      is_system boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint projects_uuid_key unique (uuid),
      constraint projects_name_key unique (name),
      constraint projects_owner_fkey foreign key (owner) references users (uuid),
      constraint projects_uuid_check check (char_length(uuid) between 1 and 255),
      constraint projects_realname_check check (char_length(realname) between 1 and 300),
      constraint projects_name_check check (
        case when state in ('active', 'suspended') then name is not null and name = realname else name is null end),
      constraint projects_state_check check (
        state in ('uninitialized', 'active', 'suspended', 'terminated', 'deleted')),
      constraint projects_suspension_reason_check check (
        suspension_reason is null or (suspension_reason = 'user_deactivation' and state = 'suspended')),
      constraint projects_join_policy_check check (join_policy in ('auto', 'moderated', 'closed')),
      constraint projects_leave_policy_check check (leave_policy in ('auto', 'moderated', 'closed')),
      constraint projects_max_members_check check (max_members >= 0),
      constraint projects_system_check check (not is_system or owner is null)
    );
    create index projects_owner_idx on projects (owner);
    create index projects_state_idx on projects (state);

    create table project_quotas (
      project_id bigint not null,
      resource text not null,
      project_capacity bigint not null,
      member_capacity bigint not null,
      constraint project_quotas_pkey primary key (project_id, resource),
      constraint project_quotas_project_id_fkey foreign key (project_id) references projects (id),
      constraint project_quotas_resource_fkey foreign key (resource) references resources (name),
      constraint project_quotas_project_capacity_check check (project_capacity >= 0),
      constraint project_quotas_member_capacity_check check (member_capacity >= 0)
    );
    create index project_quotas_resource_idx on project_quotas (resource);

    create table project_memberships (
      id bigint generated always as identity primary key,
      project_id bigint not null,
      user_uuid text not null,
      state text not null,
      suspension_reason text,
      initialized boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint project_memberships_user_uuid_project_id_key unique (user_uuid, project_id),
      constraint project_memberships_project_id_fkey foreign key (project_id) references projects (id),
      constraint project_memberships_user_uuid_fkey foreign key (user_uuid) references users (uuid),
      constraint project_memberships_state_check check (
        state in ('requested', 'accepted', 'leave_requested', 'suspended', 'rejected', 'cancelled', 'removed')),
      constraint project_memberships_suspension_reason_check check (
        suspension_reason is null or (suspension_reason = 'user_deactivation' and state = 'suspended')),
      constraint project_memberships_initialized_check check (
        initialized or state not in ('accepted', 'leave_requested', 'suspended', 'removed'))
    );
    create index project_memberships_project_id_idx on project_memberships (project_id, state);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop table project_memberships;
    drop table project_quotas;
    drop table projects;
  `);
}
