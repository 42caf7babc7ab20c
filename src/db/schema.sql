-- The schema as the migrations make it, in a fixed order, for reviews. Written by
-- `UPDATE_SCHEMA=1 make test-migrations`; never edited, never run.

create sequence commission_serials as bigint increment 1 start 1;

CREATE OR REPLACE FUNCTION public.keep_components()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception 'components are never deleted' using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.keep_holdings()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception 'holdings are never deleted or renamed' using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.keep_settled_commissions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception 'settled commissions are immutable' using errcode = 'restrict_violation';
    end $function$;

create table allocations (
  consumer_id bigint not null,
  resource_provider_id bigint not null,
  resource_class_id bigint not null,
  used bigint not null,
  created_at timestamp with time zone default now() not null,
  constraint allocations_pkey PRIMARY KEY (consumer_id, resource_provider_id, resource_class_id),
  constraint allocations_consumer_id_fkey FOREIGN KEY (consumer_id) REFERENCES consumers(id),
  constraint allocations_resource_provider_id_resource_class_id_fkey FOREIGN KEY (resource_provider_id, resource_class_id) REFERENCES inventories(resource_provider_id, resource_class_id),
  constraint allocations_used_check CHECK (used >= 1)
);

create table commission_requests (
  component_id bigint not null,
  request_id text not null,
  fingerprint bytea not null,
  serial bigint not null,
  created_at timestamp with time zone not null,
  constraint commission_requests_pkey PRIMARY KEY (component_id, request_id),
  constraint commission_requests_fingerprint_check CHECK (octet_length(fingerprint) = 32),
  constraint commission_requests_request_id_check CHECK (char_length(request_id) >= 1 AND char_length(request_id) <= 255)
);

create table commissions (
  serial bigint not null,
  component_id bigint not null,
  name text not null,
  issued_at timestamp with time zone not null,
  holding_ids bigint[] not null,
  quantities bigint[] not null,
  expires_at timestamp with time zone,
  constraint commissions_pkey PRIMARY KEY (serial),
  constraint commissions_name_check CHECK (char_length(name) <= 4096),
  constraint commissions_provisions_check CHECK (cardinality(holding_ids) = cardinality(quantities) AND array_position(holding_ids, NULL::bigint) IS NULL AND array_position(quantities, NULL::bigint) IS NULL),
  constraint commissions_serial_check CHECK (serial > 0)
);

create table components (
  id bigint generated always as identity not null,
  name text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint components_pkey PRIMARY KEY (id),
  constraint components_name_key UNIQUE (name),
  constraint components_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 255)
);

create table consumers (
  id bigint generated always as identity not null,
  uuid text not null,
  generation bigint not null,
  project_id text not null,
  user_id text not null,
  consumer_type text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint consumers_pkey PRIMARY KEY (id),
  constraint consumers_uuid_key UNIQUE (uuid),
  constraint consumers_consumer_type_check CHECK (consumer_type ~ '^[A-Z0-9_]{1,255}$'::text),
  constraint consumers_generation_check CHECK (generation >= 1),
  constraint consumers_project_id_check CHECK (char_length(project_id) >= 1 AND char_length(project_id) <= 255),
  constraint consumers_user_id_check CHECK (char_length(user_id) >= 1 AND char_length(user_id) <= 255),
  constraint consumers_uuid_check CHECK (uuid ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'::text)
);

create table endpoints (
  service_id bigint not null,
  "position" integer not null,
  version_id text not null,
  region text not null,
  public_url text not null,
  ui_url text,
  constraint endpoints_pkey PRIMARY KEY (service_id, "position"),
  constraint endpoints_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE
);

create table events (
  id bigint generated always as identity not null,
  xact xid8 default pg_current_xact_id() not null,
  at timestamp with time zone not null,
  type text not null,
  subject text not null,
  recipients text[] not null,
  facts jsonb not null,
  constraint events_pkey PRIMARY KEY (xact, id),
  constraint events_facts_check CHECK (jsonb_typeof(facts) = 'object'::text),
  constraint events_subject_check CHECK (char_length(subject) >= 1 AND char_length(subject) <= 300),
  constraint events_type_check CHECK (type ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'::text AND char_length(type) <= 100)
);

create table holdings (
  id bigint generated always as identity not null,
  holder text not null,
  source text,
  resource text not null,
  "limit" bigint not null,
  usage_min bigint default 0 not null,
  usage_max bigint default 0 not null,
  constraint holdings_pkey PRIMARY KEY (id),
  constraint holdings_holder_source_resource_key UNIQUE NULLS NOT DISTINCT (holder, source, resource),
  constraint holdings_resource_fkey FOREIGN KEY (resource) REFERENCES resources(name),
  constraint holdings_limit_check CHECK ("limit" >= 0),
  constraint holdings_usage_check CHECK (0 <= usage_min AND usage_min <= usage_max)
) with (fillfactor=70);

create table image_members (
  image_id text not null,
  member text not null,
  status text default 'pending'::text not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint image_members_pkey PRIMARY KEY (image_id, member),
  constraint image_members_image_id_fkey FOREIGN KEY (image_id) REFERENCES images(id),
  constraint image_members_member_check CHECK (char_length(member) >= 1 AND char_length(member) <= 255),
  constraint image_members_status_check CHECK (status = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text]))
);

