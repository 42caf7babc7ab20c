import type { Knex } from 'knex';

/** What was applied for, how it was answered, and how projects came to stand as they do. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table project_applications (
      id bigint generated always as identity primary key,
      project_id bigint not null,
      applicant text not null,
      state text not null,
      -- What is proposed; null leaves the project as it is.
      owner text,
      name text,
      homepage text,
      description text,
      comments text,
      start_date timestamptz,
      end_date timestamptz,
      join_policy text,
      leave_policy text,
      max_members bigint,
      private boolean,
      issued_at timestamptz not null,
      responded_at timestamptz,
      response text,
      -- Without foreign keys, like the actor of the log: they would lock the row of an account behind
      -- that of a project.
      response_actor text,
      waived_at timestamptz,
      waive_reason text,
      waive_actor text,
      constraint project_applications_project_id_id_key unique (project_id, id),
      constraint project_applications_project_id_fkey foreign key (project_id) references projects (id),
      constraint project_applications_applicant_fkey foreign key (applicant) references users (uuid),
      constraint project_applications_owner_fkey foreign key (owner) references users (uuid),
      constraint project_applications_state_check check (
        state in ('pending', 'approved', 'replaced', 'denied', 'dismissed', 'cancelled')),
      constraint project_applications_name_check check (char_length(name) between 1 and 80),
      constraint project_applications_homepage_check check (char_length(homepage) <= 255),
      constraint project_applications_description_check check (char_length(description) <= 4096),
      constraint project_applications_comments_check check (char_length(comments) <= 4096),
      constraint project_applications_join_policy_check check (join_policy in ('auto', 'moderated', 'closed')),
      constraint project_applications_leave_policy_check check (leave_policy in ('auto', 'moderated', 'closed')),
      constraint project_applications_max_members_check check (max_members >= 0),
      constraint project_applications_start_date_check check (
        start_date >= '0001-01-01T00:00:00Z' and start_date < '10000-01-01T00:00:00Z'),
      constraint project_applications_end_date_check check (
        end_date >= '0001-01-01T00:00:00Z' and end_date < '10000-01-01T00:00:00Z'),
      constraint project_applications_responded_at_check check (
        (responded_at is not null) = (state in ('approved', 'denied', 'dismissed'))),
      constraint project_applications_response_check check (
        responded_at is not null or (response is null and response_actor is null)),
      constraint project_applications_waived_at_check check (
        (waived_at is not null) = (state in ('dismissed', 'cancelled'))),
      constraint project_applications_waive_reason_check check (
        waived_at is not null or (waive_reason is null and waive_actor is null))
    );
    create index project_applications_applicant_idx on project_applications (applicant);
    create unique index project_applications_pending_idx on project_applications (project_id) where state = 'pending';

    create table project_application_grants (
      application_id bigint not null,
      resource text not null,
      project_capacity bigint not null,
      member_capacity bigint not null,
      constraint project_application_grants_pkey primary key (application_id, resource),
      constraint project_application_grants_application_id_fkey
        foreign key (application_id) references project_applications (id),
      constraint project_application_grants_resource_fkey foreign key (resource) references resources (name),
      constraint project_application_grants_capacities_check check (
        0 <= member_capacity and member_capacity <= project_capacity)
    );

    create table project_log (
      id bigint generated always as identity primary key,
      project_id bigint not null,
      from_state text not null,
      to_state text not null,
      at timestamptz not null,
      -- Who did it; null for operators and for the system itself.
      actor text,
      reason text,
      constraint project_log_project_id_fkey foreign key (project_id) references projects (id),
      constraint project_log_from_state_check check (
        from_state in ('uninitialized', 'active', 'suspended', 'terminated', 'deleted')),
      constraint project_log_to_state_check check (
        to_state in ('uninitialized', 'active', 'suspended', 'terminated', 'deleted')),
      constraint project_log_change_check check (from_state <> to_state)
    );
    create index project_log_project_id_id_idx on project_log (project_id, id);
    create index project_log_deactivation_idx on project_log (project_id, at)
      where to_state in ('suspended', 'terminated');

    -- What was before is not known; that it is over for now is.
    insert into project_log (project_id, from_state, to_state, at, reason)
      select id, 'active', state, updated_at, suspension_reason
        from projects where state in ('suspended', 'terminated') order by id;

    alter table projects
      add column last_application bigint,
      -- Years of four digits: what is stored can be printed.
      add constraint projects_end_date_check check (
        end_date >= '0001-01-01T00:00:00Z' and end_date < '10000-01-01T00:00:00Z'),
      add constraint projects_last_application_fkey
        foreign key (id, last_application) references project_applications (project_id, id);
    create index projects_realname_idx on projects (realname);
    create index projects_end_date_idx on projects (end_date) where state in ('active', 'suspended');
    create index projects_public_idx on projects (id) where state = 'active' and not private;
    create index projects_created_at_uuid_idx on projects (created_at, uuid collate "C");
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop index projects_created_at_uuid_idx;
    drop index projects_public_idx;
    drop index projects_end_date_idx;
    drop index projects_realname_idx;
    alter table projects
      drop constraint projects_end_date_check,
      drop column last_application;
    drop table project_log;
    drop table project_application_grants;
    drop table project_applications;
  `);
}
