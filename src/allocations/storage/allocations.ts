import type { Tx } from '../../db/tx.js';
import type { Allocation, Consumer } from '../domain/consumer.js';
import type {
  Amount,
  ConsumerHoldings,
  HoldingOfProvider,
  ProviderHolding,
} from '../domain/holdings.js';

/** How many rows are in memory at a time. */
const PIECE = 2_000;

const FIND_CONSUMERS = {
  name: 'allocations.find_consumers',
  text: `
    select c.uuid as consumer, c.generation, c.project_id as "projectId", c.user_id as "userId",
           c.consumer_type as type, p.uuid as provider, p.generation as "providerGeneration",
           r.name as "resourceClass", a.used as amount, a.created_at as "createdAt"
      from consumers c
      join allocations a on a.consumer_id = c.id
      join resource_providers p on p.id = a.resource_provider_id
      join resource_classes r on r.id = a.resource_class_id
     where c.uuid = any($1::text[])
     order by a.consumer_id, a.resource_provider_id, a.resource_class_id`,
};

interface HoldingRow extends Omit<Consumer, 'allocations'>, Allocation {
  readonly consumer: string;
  readonly providerGeneration: bigint;
  readonly createdAt: Date;
}

/** What a consumer has while its rows are read. */
interface GrowingHoldings extends ConsumerHoldings {
  readonly providers: (ProviderHolding & { readonly resources: Amount[] })[];
  changedAt: Date;
}

/**
 * Returns what each consumer has, all of one moment, undefined where it has nothing.
 *
 * @param uuids - in canonical spelling; the answer is in their order.
 */
export async function findConsumers(
  tx: Tx,
  uuids: readonly string[],
): Promise<readonly (ConsumerHoldings | undefined)[]> {
  const found = new Map<string, GrowingHoldings>();
  for (const row of await tx.query<HoldingRow>(FIND_CONSUMERS, [uuids])) {
    const { consumer, provider, resourceClass, amount, createdAt } = row;
    let holdings = found.get(consumer);
    if (holdings === undefined) {
      const { generation, projectId, userId, type } = row;
      holdings = { generation, projectId, userId, type, providers: [], changedAt: createdAt };
      found.set(consumer, holdings);
    }
    if (createdAt > holdings.changedAt) holdings.changedAt = createdAt;
    let holding = holdings.providers.at(-1);
    if (holding?.provider !== provider) {
      holding = { provider, generation: row.providerGeneration, resources: [] };
      holdings.providers.push(holding);
    }
    holding.resources.push({ resourceClass, amount });
  }
  return uuids.map((uuid) => found.get(uuid));
}

/** Which of a provider's consumers to read; they come by id. */
export interface ProviderHoldingFilter {
  readonly providerId: bigint;
  /** Reads behind this consumer only. */
  readonly after: bigint | undefined;
  /** At most so many consumers; undefined reads all. */
  readonly limit: number | undefined;
}

interface ProviderHoldingRow extends Amount {
  readonly consumerId: bigint;
  readonly consumer: string;
  readonly consumerGeneration: bigint;
  readonly createdAt: Date;
}

/** Yields who has what of a provider, piece by piece; a consumer is never cut in two. */
export async function* readProviderHoldings(
  tx: Tx,
  filter: ProviderHoldingFilter,
): AsyncIterable<readonly HoldingOfProvider[]> {
  const { providerId, after, limit } = filter;
  const values: unknown[] = [providerId];
  const conditions = ['a.resource_provider_id = $1'];
  if (after !== undefined) conditions.push(`a.consumer_id > $${values.push(after)}`);
  if (limit !== undefined) {
    // A page has so many consumers, each of which has a row for every class.
    conditions.push(`a.consumer_id in (
       select distinct consumer_id from allocations
        where resource_provider_id = $1 and consumer_id > $${values.push(after ?? 0n)}
        order by consumer_id limit $${values.push(limit)})`);
  }
  const text = `
    select a.consumer_id as "consumerId", c.uuid as consumer,
           c.generation as "consumerGeneration", r.name as "resourceClass", a.used as amount,
           a.created_at as "createdAt"
      from allocations a
      join consumers c on c.id = a.consumer_id
      join resource_classes r on r.id = a.resource_class_id
     where ${conditions.join(' and ')}
     order by a.consumer_id, a.resource_class_id`;
  let open: ProviderHoldingRow[] = [];
  for await (const rows of tx.pieces<ProviderHoldingRow>({ text }, values, PIECE)) {
    const { whole, rest } = consumersOf([...open, ...rows]);
    open = rest;
    if (whole.length > 0) yield whole;
  }
  if (open.length > 0) yield [holdingOf(open)];
}

/** Groups rows by consumer; those of the last one may not be all there are. */
function consumersOf(rows: readonly ProviderHoldingRow[]): {
  readonly whole: readonly HoldingOfProvider[];
  readonly rest: ProviderHoldingRow[];
} {
  const whole: HoldingOfProvider[] = [];
  let group: ProviderHoldingRow[] = [];
  for (const row of rows) {
    if (group.length > 0 && group[0]?.consumerId !== row.consumerId) {
      whole.push(holdingOf(group));
      group = [];
    }
    group.push(row);
  }
  return { whole, rest: group };
}

function holdingOf(rows: readonly ProviderHoldingRow[]): HoldingOfProvider {
  const [first] = rows;
  if (first === undefined) throw new Error('A consumer without rows cannot be shown');
  const { consumerId, consumer, consumerGeneration } = first;
  return {
    ...{ consumerId, consumer, consumerGeneration },
    resources: rows.map(({ resourceClass, amount }) => ({ resourceClass, amount })),
    changedAt: newest(rows),
  };
}

function newest(rows: readonly { readonly createdAt: Date }[]): Date {
  return new Date(Math.max(...rows.map(({ createdAt }) => createdAt.getTime())));
}