create table images (
  id text not null,
  name text,
  status text default 'queued'::text not null,
  visibility text default 'shared'::text not null,
  owner text,
  protected boolean default false not null,
  os_hidden boolean default false not null,
  disk_format text,
  container_format text,
  size bigint,
  virtual_size bigint,
  min_disk integer default 0 not null,
  min_ram integer default 0 not null,
  checksum text,
  os_hash_algo text,
  os_hash_value text,
  tags text[] default '{}'::text[] not null,
  properties jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  deleted_at timestamp with time zone,
  constraint images_pkey PRIMARY KEY (id),
  constraint images_deleted_at_check CHECK (
CASE
    WHEN deleted_at IS NULL THEN status <> 'deleted'::text
    ELSE status = 'deleted'::text AND properties = '{}'::jsonb AND tags = '{}'::text[]
END),
  constraint images_formats_check CHECK (char_length(disk_format) <= 20 AND char_length(container_format) <= 20),
  constraint images_hashes_check CHECK (char_length(checksum) <= 32 AND char_length(os_hash_algo) <= 64 AND char_length(os_hash_value) <= 128),
  constraint images_id_check CHECK (id ~ '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'::text),
  constraint images_minima_check CHECK (min_disk >= 0 AND min_ram >= 0),
  constraint images_name_check CHECK (char_length(name) <= 255),
  constraint images_owner_check CHECK (char_length(owner) <= 255),
  constraint images_properties_check CHECK (jsonb_typeof(properties) = 'object'::text AND NOT jsonb_path_exists(properties, '$.*?(@.type() != "string")'::jsonpath)),
  constraint images_protected_check CHECK (NOT protected OR deleted_at IS NULL),
  constraint images_sizes_check CHECK (size >= 0 AND virtual_size >= 0),
  constraint images_status_check CHECK (status = ANY (ARRAY['queued'::text, 'saving'::text, 'active'::text, 'killed'::text, 'deleted'::text, 'uploading'::text, 'importing'::text, 'pending_delete'::text, 'deactivated'::text])),
  constraint images_tags_check CHECK (array_position(tags, NULL::text) IS NULL),
  constraint images_visibility_check CHECK (visibility = ANY (ARRAY['private'::text, 'shared'::text, 'community'::text, 'public'::text]))
);

create table inventories (
  resource_provider_id bigint not null,
  resource_class_id bigint not null,
  total bigint not null,
  reserved bigint not null,
  min_unit bigint not null,
  max_unit bigint not null,
  step_size bigint not null,
  allocation_ratio double precision not null,
  used bigint default 0 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint inventories_pkey PRIMARY KEY (resource_provider_id, resource_class_id),
  constraint inventories_resource_class_id_fkey FOREIGN KEY (resource_class_id) REFERENCES resource_classes(id),
  constraint inventories_resource_provider_id_fkey FOREIGN KEY (resource_provider_id) REFERENCES resource_providers(id),
  constraint inventories_allocation_ratio_check CHECK (allocation_ratio <= '340282000000000000000000000000000000000'::numeric::double precision),
  constraint inventories_max_unit_check CHECK (max_unit >= 1 AND max_unit <= 2147483647),
  constraint inventories_min_unit_check CHECK (min_unit >= 1 AND min_unit <= 2147483647),
  constraint inventories_reserved_check CHECK (reserved >= 0 AND reserved <= total),
  constraint inventories_step_size_check CHECK (step_size >= 1 AND step_size <= 2147483647),
  constraint inventories_total_check CHECK (total >= 1 AND total <= 2147483647),
  constraint inventories_used_check CHECK (used >= 0)
);

