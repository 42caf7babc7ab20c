import type { Tx } from '../../db/tx.js';
import type { Stock } from '../domain/capacity.js';
import type { Allocation, Consumer } from '../domain/consumer.js';

/** A consumer that this transaction has locked. */
export interface LockedConsumer {
  readonly id: bigint;
  readonly consumer: Consumer;
}

/** A provider that this transaction has locked, with all it has. */
export interface LockedProvider {
  readonly id: bigint;
  readonly generation: bigint;
  readonly stocks: ReadonlyMap<string, Stock>;
}

/** The rows on which a batch is judged. */
export interface LockedRows {
  /** By uuid. */
  readonly consumers: ReadonlyMap<string, LockedConsumer>;
  /** By uuid. */
  readonly providers: ReadonlyMap<string, LockedProvider>;
  /** Ids by name, of those classes that exist. */
  readonly classIds: ReadonlyMap<string, bigint>;
}

/** What a batch is about. */
export interface LedgerKeys {
  /** Canonical uuids. */
  readonly consumers: readonly string[];
  /** Uuids as callers spell them. */
  readonly providers: Iterable<string>;
  readonly resourceClasses: Iterable<string>;
}

const OPEN = {
  name: 'allocations.ledger_open',
  // One statement for two things, because a lone write pays for each. Nothing is locked: inventory
  // keeps its class from vanishing.
  text: `
    select null::bigint as id, null::text as name, pg_current_xact_id()::text as "transactionId"
    union all
    select id, name, null from resource_classes where name = any($1::text[])`,
};

type OpenRow =
  | { readonly id: null; readonly name: null; readonly transactionId: string }
  | { readonly id: bigint; readonly name: string; readonly transactionId: null };

const LOCK_CONSUMERS = {
  name: 'allocations.ledger_consumers',
  // By uuid, the one order in which everybody locks and creates consumers.
  text: `
    select id, uuid, generation, project_id as "projectId", user_id as "userId",
           consumer_type as type
      from consumers
     where uuid = any($1::text[])
     order by uuid
       for update`,
};

const READ_ALLOCATIONS = {
  name: 'allocations.ledger_allocations',
  // A statement of its own behind the locks: it sees what those wrote who held them before.
  text: `
    select a.consumer_id as "consumerId", p.uuid as provider, r.name as "resourceClass",
           a.resource_class_id as "classId", a.used as amount
      from consumers c
      join allocations a on a.consumer_id = c.id
      join resource_providers p on p.id = a.resource_provider_id
      join resource_classes r on r.id = a.resource_class_id
     where c.uuid = any($1::text[])`,
};

/**
 * Providers that are named ($1), and those that the consumers ($2) use. Taken as an array, because
 * the planner would read the whole table for a set of which it does not know the size.
 */
const PROVIDER_IDS = `
  select id from resource_providers where uuid = any($1::text[])
  union
  select a.resource_provider_id
    from consumers c join allocations a on a.consumer_id = c.id
   where c.uuid = any($2::text[])`;

const LOCK_PROVIDERS = {
  name: 'allocations.ledger_providers',
  // By id, behind the consumers: the one order of all locks. Nobody changes keys, so that foreign
  // keys may be checked meanwhile.
  text: `
    select id, uuid, generation
      from resource_providers
     where id = any(array(${PROVIDER_IDS}))
     order by id
       for no key update`,
};

const READ_STOCKS = {
  name: 'allocations.ledger_stocks',
  // Behind the locks for the same reason: usage is written under the lock of the provider only.
  text: `
    select i.resource_provider_id as "providerId", r.name as "resourceClass", i.total, i.reserved,
           i.min_unit as "minUnit", i.max_unit as "maxUnit", i.step_size as "stepSize",
           i.allocation_ratio as "allocationRatio", i.used
      from inventories i
      join resource_classes r on r.id = i.resource_class_id
     where i.resource_provider_id = any(array(${PROVIDER_IDS}))`,
};

interface ConsumerRow extends Omit<Consumer, 'allocations'> {
  readonly id: bigint;
  readonly uuid: string;
}

interface AllocationRow extends Allocation {
  readonly consumerId: bigint;
  readonly classId: bigint;
}

interface ProviderRow {
  readonly id: bigint;
  readonly uuid: string;
  readonly generation: bigint;
}

interface StockRow extends Stock {
  readonly providerId: bigint;
  readonly resourceClass: string;
}

/**
 * Begins a batch: locks the consumers that exist, then the providers that are named or that these
 * consumers use, and returns them; makes the outcome of the transaction known even if the
 * connection breaks. What does not exist is missing in the maps.
 */
export async function openLedger(tx: Tx, keys: LedgerKeys): Promise<LockedRows> {
  const consumerUuids = [...keys.consumers];
  const ofProviders = [[...keys.providers], consumerUuids];
  // Sent together and run one after the other: each sees what those saw who held the locks before.
  const [openRows, consumerRows, allocationRows, providerRows, stockRows] = await Promise.all([
    tx.query<OpenRow>(OPEN, [[...keys.resourceClasses]]),
    tx.query<ConsumerRow>(LOCK_CONSUMERS, [consumerUuids]),
    tx.query<AllocationRow>(READ_ALLOCATIONS, [consumerUuids]),
    tx.query<ProviderRow>(LOCK_PROVIDERS, ofProviders),
    tx.query<StockRow>(READ_STOCKS, ofProviders),
  ]);
  const classIds = new Map<string, bigint>();
  for (const row of openRows) {
    if (row.id === null) tx.identify(row.transactionId);
    else classIds.set(row.name, row.id);
  }
  for (const { resourceClass, classId } of allocationRows) classIds.set(resourceClass, classId);
  return {
    consumers: lockedConsumers(consumerRows, allocationRows),
    providers: lockedProviders(providerRows, stockRows),
    classIds,
  };
}

/** Rows of a consumer that came into being behind the lock statement are left out. */
function lockedConsumers(
  rows: readonly ConsumerRow[],
  allocationRows: readonly AllocationRow[],
): Map<string, LockedConsumer> {
  const allocations = new Map<bigint, Allocation[]>(rows.map(({ id }) => [id, []]));
  for (const { consumerId, provider, resourceClass, amount } of allocationRows)
    allocations.get(consumerId)?.push({ provider, resourceClass, amount });
  return new Map(
    rows.map(({ id, uuid, ...row }) => [
      uuid,
      { id, consumer: { ...row, allocations: allocations.get(id) ?? [] } },
    ]),
  );
}

function lockedProviders(
  rows: readonly ProviderRow[],
  stockRows: readonly StockRow[],
): Map<string, LockedProvider> {
  const stocks = new Map<bigint, Map<string, Stock>>(rows.map(({ id }) => [id, new Map()]));
  for (const { providerId, resourceClass, ...stock } of stockRows)
    stocks.get(providerId)?.set(resourceClass, stock);
  return new Map(
    rows.map(({ id, uuid, generation }) => [
      uuid,
      { id, generation, stocks: stocks.get(id) ?? new Map<string, Stock>() },
    ]),
  );
}
