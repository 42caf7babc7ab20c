import type { Knex } from 'knex';

/** Resources, holdings, pending and settled commissions, and the log of provisions. */
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

    -- Commissions name their component without a foreign key, which would lock the component's row
    -- for every single one of them; so a component must stay, too.
    create function keep_components() returns trigger language plpgsql as $$
    begin
      raise exception 'components are never deleted' using errcode = 'restrict_violation';
    end $$;
    create trigger components_keep_rows before delete on components
      for each row execute function keep_components();
    create trigger components_keep_table before truncate on components
      for each statement execute function keep_components();
    create trigger components_keep_ids before update of id on components
      for each row execute function keep_components();

    create sequence commission_serials as bigint;

    create table commissions (
      serial bigint not null,
      component_id bigint not null,
      name text not null,
      issued_at timestamptz not null,
      holding_ids bigint[] not null,
      quantities bigint[] not null,
      constraint commissions_pkey primary key (serial),
      constraint commissions_name_check check (char_length(name) <= 4096),
      constraint commissions_serial_check check (serial > 0),
      constraint commissions_provisions_check check (
        cardinality(holding_ids) = cardinality(quantities)
        and array_position(holding_ids, null) is null
        and array_position(quantities, null) is null)
    );
    create index commissions_component_id_serial_idx on commissions (component_id, serial);

    -- One row per settled commission, with its provisions as arrays like those of a pending one; the
    -- log of single provisions is a view of it.
    create table settled_commissions (
      serial bigint not null,
      position bigint generated always as identity,
      component_id bigint not null,
      name text not null,
      issued_at timestamptz not null,
      settled_at timestamptz not null,
      reason text not null,
      holding_ids bigint[] not null,
      quantities bigint[] not null,
      limits bigint[] not null,
      usage_mins bigint[] not null,
      usage_maxs bigint[] not null,
      constraint settled_commissions_pkey primary key (serial),
      constraint settled_commissions_reason_check check (reason ~ '^(ACCEPT|REJECT):'),
      constraint settled_commissions_provisions_check check (
        cardinality(holding_ids) = cardinality(quantities)
        and cardinality(holding_ids) = cardinality(limits)
        and cardinality(holding_ids) = cardinality(usage_mins)
        and cardinality(holding_ids) = cardinality(usage_maxs))
    );
    create function keep_settled_commissions() returns trigger language plpgsql as $$
    begin
      raise exception 'settled commissions are immutable' using errcode = 'restrict_violation';
    end $$;
    create trigger settled_commissions_keep_rows before update on settled_commissions
      for each row execute function keep_settled_commissions();

    create view provision_log as
      select s.position, s.serial, s.component_id, s.name, s.issued_at, s.settled_at as logged_at,
             p.holding_id, h.holder, h.source, h.resource,
             p."limit", p.usage_min, p.usage_max, p.delta_quantity, s.reason
        from settled_commissions s
       cross join unnest(s.holding_ids, s.limits, s.usage_mins, s.usage_maxs, s.quantities)
             as p (holding_id, "limit", usage_min, usage_max, delta_quantity)
        join holdings h on h.id = p.holding_id;

    insert into resources (name, service, description, ui_visible, api_visible, system_default, project_default)
      values ('astakos.pending_app', 'astakos_account', 'Number of pending project applications',
              false, false, 9223372036854775807, 9223372036854775807);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop view provision_log;
    drop table settled_commissions;
    drop function keep_settled_commissions();
    drop table commissions;
    drop sequence commission_serials;
    drop trigger components_keep_ids on components;
    drop trigger components_keep_table on components;
    drop trigger components_keep_rows on components;
    drop function keep_components();
    drop table holdings;
    drop function keep_holdings();
    drop table resources;
  `);
}