create table job_workers (
  worker_id text not null,
  process text not null,
  beat_at timestamp with time zone default now() not null,
  constraint job_workers_pkey PRIMARY KEY (worker_id),
  constraint job_workers_process_check CHECK (char_length(process) >= 1 AND char_length(process) <= 255),
  constraint job_workers_worker_id_check CHECK (char_length(worker_id) >= 1 AND char_length(worker_id) <= 255)
);

create table project_application_grants (
  application_id bigint not null,
  resource text not null,
  project_capacity bigint not null,
  member_capacity bigint not null,
  constraint project_application_grants_pkey PRIMARY KEY (application_id, resource),
  constraint project_application_grants_application_id_fkey FOREIGN KEY (application_id) REFERENCES project_applications(id),
  constraint project_application_grants_resource_fkey FOREIGN KEY (resource) REFERENCES resources(name),
  constraint project_application_grants_capacities_check CHECK (0 <= member_capacity AND member_capacity <= project_capacity)
);

create table project_applications (
  id bigint generated always as identity not null,
  project_id bigint not null,
  applicant text not null,
  state text not null,
  owner text,
  name text,
  homepage text,
  description text,
  comments text,
  start_date timestamp with time zone,
  end_date timestamp with time zone,
  join_policy text,
  leave_policy text,
  max_members bigint,
  private boolean,
  issued_at timestamp with time zone not null,
  responded_at timestamp with time zone,
  response text,
  response_actor text,
  waived_at timestamp with time zone,
  waive_reason text,
  waive_actor text,
  constraint project_applications_pkey PRIMARY KEY (id),
  constraint project_applications_project_id_id_key UNIQUE (project_id, id),
  constraint project_applications_applicant_fkey FOREIGN KEY (applicant) REFERENCES users(uuid),
  constraint project_applications_owner_fkey FOREIGN KEY (owner) REFERENCES users(uuid),
  constraint project_applications_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
  constraint project_applications_comments_check CHECK (char_length(comments) <= 4096),
  constraint project_applications_description_check CHECK (char_length(description) <= 4096),
  constraint project_applications_end_date_check CHECK (end_date >= '0001-01-01 00:00:00+00'::timestamp with time zone AND end_date < '10000-01-01 00:00:00+00'::timestamp with time zone),
  constraint project_applications_homepage_check CHECK (char_length(homepage) <= 255),
  constraint project_applications_join_policy_check CHECK (join_policy = ANY (ARRAY['auto'::text, 'moderated'::text, 'closed'::text])),
  constraint project_applications_leave_policy_check CHECK (leave_policy = ANY (ARRAY['auto'::text, 'moderated'::text, 'closed'::text])),
  constraint project_applications_max_members_check CHECK (max_members >= 0),
  constraint project_applications_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 80),
  constraint project_applications_responded_at_check CHECK ((responded_at IS NOT NULL) = (state = ANY (ARRAY['approved'::text, 'denied'::text, 'dismissed'::text]))),
  constraint project_applications_response_check CHECK (responded_at IS NOT NULL OR response IS NULL AND response_actor IS NULL),
  constraint project_applications_start_date_check CHECK (start_date >= '0001-01-01 00:00:00+00'::timestamp with time zone AND start_date < '10000-01-01 00:00:00+00'::timestamp with time zone),
  constraint project_applications_state_check CHECK (state = ANY (ARRAY['pending'::text, 'approved'::text, 'replaced'::text, 'denied'::text, 'dismissed'::text, 'cancelled'::text])),
  constraint project_applications_waive_reason_check CHECK (waived_at IS NOT NULL OR waive_reason IS NULL AND waive_actor IS NULL),
  constraint project_applications_waived_at_check CHECK ((waived_at IS NOT NULL) = (state = ANY (ARRAY['dismissed'::text, 'cancelled'::text])))
);

