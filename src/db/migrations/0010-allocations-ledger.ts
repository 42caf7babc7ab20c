import type { Knex } from 'knex';

/** Who provides what, and which consumer has how much of it. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    -- Standard classes count up from 0 in the order of the document, custom ones from 10000.
    create sequence resource_class_ids start with 10000;
    create table resource_classes (
      id bigint primary key default nextval('resource_class_ids'),
      name text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint resource_classes_name_key unique (name),
      constraint resource_classes_name_check check (name ~ '^[A-Z0-9_]{1,255}$'),
      constraint resource_classes_id_check check ((id < 10000) = (name !~ '^CUSTOM_'))
    );
    alter sequence resource_class_ids owned by resource_classes.id;

    create table traits (
      id bigint generated always as identity primary key,
      name text not null,
      created_at timestamptz not null default now(),
      constraint traits_name_key unique (name),
      constraint traits_name_check check (name ~ '^[A-Z0-9_]{1,255}$')
    );

    -- A root is its own root, so its id has to be known before it is inserted.
    create sequence resource_provider_ids;
    create table resource_providers (
      id bigint primary key default nextval('resource_provider_ids'),
      uuid text not null,
      name text not null,
      generation bigint not null default 0,
      parent_provider_id bigint,
      root_provider_id bigint not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint resource_providers_uuid_key unique (uuid),
      constraint resource_providers_name_key unique (name),
      constraint resource_providers_parent_provider_id_fkey
        foreign key (parent_provider_id) references resource_providers (id),
      constraint resource_providers_root_provider_id_fkey
        foreign key (root_provider_id) references resource_providers (id),
      constraint resource_providers_uuid_check check (
        uuid ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
      constraint resource_providers_name_check check (char_length(name) between 1 and 200),
      constraint resource_providers_generation_check check (generation >= 0),
      constraint resource_providers_parent_provider_id_check check (parent_provider_id <> id),
      constraint resource_providers_root_provider_id_check check (
        (parent_provider_id is null) = (root_provider_id = id))
    );
    alter sequence resource_provider_ids owned by resource_providers.id;
    create index resource_providers_parent_provider_id_idx on resource_providers (parent_provider_id);
    create index resource_providers_root_provider_id_idx on resource_providers (root_provider_id);

    create table inventories (
      resource_provider_id bigint not null,
      resource_class_id bigint not null,
      total bigint not null,
      reserved bigint not null,
      min_unit bigint not null,
      max_unit bigint not null,
      step_size bigint not null,
      allocation_ratio double precision not null,
      -- The sum of the allocations, written with them: the ledger does not add up rows to judge a claim.
      used bigint not null default 0,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint inventories_pkey primary key (resource_provider_id, resource_class_id),
      constraint inventories_resource_provider_id_fkey
        foreign key (resource_provider_id) references resource_providers (id),
      constraint inventories_resource_class_id_fkey
        foreign key (resource_class_id) references resource_classes (id),
      constraint inventories_total_check check (total between 1 and 2147483647),
      constraint inventories_reserved_check check (reserved between 0 and total),
      constraint inventories_min_unit_check check (min_unit between 1 and 2147483647),
      constraint inventories_max_unit_check check (max_unit between 1 and 2147483647),
      constraint inventories_step_size_check check (step_size between 1 and 2147483647),
      constraint inventories_allocation_ratio_check check (allocation_ratio <= 3.40282e38),
      constraint inventories_used_check check (used >= 0)
    );
    create index inventories_resource_class_id_idx on inventories (resource_class_id);

    create table provider_traits (
      resource_provider_id bigint not null,
      trait_id bigint not null,
      created_at timestamptz not null default now(),
      constraint provider_traits_pkey primary key (resource_provider_id, trait_id),
      constraint provider_traits_resource_provider_id_fkey
        foreign key (resource_provider_id) references resource_providers (id),
      constraint provider_traits_trait_id_fkey foreign key (trait_id) references traits (id)
    );
    create index provider_traits_trait_id_idx on provider_traits (trait_id);

    -- An aggregate is nothing but its uuid.
    create table provider_aggregates (
      resource_provider_id bigint not null,
      aggregate_uuid text not null,
      created_at timestamptz not null default now(),
      constraint provider_aggregates_pkey primary key (resource_provider_id, aggregate_uuid),
      constraint provider_aggregates_resource_provider_id_fkey
        foreign key (resource_provider_id) references resource_providers (id),
      constraint provider_aggregates_aggregate_uuid_check check (
        char_length(aggregate_uuid) between 1 and 255)
    );
    create index provider_aggregates_aggregate_uuid_idx on provider_aggregates (aggregate_uuid);

    -- Exists while it has allocations.
    create table consumers (
      id bigint generated always as identity primary key,
      uuid text not null,
      generation bigint not null,
      project_id text not null,
      user_id text not null,
      -- Null: nobody has said it.
      consumer_type text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint consumers_uuid_key unique (uuid),
      constraint consumers_uuid_check check (
        uuid ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
      constraint consumers_generation_check check (generation >= 1),
      constraint consumers_project_id_check check (char_length(project_id) between 1 and 255),
      constraint consumers_user_id_check check (char_length(user_id) between 1 and 255),
      constraint consumers_consumer_type_check check (consumer_type ~ '^[A-Z0-9_]{1,255}$')
    );
    create index consumers_project_id_user_id_idx on consumers (project_id, user_id);

    create table allocations (
      consumer_id bigint not null,
      resource_provider_id bigint not null,
      resource_class_id bigint not null,
      used bigint not null,
      created_at timestamptz not null default now(),
      constraint allocations_pkey primary key (consumer_id, resource_provider_id, resource_class_id),
      constraint allocations_consumer_id_fkey foreign key (consumer_id) references consumers (id),
      -- An inventory in use cannot be removed.
      constraint allocations_resource_provider_id_resource_class_id_fkey
        foreign key (resource_provider_id, resource_class_id)
        references inventories (resource_provider_id, resource_class_id),
      constraint allocations_used_check check (used >= 1)
    );
    create index allocations_resource_provider_id_consumer_id_idx
      on allocations (resource_provider_id, consumer_id);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop table allocations;
    drop table consumers;
    drop table provider_aggregates;
    drop table provider_traits;
    drop table inventories;
    drop table resource_providers;
    drop table traits;
    drop table resource_classes;
  `);
}
