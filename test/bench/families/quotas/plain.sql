-- The best plain solution to measure against: one function call per commission, one transaction each.
create function plain_issue(component bigint, holders text[], sources text[], names text[], amounts bigint[])
returns bigint language plpgsql as $$
declare
  ids bigint[];
  number bigint;
begin
  select array_agg(h.id order by k.ord) into ids
    from unnest(holders, sources, names, amounts) with ordinality as k (holder, source, resource, amount, ord)
    join lateral (
      select h1.id from holdings h1
       where h1.holder = k.holder and h1.source = k.source and h1.resource = k.resource
      union all
      select h2.id from holdings h2
       where k.source is null and h2.holder = k.holder and h2.source is null and h2.resource = k.resource
    ) h on true;
  perform 1 from holdings where id = any(ids) order by id for update;
  if exists (
    select 1 from unnest(ids, amounts) as k (id, amount) join holdings h on h.id = k.id
     where h.usage_max + k.amount > h."limit") then
    raise exception 'over the limit';
  end if;
  update holdings h set usage_max = h.usage_max + k.amount
    from unnest(ids, amounts) as k (id, amount) where h.id = k.id;
  insert into commissions (serial, component_id, name, issued_at, holding_ids, quantities)
    values (nextval('commission_serials'), component, '', now(), ids, amounts)
    returning serial into number;
  return number;
end $$;

create function plain_accept(number bigint) returns void language plpgsql as $$
declare
  pending commissions;
begin
  delete from commissions where serial = number returning * into pending;
  perform 1 from holdings where id = any(pending.holding_ids) order by id for update;
  update holdings h set usage_min = h.usage_min + k.amount
    from unnest(pending.holding_ids, pending.quantities) as k (id, amount) where h.id = k.id;
  insert into settled_commissions (serial, component_id, name, issued_at, settled_at, reason,
                                   holding_ids, quantities, limits, usage_mins, usage_maxs)
    select pending.serial, pending.component_id, pending.name, pending.issued_at, now(), 'ACCEPT:',
           pending.holding_ids, pending.quantities,
           array_agg(h."limit" order by k.ord), array_agg(h.usage_min order by k.ord),
           array_agg(h.usage_max order by k.ord)
      from unnest(pending.holding_ids) with ordinality as k (id, ord)
      join holdings h on h.id = k.id;
end $$;