create table project_log (
  id bigint generated always as identity not null,
  project_id bigint not null,
  from_state text not null,
  to_state text not null,
  at timestamp with time zone not null,
  actor text,
  reason text,
  constraint project_log_pkey PRIMARY KEY (id),
  constraint project_log_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
  constraint project_log_change_check CHECK (from_state <> to_state),
  constraint project_log_from_state_check CHECK (from_state = ANY (ARRAY['uninitialized'::text, 'active'::text, 'suspended'::text, 'terminated'::text, 'deleted'::text])),
  constraint project_log_to_state_check CHECK (to_state = ANY (ARRAY['uninitialized'::text, 'active'::text, 'suspended'::text, 'terminated'::text, 'deleted'::text]))
);

create table project_membership_log (
  id bigint generated always as identity not null,
  membership_id bigint not null,
  from_state text,
  to_state text not null,
  at timestamp with time zone not null,
  actor text,
  reason text,
  constraint project_membership_log_pkey PRIMARY KEY (id),
  constraint project_membership_log_membership_id_fkey FOREIGN KEY (membership_id) REFERENCES project_memberships(id),
  constraint project_membership_log_from_state_check CHECK (from_state = ANY (ARRAY['requested'::text, 'accepted'::text, 'leave_requested'::text, 'suspended'::text, 'rejected'::text, 'cancelled'::text, 'removed'::text])),
  constraint project_membership_log_to_state_check CHECK (to_state = ANY (ARRAY['requested'::text, 'accepted'::text, 'leave_requested'::text, 'suspended'::text, 'rejected'::text, 'cancelled'::text, 'removed'::text]))
);

create table project_memberships (
  id bigint generated always as identity not null,
  project_id bigint not null,
  user_uuid text not null,
  state text not null,
  suspension_reason text,
  initialized boolean default false not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint project_memberships_pkey PRIMARY KEY (id),
  constraint project_memberships_user_uuid_project_id_key UNIQUE (user_uuid, project_id),
  constraint project_memberships_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
  constraint project_memberships_user_uuid_fkey FOREIGN KEY (user_uuid) REFERENCES users(uuid),
  constraint project_memberships_initialized_check CHECK (initialized OR (state <> ALL (ARRAY['accepted'::text, 'leave_requested'::text, 'suspended'::text, 'removed'::text]))),
  constraint project_memberships_state_check CHECK (state = ANY (ARRAY['requested'::text, 'accepted'::text, 'leave_requested'::text, 'suspended'::text, 'rejected'::text, 'cancelled'::text, 'removed'::text])),
  constraint project_memberships_suspension_reason_check CHECK (suspension_reason IS NULL OR suspension_reason = 'user_deactivation'::text AND state = 'suspended'::text)
);

create table project_quotas (
  project_id bigint not null,
  resource text not null,
  project_capacity bigint not null,
  member_capacity bigint not null,
  constraint project_quotas_pkey PRIMARY KEY (project_id, resource),
  constraint project_quotas_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
  constraint project_quotas_resource_fkey FOREIGN KEY (resource) REFERENCES resources(name),
  constraint project_quotas_member_capacity_check CHECK (member_capacity >= 0),
  constraint project_quotas_project_capacity_check CHECK (project_capacity >= 0)
);

create table projects (
  id bigint generated always as identity not null,
  uuid text not null,
  realname text not null,
  name text,
  state text not null,
  suspension_reason text,
  owner text,
  homepage text default ''::text not null,
  description text default ''::text not null,
  end_date timestamp with time zone not null,
  join_policy text default 'moderated'::text not null,
  leave_policy text default 'auto'::text not null,
  max_members bigint default '9223372036854775807'::bigint not null,
  private boolean default false not null,
  is_system boolean default false not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  last_application bigint,
  constraint projects_pkey PRIMARY KEY (id),
  constraint projects_name_key UNIQUE (name),
  constraint projects_uuid_key UNIQUE (uuid),
  constraint projects_last_application_fkey FOREIGN KEY (id, last_application) REFERENCES project_applications(project_id, id),
  constraint projects_owner_fkey FOREIGN KEY (owner) REFERENCES users(uuid),
  constraint projects_end_date_check CHECK (end_date >= '0001-01-01 00:00:00+00'::timestamp with time zone AND end_date < '10000-01-01 00:00:00+00'::timestamp with time zone),
  constraint projects_join_policy_check CHECK (join_policy = ANY (ARRAY['auto'::text, 'moderated'::text, 'closed'::text])),
  constraint projects_leave_policy_check CHECK (leave_policy = ANY (ARRAY['auto'::text, 'moderated'::text, 'closed'::text])),
  constraint projects_max_members_check CHECK (max_members >= 0),
  constraint projects_name_check CHECK (
CASE
    WHEN state = ANY (ARRAY['active'::text, 'suspended'::text]) THEN name IS NOT NULL AND name = realname
    ELSE name IS NULL
END),
  constraint projects_realname_check CHECK (char_length(realname) >= 1 AND char_length(realname) <= 300),
  constraint projects_state_check CHECK (state = ANY (ARRAY['uninitialized'::text, 'active'::text, 'suspended'::text, 'terminated'::text, 'deleted'::text])),
  constraint projects_suspension_reason_check CHECK (suspension_reason IS NULL OR suspension_reason = 'user_deactivation'::text AND state = 'suspended'::text),
  constraint projects_system_check CHECK (NOT is_system OR owner IS NULL),
  constraint projects_uuid_check CHECK (char_length(uuid) >= 1 AND char_length(uuid) <= 255)
);

