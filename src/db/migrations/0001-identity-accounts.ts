import type { Knex } from 'knex';

/** Users, components with their services, and the tokens of both. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table users (
      id bigint generated always as identity primary key,
      uuid text not null,
      username text not null,
      email text not null,
      full_name text not null default '',
      password_hash text,
      active boolean not null default true,
      accepted boolean not null default true,
      terms_signed boolean not null default true,
      project_admin boolean not null default false,
      staff boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint users_uuid_key unique (uuid),
      constraint users_username_key unique (username),
      constraint users_email_key unique (email),
      constraint users_uuid_check check (char_length(uuid) between 1 and 255),
      constraint users_username_check check (char_length(username) between 1 and 255),
      constraint users_email_check check (char_length(email) between 1 and 255)
    );

    create table components (
      id bigint generated always as identity primary key,
      name text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint components_name_key unique (name),
      constraint components_name_check check (char_length(name) between 1 and 255)
    );

    create table services (
      id bigint generated always as identity primary key,
      component_id bigint not null,
      name text not null,
      type text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint services_name_key unique (name),
      constraint services_component_id_fkey foreign key (component_id) references components (id),
      constraint services_name_check check (char_length(name) between 1 and 255)
    );
    create index services_component_id_idx on services (component_id);

    create table endpoints (
      service_id bigint not null,
      position integer not null,
      version_id text not null,
      region text not null,
      public_url text not null,
      ui_url text,
      constraint endpoints_pkey primary key (service_id, position),
      constraint endpoints_service_id_fkey foreign key (service_id) references services (id) on delete cascade
    );

    create table tokens (
      id bigint generated always as identity primary key,
      hash bytea not null,
      user_id bigint,
      component_id bigint,
      project text,
      roles text[] not null default '{}',
      expires_at timestamptz,
      created_at timestamptz not null default now(),
      revoked_at timestamptz,
      constraint tokens_hash_key unique (hash),
      constraint tokens_user_id_fkey foreign key (user_id) references users (id),
      constraint tokens_component_id_fkey foreign key (component_id) references components (id),
      constraint tokens_owner_check check (num_nonnulls(user_id, component_id) = 1),
      constraint tokens_hash_check check (octet_length(hash) = 32)
    );
    create index tokens_user_id_idx on tokens (user_id);
    create index tokens_component_id_idx on tokens (component_id);

    insert into components (name) values ('astakos');
    insert into services (component_id, name, type)
      select id, 'astakos_account', 'account' from components where name = 'astakos';
    -- A path: the deployment's own base URL is put before it when it is shown.
    insert into endpoints (service_id, position, version_id, region, public_url, ui_url)
      select id, 0, 'v1.0', 'default', '/account/v1.0', '/ui' from services where name = 'astakos_account';
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop table tokens;
    drop table endpoints;
    drop table services;
    drop table components;
    drop table users;
  `);
}
