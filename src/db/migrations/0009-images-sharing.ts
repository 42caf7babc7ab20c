import type { Knex } from 'knex';

/** Images as metadata, and the projects they are shared with. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table images (
      -- Text, because callers choose ids and their spelling counts; bytewise, so that pages have one order.
      id text collate "C" not null,
      name text collate "C",
      status text collate "C" not null default 'queued',
      visibility text not null default 'shared',
      owner text,
      protected boolean not null default false,
      os_hidden boolean not null default false,
      disk_format text collate "C",
      container_format text collate "C",
      size bigint,
      virtual_size bigint,
      min_disk integer not null default 0,
      min_ram integer not null default 0,
      checksum text,
      os_hash_algo text,
      os_hash_value text,
      -- Sets that are read and written with their image, and only then.
      tags text[] not null default '{}',
      properties jsonb not null default '{}',
      created_at timestamptz not null,
      updated_at timestamptz not null,
      -- The row of a deleted image stays: its id is never given out again.
      deleted_at timestamptz,
      constraint images_pkey primary key (id),
      constraint images_id_check check (
        id ~ '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'),
      constraint images_name_check check (char_length(name) <= 255),
      constraint images_status_check check (
        status in ('queued', 'saving', 'active', 'killed', 'deleted', 'uploading', 'importing',
                   'pending_delete', 'deactivated')),
      constraint images_visibility_check check (
        visibility in ('private', 'shared', 'community', 'public')),
      constraint images_owner_check check (char_length(owner) <= 255),
      constraint images_protected_check check (not protected or deleted_at is null),
      constraint images_formats_check check (
        char_length(disk_format) <= 20 and char_length(container_format) <= 20),
      constraint images_sizes_check check (size >= 0 and virtual_size >= 0),
      constraint images_minima_check check (min_disk >= 0 and min_ram >= 0),
      constraint images_hashes_check check (
        char_length(checksum) <= 32 and char_length(os_hash_algo) <= 64 and char_length(os_hash_value) <= 128),
      constraint images_tags_check check (array_position(tags, null) is null),
      constraint images_properties_check check (
        jsonb_typeof(properties) = 'object'
        and not jsonb_path_exists(properties, '$.* \\? (@.type() != "string")')),
      constraint images_deleted_at_check check (
        case when deleted_at is null then status <> 'deleted'
             else status = 'deleted' and properties = '{}' and tags = '{}' end)
    );
    -- Pages: one walk per visibility or owner, newest first (the default) or by name.
    create index images_visibility_created_at_idx on images (visibility, created_at, id)
      where deleted_at is null;
    create index images_owner_created_at_idx on images (owner, created_at, id) where deleted_at is null;
    create index images_visibility_name_idx on images (visibility, (coalesce(name, '')), created_at, id)
      where deleted_at is null;
    create index images_owner_name_idx on images (owner, (coalesce(name, '')), created_at, id)
      where deleted_at is null;
    create index images_updated_at_idx on images (updated_at, created_at, id) where deleted_at is null;
    create index images_tags_idx on images using gin (tags) where deleted_at is null;
    create index images_properties_idx on images using gin (properties jsonb_path_ops)
      where deleted_at is null;

    create table image_members (
      image_id text collate "C" not null,
      member text collate "C" not null,
      status text not null default 'pending',
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint image_members_pkey primary key (image_id, member),
      constraint image_members_image_id_fkey foreign key (image_id) references images (id),
      constraint image_members_member_check check (char_length(member) between 1 and 255),
      constraint image_members_status_check check (status in ('pending', 'accepted', 'rejected'))
    );
    -- The list of a member: what is shared with it, by its answer.
    create index image_members_member_status_idx on image_members (member, status, image_id);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop table image_members;
    drop table images;
  `);
}