create table provider_aggregates (
  resource_provider_id bigint not null,
  aggregate_uuid text not null,
  created_at timestamp with time zone default now() not null,
  constraint provider_aggregates_pkey PRIMARY KEY (resource_provider_id, aggregate_uuid),
  constraint provider_aggregates_resource_provider_id_fkey FOREIGN KEY (resource_provider_id) REFERENCES resource_providers(id),
  constraint provider_aggregates_aggregate_uuid_check CHECK (char_length(aggregate_uuid) >= 1 AND char_length(aggregate_uuid) <= 255)
);

create table provider_traits (
  resource_provider_id bigint not null,
  trait_id bigint not null,
  created_at timestamp with time zone default now() not null,
  constraint provider_traits_pkey PRIMARY KEY (resource_provider_id, trait_id),
  constraint provider_traits_resource_provider_id_fkey FOREIGN KEY (resource_provider_id) REFERENCES resource_providers(id),
  constraint provider_traits_trait_id_fkey FOREIGN KEY (trait_id) REFERENCES traits(id)
);

create table resource_classes (
  id bigint default nextval('resource_class_ids'::regclass) not null,
  name text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint resource_classes_pkey PRIMARY KEY (id),
  constraint resource_classes_name_key UNIQUE (name),
  constraint resource_classes_id_check CHECK ((id < 10000) = (name !~ '^CUSTOM_'::text)),
  constraint resource_classes_name_check CHECK (name ~ '^[A-Z0-9_]{1,255}$'::text)
);

create table resource_providers (
  id bigint default nextval('resource_provider_ids'::regclass) not null,
  uuid text not null,
  name text not null,
  generation bigint default 0 not null,
  parent_provider_id bigint,
  root_provider_id bigint not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint resource_providers_pkey PRIMARY KEY (id),
  constraint resource_providers_name_key UNIQUE (name),
  constraint resource_providers_uuid_key UNIQUE (uuid),
  constraint resource_providers_parent_provider_id_fkey FOREIGN KEY (parent_provider_id) REFERENCES resource_providers(id),
  constraint resource_providers_root_provider_id_fkey FOREIGN KEY (root_provider_id) REFERENCES resource_providers(id),
  constraint resource_providers_generation_check CHECK (generation >= 0),
  constraint resource_providers_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint resource_providers_parent_provider_id_check CHECK (parent_provider_id <> id),
  constraint resource_providers_root_provider_id_check CHECK ((parent_provider_id IS NULL) = (root_provider_id = id)),
  constraint resource_providers_uuid_check CHECK (uuid ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'::text)
);

create table resources (
  name text not null,
  service text not null,
  description text,
  unit text,
  ui_visible boolean not null,
  api_visible boolean not null,
  system_default bigint not null,
  project_default bigint not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint resources_pkey PRIMARY KEY (name),
  constraint resources_service_fkey FOREIGN KEY (service) REFERENCES services(name),
  constraint resources_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 255),
  constraint resources_project_default_check CHECK (project_default >= 0),
  constraint resources_system_default_check CHECK (system_default >= 0),
  constraint resources_visible_check CHECK (api_visible OR NOT ui_visible)
);

create table services (
  id bigint generated always as identity not null,
  component_id bigint not null,
  name text not null,
  type text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint services_pkey PRIMARY KEY (id),
  constraint services_name_key UNIQUE (name),
  constraint services_component_id_fkey FOREIGN KEY (component_id) REFERENCES components(id),
  constraint services_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 255)
);

