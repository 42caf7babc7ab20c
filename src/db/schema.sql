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
  constraint projects_pkey PRIMARY KEY (id),
  constraint projects_name_key UNIQUE (name),
  constraint projects_uuid_key UNIQUE (uuid),
  constraint projects_owner_fkey FOREIGN KEY (owner) REFERENCES users(uuid),
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
CREATE INDEX holdings_resource_holder_idx ON public.holdings USING btree (resource, holder, source);
CREATE INDEX inventories_resource_class_id_idx ON public.inventories USING btree (resource_class_id);
CREATE INDEX project_memberships_project_id_idx ON public.project_memberships USING btree (project_id, state);
CREATE INDEX project_quotas_resource_idx ON public.project_quotas USING btree (resource);
CREATE INDEX projects_owner_idx ON public.projects USING btree (owner);
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
