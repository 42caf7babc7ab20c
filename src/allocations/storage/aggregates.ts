import type { Tx } from '../../db/tx.js';
import { isCleanText } from '../../kernel/text.js';

/** The aggregates of a provider, and its generation at the same moment. */
export interface ProviderAggregates {
  readonly generation: bigint;
  /** Uuids, ascending. */
  readonly aggregates: readonly string[];
}

const READ = {
  name: 'allocations.read_aggregates',
  text: `
    select p.generation,
           array(select a.aggregate_uuid from provider_aggregates a
                  where a.resource_provider_id = p.id order by a.aggregate_uuid) as aggregates
      from resource_providers p
     where p.uuid = $1`,
};

/** Returns the aggregates of a provider, or undefined when there is no such provider. */
export async function readAggregates(
  tx: Tx,
  uuid: string,
): Promise<ProviderAggregates | undefined> {
  if (!isCleanText(uuid)) return undefined;
  const [found] = await tx.query<ProviderAggregates>(READ, [uuid]);
  return found;
}

const REPLACE = {
  name: 'allocations.replace_aggregates',
  text: `
    with gone as (
      delete from provider_aggregates
       where resource_provider_id = $1 and aggregate_uuid <> all($2::text[]))
    insert into provider_aggregates (resource_provider_id, aggregate_uuid)
    select $1, a.uuid from unnest($2::text[]) as a (uuid)
        on conflict do nothing`,
};

/** Makes these, each once, the aggregates of a locked provider. */
export async function replaceAggregates(
  tx: Tx,
  providerId: bigint,
  aggregates: readonly string[],
): Promise<void> {
  await tx.query(REPLACE, [providerId, aggregates]);
}