create table settled_commissions (
  serial bigint not null,
  "position" bigint generated always as identity not null,
  component_id bigint not null,
  name text not null,
  issued_at timestamp with time zone not null,
  settled_at timestamp with time zone not null,
  reason text not null,
  holding_ids bigint[] not null,
  quantities bigint[] not null,
  limits bigint[] not null,
  usage_mins bigint[] not null,
  usage_maxs bigint[] not null,
  constraint settled_commissions_pkey PRIMARY KEY (serial),
  constraint settled_commissions_provisions_check CHECK (cardinality(holding_ids) = cardinality(quantities) AND cardinality(holding_ids) = cardinality(limits) AND cardinality(holding_ids) = cardinality(usage_mins) AND cardinality(holding_ids) = cardinality(usage_maxs)),
  constraint settled_commissions_reason_check CHECK (reason ~ '^(ACCEPT|REJECT):'::text)
);

create table tokens (
  id bigint generated always as identity not null,
  hash bytea not null,
  user_id bigint,
  component_id bigint,
  project text,
  roles text[] default '{}'::text[] not null,
  expires_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  revoked_at timestamp with time zone,
  constraint tokens_pkey PRIMARY KEY (id),
  constraint tokens_hash_key UNIQUE (hash),
  constraint tokens_component_id_fkey FOREIGN KEY (component_id) REFERENCES components(id),
  constraint tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint tokens_hash_check CHECK (octet_length(hash) = 32),
  constraint tokens_owner_check CHECK (num_nonnulls(user_id, component_id) = 1)
);

create table traits (
  id bigint generated always as identity not null,
  name text not null,
  created_at timestamp with time zone default now() not null,
  constraint traits_pkey PRIMARY KEY (id),
  constraint traits_name_key UNIQUE (name),
  constraint traits_name_check CHECK (name ~ '^[A-Z0-9_]{1,255}$'::text)
);

create table users (
  id bigint generated always as identity not null,
  uuid text not null,
  username text not null,
  email text not null,
  full_name text default ''::text not null,
  password_hash text,
  active boolean default true not null,
  accepted boolean default true not null,
  terms_signed boolean default true not null,
  project_admin boolean default false not null,
  staff boolean default false not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_email_key UNIQUE (email),
  constraint users_username_key UNIQUE (username),
  constraint users_uuid_key UNIQUE (uuid),
  constraint users_email_check CHECK (char_length(email) >= 1 AND char_length(email) <= 255),
  constraint users_username_check CHECK (char_length(username) >= 1 AND char_length(username) <= 255),
  constraint users_uuid_check CHECK (char_length(uuid) >= 1 AND char_length(uuid) <= 255)
);

create view provision_log as
 SELECT s."position",
    s.serial,
    s.component_id,
    s.name,
    s.issued_at,
    s.settled_at AS logged_at,
    p.holding_id,
    h.holder,
    h.source,
    h.resource,
    p."limit",
    p.usage_min,
    p.usage_max,
    p.delta_quantity,
    s.reason
   FROM settled_commissions s
     CROSS JOIN LATERAL UNNEST(s.holding_ids, s.limits, s.usage_mins, s.usage_maxs, s.quantities) p(holding_id, "limit", usage_min, usage_max, delta_quantity)
     JOIN holdings h ON h.id = p.holding_id;

