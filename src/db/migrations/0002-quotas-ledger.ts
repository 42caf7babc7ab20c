import type { Knex } from 'knex';

/** Resources, holdings, pending commissions and the log of settled provisions. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table resources (
      name text not null,
      service text not null,
      description text,
      unit text,
      ui_visible boolean not null,
      api_visible boolean not null,
      system_default bigint not null,
      project_default bigint not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint resources_pkey primary key (name),
      constraint resources_service_fkey foreign key (service) references services (name),
      constraint resources_name_check check (char_length(name) between 1 and 255),
      constraint resources_visible_check check (api_visible or not ui_visible),
      constraint resources_system_default_check check (system_default >= 0),
      constraint resources_project_default_check check (project_default >= 0)
    );
    create index resources_service_idx on resources (service);

    create table holdings (
      id bigint generated always as identity primary key,
      holder text not null,
      source text,
      resource text not null,
      "limit" bigint not null,
      usage_min bigint not null default 0,
      usage_max bigint not null default 0,
      -- Nulls are equal here: a project has one holding per resource.
      constraint holdings_holder_source_resource_key unique nulls not distinct (holder, source, resource),
      constraint holdings_resource_fkey foreign key (resource) references resources (name),
      constraint holdings_limit_check check ("limit" >= 0),
      constraint holdings_usage_check check (0 <= usage_min and usage_min <= usage_max)
    ) with (fillfactor = 70);
    create index holdings_resource_holder_idx on holdings (resource, holder, source);

    -- Pending commissions keep the ids of their holdings, so a holding must stay what it is.
    create function keep_holdings() returns trigger language plpgsql as $$
    begin
      raise exception 'holdings are never deleted or renamed' using errcode = 'restrict_violation';
    end $$;
    create trigger holdings_keep_rows before delete on holdings
      for each row execute function keep_holdings();
    create trigger holdings_keep_table before truncate on holdings
      for each statement execute function keep_holdings();
    create trigger holdings_keep_names before update of id, holder, source, resource on holdings
      for each row execute function keep_holdings();

    create sequence commission_serials as bigint;

    create table commissions (
      serial bigint not null,
      component_id bigint not null,
      name text not null,
      issued_at timestamptz not null,
      holding_ids bigint[] not null,
      quantities bigint[] not null,
      constraint commissions_pkey primary key (serial),
      constraint commissions_component_id_fkey foreign key (component_id) references components (id),
      constraint commissions_name_check check (char_length(name) <= 4096),
      constraint commissions_serial_check check (serial > 0),
      constraint commissions_provisions_check check (
        cardinality(holding_ids) = cardinality(quantities)
        and array_position(holding_ids, null) is null
        and array_position(quantities, null) is null)
    );
    create index commissions_component_id_serial_idx on commissions (component_id, serial);

    create table provision_log (
      id bigint generated always as identity primary key,
      serial bigint not null,
      component_id bigint not null,
      name text not null,
      issued_at timestamptz not null,
      logged_at timestamptz not null,
      holding_id bigint not null,
      "limit" bigint not null,
      usage_min bigint not null,
      usage_max bigint not null,
      delta_quantity bigint not null,
      reason text not null,
      constraint provision_log_reason_check check (reason ~ '^(ACCEPT|REJECT):')
    );
    create index provision_log_serial_idx on provision_log (serial);
    create function keep_provision_log() returns trigger language plpgsql as $$
    begin
      raise exception 'the provision log is immutable' using errcode = 'restrict_violation';
    end $$;
    create trigger provision_log_keep_rows before update on provision_log
      for each row execute function keep_provision_log();

    insert into resources (name, service, description, ui_visible, api_visible, system_default, project_default)
      values ('astakos.pending_app', 'astakos_account', 'Number of pending project applications',
              false, false, 9223372036854775807, 9223372036854775807);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop table provision_log;
    drop function keep_provision_log();
    drop table commissions;
    drop sequence commission_serials;
    drop table holdings;
    drop function keep_holdings();
    drop table resources;
  `);
}
