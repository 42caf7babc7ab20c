import { breaksForeignKey, breaksUnique, RepeatTransaction } from '../../db/errors.js';
import { arrayLiteral } from '../../db/int8.js';
import { joinParts, type Part } from '../../db/joined-parts.js';
import type { Tx } from '../../db/tx.js';
import type { Consumer } from '../domain/consumer.js';
import type { LockedConsumer } from './allocation-locks.js';

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
  tx.last(statement, values, (error) => {
    if (breaksUnique(error, 'consumers_uuid_key'))
      return new RepeatTransaction('a consumer was created meanwhile', { cause: error });
    // Classes are looked up before the providers are locked: one may be another row by now.
    if (breaksForeignKey(error, 'allocations_resource_provider_id_resource_class_id_fkey'))
      return new RepeatTransaction('a resource class was made anew meanwhile', { cause: error });
    return error;
  });
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