CREATE INDEX allocations_resource_provider_id_consumer_id_idx ON public.allocations USING btree (resource_provider_id, consumer_id);
CREATE INDEX commission_requests_created_at_idx ON public.commission_requests USING btree (created_at);
CREATE INDEX commissions_component_id_serial_idx ON public.commissions USING btree (component_id, serial);
CREATE INDEX commissions_expires_at_idx ON public.commissions USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX consumers_project_id_user_id_idx ON public.consumers USING btree (project_id, user_id);
CREATE INDEX events_at_idx ON public.events USING btree (at);
CREATE INDEX events_subject_idx ON public.events USING btree (subject, xact, id);
CREATE INDEX events_type_idx ON public.events USING btree (type, xact, id);
CREATE INDEX holdings_resource_holder_idx ON public.holdings USING btree (resource, holder, source);
CREATE INDEX image_members_member_status_idx ON public.image_members USING btree (member, status, image_id);
CREATE INDEX images_owner_created_at_idx ON public.images USING btree (owner, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX images_owner_name_idx ON public.images USING btree (owner, COALESCE(name, ''::text), created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX images_properties_idx ON public.images USING gin (properties jsonb_path_ops) WHERE (deleted_at IS NULL);
CREATE INDEX images_tags_idx ON public.images USING gin (tags) WHERE (deleted_at IS NULL);
CREATE INDEX images_updated_at_idx ON public.images USING btree (updated_at, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX images_visibility_created_at_idx ON public.images USING btree (visibility, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX images_visibility_name_idx ON public.images USING btree (visibility, COALESCE(name, ''::text), created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX inventories_resource_class_id_idx ON public.inventories USING btree (resource_class_id);
CREATE INDEX project_applications_applicant_idx ON public.project_applications USING btree (applicant);
CREATE UNIQUE INDEX project_applications_pending_idx ON public.project_applications USING btree (project_id) WHERE (state = 'pending'::text);
CREATE INDEX project_log_deactivation_idx ON public.project_log USING btree (project_id, at) WHERE (to_state = ANY (ARRAY['suspended'::text, 'terminated'::text]));
CREATE INDEX project_log_project_id_id_idx ON public.project_log USING btree (project_id, id);
CREATE INDEX project_membership_log_membership_id_idx ON public.project_membership_log USING btree (membership_id, to_state, at);
CREATE INDEX project_memberships_project_id_idx ON public.project_memberships USING btree (project_id, state);
CREATE INDEX project_memberships_suspension_idx ON public.project_memberships USING btree (user_uuid) WHERE (suspension_reason IS NOT NULL);
CREATE INDEX project_quotas_resource_idx ON public.project_quotas USING btree (resource);
CREATE INDEX projects_created_at_uuid_idx ON public.projects USING btree (created_at, uuid COLLATE "C");
CREATE INDEX projects_end_date_idx ON public.projects USING btree (end_date) WHERE (state = ANY (ARRAY['active'::text, 'suspended'::text]));
CREATE INDEX projects_owner_idx ON public.projects USING btree (owner);
CREATE INDEX projects_public_idx ON public.projects USING btree (id) WHERE ((state = 'active'::text) AND (NOT private));
CREATE INDEX projects_realname_idx ON public.projects USING btree (realname);
CREATE INDEX projects_state_idx ON public.projects USING btree (state);
CREATE INDEX provider_aggregates_aggregate_uuid_idx ON public.provider_aggregates USING btree (aggregate_uuid);
CREATE INDEX provider_traits_trait_id_idx ON public.provider_traits USING btree (trait_id);
CREATE INDEX resource_providers_parent_provider_id_idx ON public.resource_providers USING btree (parent_provider_id);
CREATE INDEX resource_providers_root_provider_id_idx ON public.resource_providers USING btree (root_provider_id);
CREATE INDEX resources_service_idx ON public.resources USING btree (service);
CREATE INDEX services_component_id_idx ON public.services USING btree (component_id);
CREATE INDEX tokens_component_id_idx ON public.tokens USING btree (component_id);
CREATE INDEX tokens_user_id_idx ON public.tokens USING btree (user_id);

CREATE TRIGGER components_keep_ids BEFORE UPDATE OF id ON components FOR EACH ROW EXECUTE FUNCTION keep_components();
CREATE TRIGGER components_keep_rows BEFORE DELETE ON components FOR EACH ROW EXECUTE FUNCTION keep_components();
CREATE TRIGGER components_keep_table BEFORE TRUNCATE ON components FOR EACH STATEMENT EXECUTE FUNCTION keep_components();
CREATE TRIGGER holdings_keep_names BEFORE UPDATE OF id, holder, source, resource ON holdings FOR EACH ROW EXECUTE FUNCTION keep_holdings();
CREATE TRIGGER holdings_keep_rows BEFORE DELETE ON holdings FOR EACH ROW EXECUTE FUNCTION keep_holdings();
CREATE TRIGGER holdings_keep_table BEFORE TRUNCATE ON holdings FOR EACH STATEMENT EXECUTE FUNCTION keep_holdings();
CREATE TRIGGER settled_commissions_keep_rows BEFORE UPDATE ON settled_commissions FOR EACH ROW EXECUTE FUNCTION keep_settled_commissions();
