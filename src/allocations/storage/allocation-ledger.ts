import { breaksUnique, RepeatTransaction } from '../../db/errors.js';
import { arrayLiteral } from '../../db/int8.js';
import { joinParts, type Part } from '../../db/joined-parts.js';
import type { Tx } from '../../db/tx.js';
import type { Stock } from '../domain/capacity.js';
import type { Allocation, Consumer } from '../domain/consumer.js';

/** A consumer that this transaction has locked. */
export interface LockedConsumer {
  readonly id: bigint;
  readonly consumer: Consumer;
}

/** A provider that this transaction has locked, with what it has of the classes asked for. */
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
  text: 'select pg_current_xact_id()::text as "transactionId"',
};

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

const FIND_CLASSES = {
  name: 'allocations.ledger_classes',
  text: 'select id, name from resource_classes where name = any($1::text[])',
};

const LOCK_PROVIDERS = {
  name: 'allocations.ledger_providers',
  // By id, behind the consumers: the one order of all locks. Nobody changes keys, so that foreign
  // keys may be checked meanwhile.
  text: `
    select id, uuid, generation
      from resource_providers
     where uuid = any($1::text[])
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
      from resource_providers p
      join inventories i on i.resource_provider_id = p.id
      join resource_classes r on r.id = i.resource_class_id
     where p.uuid = any($1::text[]) and r.name = any($2::text[])`,
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
  const uuids = [...keys.consumers];
  const classNames = new Set(keys.resourceClasses);
  const [[opened], consumerRows, allocationRows, classRows] = await Promise.all([
    tx.query<{ transactionId: string }>(OPEN),
    tx.query<ConsumerRow>(LOCK_CONSUMERS, [uuids]),
    tx.query<AllocationRow>(READ_ALLOCATIONS, [uuids]),
    tx.query<{ id: bigint; name: string }>(FIND_CLASSES, [[...classNames]]),
  ]);
  if (opened !== undefined) tx.identify(opened.transactionId);
  const consumers = lockedConsumers(consumerRows, allocationRows);
  const classIds = new Map(classRows.map(({ id, name }) => [name, id]));
  const providerUuids = new Set(keys.providers);
  for (const { provider, resourceClass, classId } of allocationRows) {
    providerUuids.add(provider);
    classNames.add(resourceClass);
    classIds.set(resourceClass, classId);
  }
  const providers = await lockProviders(tx, [...providerUuids], [...classNames]);
  return { consumers, providers, classIds };
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

async function lockProviders(
  tx: Tx,
  uuids: readonly string[],
  classNames: readonly string[],
): Promise<Map<string, LockedProvider>> {
  if (uuids.length === 0) return new Map();
  const [providerRows, stockRows] = await Promise.all([
    tx.query<ProviderRow>(LOCK_PROVIDERS, [uuids]),
    tx.query<StockRow>(READ_STOCKS, [uuids, classNames]),
  ]);
  const stocks = new Map<bigint, Map<string, Stock>>(providerRows.map(({ id }) => [id, new Map()]));
  for (const { providerId, resourceClass, ...stock } of stockRows)
    stocks.get(providerId)?.set(resourceClass, stock);
  return new Map(
    providerRows.map(({ id, uuid, generation }) => [
      uuid,
      { id, generation, stocks: stocks.get(id) ?? new Map<string, Stock>() },
    ]),
  );
}

/** An allocation by its row's key. */
export interface AllocationKey {
  readonly consumerId: bigint;
  readonly providerId: bigint;
  readonly classId: bigint;
}

/** What a consumer gets, by the keys of the rows. */
export type Grant = Omit<AllocationKey, 'consumerId'> & { readonly amount: bigint };

/** Everything one batch changes. */
export interface LedgerChange {
  readonly created: readonly {
    readonly uuid: string;
    readonly consumer: Consumer;
    readonly grants: readonly Grant[];
  }[];
  readonly changed: readonly LockedConsumer[];
  /** What consumers that existed have now; rows that were there before are written anew. */
  readonly granted: readonly (AllocationKey & { readonly amount: bigint })[];
  readonly freed: readonly AllocationKey[];
  /** Ids of consumers that have nothing any more. */
  readonly gone: readonly bigint[];
  readonly generations: readonly { readonly id: bigint; readonly generation: bigint }[];
  readonly usages: readonly {
    readonly providerId: bigint;
    readonly classId: bigint;
    readonly used: bigint;
  }[];
  readonly at: Date;
}

const CREATED: Part = {
  name: 'created',
  // In the order of the locks: of two batches with the same consumers one waits, never in a circle.
  text: `
    insert into consumers (uuid, generation, project_id, user_id, consumer_type, created_at, updated_at)
    select n.*, $1::timestamptz, $1::timestamptz
      from unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
           as n (uuid, generation, project_id, user_id, consumer_type)
     order by n.uuid
    returning id, uuid`,
};

const ENDOWED: Part = {
  name: 'endowed',
  text: `
    insert into allocations (consumer_id, resource_provider_id, resource_class_id, used, created_at)
    select c.id, n.provider_id, n.class_id, n.used, $1::timestamptz
      from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
           as n (uuid, provider_id, class_id, used)
      join created c on c.uuid = n.uuid`,
};

const CHANGED: Part = {
  name: 'changed',
  text: `
    update consumers c
       set generation = n.generation, project_id = n.project_id, user_id = n.user_id,
           consumer_type = n.consumer_type, updated_at = $1::timestamptz
      from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[])
           as n (id, generation, project_id, user_id, consumer_type)
     where c.id = n.id`,
};

const GRANTED: Part = {
  name: 'granted',
  text: `
    insert into allocations (consumer_id, resource_provider_id, resource_class_id, used, created_at)
    select n.*, $1::timestamptz
      from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
           as n (consumer_id, provider_id, class_id, used)
    on conflict (consumer_id, resource_provider_id, resource_class_id)
    do update set used = excluded.used, created_at = excluded.created_at`,
};

const FREED: Part = {
  name: 'freed',
  text: `
    delete from allocations a
     using unnest($1::bigint[], $2::bigint[], $3::bigint[]) as n (consumer_id, provider_id, class_id)
     where a.consumer_id = n.consumer_id and a.resource_provider_id = n.provider_id
       and a.resource_class_id = n.class_id`,
};

const GONE: Part = {
  name: 'gone',
  text: 'delete from consumers where id = any($1::bigint[])',
};

const ADVANCED: Part = {
  name: 'advanced',
  text: `
    update resource_providers p set generation = n.generation, updated_at = $1::timestamptz
      from unnest($2::bigint[], $3::bigint[]) as n (id, generation)
     where p.id = n.id`,
};

const USED: Part = {
  name: 'used',
  text: `
    update inventories i set used = n.used
      from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as n (provider_id, class_id, used)
     where i.resource_provider_id = n.provider_id and i.resource_class_id = n.class_id`,
};

/**
 * Writes a batch as the last statement of its transaction. Everything in it but new consumers must
 * have been locked by this transaction.
 *
 * Has the transaction repeated when another one created a consumer of this batch meanwhile; it will
 * find that one's row then, and be judged by its generation (section 20.2).
 */
export function writeLedger(tx: Tx, change: LedgerChange): void {
  const { created, changed, granted, freed, gone, generations, usages, at } = change;
  const endowed = created.flatMap(({ uuid, grants }) => grants.map((of) => ({ uuid, ...of })));
  const { statement, values } = joinParts('allocations.ledger_write', [
    [
      CREATED,
      [at, created.map(({ uuid }) => uuid), ...columnsOf(created.map(({ consumer }) => consumer))],
      created.length,
    ],
    [ENDOWED, [at, endowed.map(({ uuid }) => uuid), ...grantColumns(endowed)], endowed.length],
    [
      CHANGED,
      [
        at,
        arrayLiteral(changed.map(({ id }) => id)),
        ...columnsOf(changed.map(({ consumer }) => consumer)),
      ],
      changed.length,
    ],
    [
      GRANTED,
      [at, arrayLiteral(granted.map(({ consumerId }) => consumerId)), ...grantColumns(granted)],
      granted.length,
    ],
    [
      FREED,
      [arrayLiteral(freed.map(({ consumerId }) => consumerId)), ...placeColumns(freed)],
      freed.length,
    ],
    [GONE, [arrayLiteral(gone)], gone.length],
    [
      ADVANCED,
      [
        at,
        arrayLiteral(generations.map(({ id }) => id)),
        arrayLiteral(generations.map(({ generation }) => generation)),
      ],
      generations.length,
    ],
    [USED, [...placeColumns(usages), arrayLiteral(usages.map(({ used }) => used))], usages.length],
  ]);
  tx.last(statement, values, (error) =>
    breaksUnique(error, 'consumers_uuid_key')
      ? new RepeatTransaction('a consumer was created meanwhile', { cause: error })
      : error,
  );
}

function columnsOf(consumers: readonly Consumer[]): readonly unknown[] {
  return [
    arrayLiteral(consumers.map(({ generation }) => generation)),
    consumers.map(({ projectId }) => projectId),
    consumers.map(({ userId }) => userId),
    consumers.map(({ type }) => type),
  ];
}

function grantColumns(grants: readonly Grant[]): readonly string[] {
  return [...placeColumns(grants), arrayLiteral(grants.map(({ amount }) => amount))];
}

function placeColumns(
  rows: readonly { readonly providerId: bigint; readonly classId: bigint }[],
): readonly string[] {
  return [
    arrayLiteral(rows.map(({ providerId }) => providerId)),
    arrayLiteral(rows.map(({ classId }) => classId)),
  ];
}
