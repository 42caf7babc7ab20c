import type { Tx } from '../../db/tx.js';
import type { Page } from '../../kernel/page.js';
import { isCleanText } from '../../kernel/text.js';
import { LARGEST_UNIT } from '../domain/inventory.js';
import type { NameFilter, ProviderFilter } from '../domain/provider-filter.js';
import type { ResourceProvider } from '../domain/resource-provider.js';
import { PROVIDER_COLUMNS, PROVIDERS } from './provider-rows.js';

/** How many rows are in memory at a time. */
const PIECE = 1_000;

/** Which providers to read: by uuid, in pieces. */
export interface ProviderListing {
  readonly filter: ProviderFilter;
  /** Undefined reads all. */
  readonly page: Page<string> | undefined;
}

/**
 * Yields the providers that pass every filter, by uuid.
 *
 * One statement, whatever is asked; only the filters that are set are in it, so that it can begin
 * with the index of the narrowest one.
 */
export async function* readProviders(
  tx: Tx,
  { filter, page }: ProviderListing,
): AsyncIterable<readonly ResourceProvider[]> {
  const { name, uuid, inTree } = filter;
  if (![name, uuid, inTree].every((text) => text === undefined || isCleanText(text))) return;
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    ...(name === undefined ? [] : [`p.name = ${bind(name)}`]),
    ...(uuid === undefined ? [] : [`p.uuid = ${bind(uuid)}`]),
    ...(inTree === undefined ? [] : [withinTree(bind(inTree))]),
    ...offering(filter, bind),
    ...named(filter.aggregates, AGGREGATES, bind),
    ...named(filter.traits, TRAITS, bind),
    ...(page?.after === undefined ? [] : [`p.uuid > ${bind(page.after)}`]),
  ];
  const text = `
    select ${PROVIDER_COLUMNS} from ${PROVIDERS}
     where ${conditions.length === 0 ? 'true' : conditions.join(' and ')}
     order by p.uuid
     ${page === undefined ? '' : `limit ${bind(page.size)}`}`;
  yield* tx.pieces<ResourceProvider>({ text }, values, PIECE);
}

type Bind = (value: unknown) => string;

function withinTree(uuid: string): string {
  return `p.root_provider_id = (
    select t.root_provider_id from resource_providers t where t.uuid = ${uuid})`;
}

/** The provider itself can still give every amount (section 12). */
function offering({ resources }: ProviderFilter, bind: Bind): readonly string[] {
  if (resources.size === 0) return [];
  const names = bind([...resources.keys()]);
  // Beyond what any unit can be, one amount is as impossible as another.
  const amounts = bind(
    [...resources.values()].map((amount) => (amount > LARGEST_UNIT ? LARGEST_UNIT + 1n : amount)),
  );
  return [
    `p.id in (
      select i.resource_provider_id
        from unnest(${names}::text[], ${amounts}::bigint[]) as w (name, amount)
        join resource_classes c on c.name = w.name
        join inventories i on i.resource_class_id = c.id
       where w.amount between i.min_unit and i.max_unit
         and w.amount % i.step_size = 0
         and i.used + w.amount <= (i.total - i.reserved) * i.allocation_ratio
       group by i.resource_provider_id
      having count(*) = ${bind(resources.size)}::bigint)`,
  ];
}

/** Where names that providers have are kept: `h` has the provider, and `name` is an expression. */
interface NamesTable {
  readonly from: string;
  readonly name: string;
}

const AGGREGATES: NamesTable = { from: 'provider_aggregates h', name: 'h.aggregate_uuid' };
const TRAITS: NamesTable = {
  from: 'provider_traits h join traits t on t.id = h.trait_id',
  name: 't.name',
};

/** The provider has one name of each group, and none that is forbidden. */
function named({ anyOf, noneOf }: NameFilter, table: NamesTable, bind: Bind): readonly string[] {
  const wanted = anyOf.flatMap((group, index) => group.map((name) => [index, name] as const));
  const conditions: string[] = [];
  if (anyOf.length > 0)
    conditions.push(`p.id in (
      select h.resource_provider_id
        from unnest(${bind(wanted.map(([index]) => index))}::bigint[],
                    ${bind(wanted.map(([, name]) => name))}::text[]) as w (one_of, name),
             ${table.from}
       where ${table.name} = w.name
       group by h.resource_provider_id
      having count(distinct w.one_of) = ${bind(anyOf.length)}::bigint)`);
  if (noneOf.length > 0)
    conditions.push(`not exists (
      select from ${table.from}
       where h.resource_provider_id = p.id and ${table.name} = any(${bind(noneOf)}::text[]))`);
  return conditions;
}

const UNKNOWN_CLASSES = {
  name: 'allocations.unknown_classes',
  text: `
    select w.name from unnest($1::text[]) with ordinality as w (name, position)
     where not exists (select from resource_classes c where c.name = w.name)
     order by w.position`,
};

/** Returns those of the names that no resource class has, in their order. */
export async function unknownClasses(tx: Tx, names: readonly string[]): Promise<readonly string[]> {
  // What cannot be stored is not there, and Postgres would not look for it.
  const unclean = names.filter((name) => !isCleanText(name));
  if (unclean.length > 0) return unclean;
  const rows = await tx.query<{ name: string }>(UNKNOWN_CLASSES, [names]);
  return rows.map(({ name }) => name);
}

const UNKNOWN_TRAITS = {
  name: 'allocations.unknown_traits',
  text: `
    select w.name from unnest($1::text[]) as w (name)
     where not exists (select from traits t where t.name = w.name)
     group by w.name
     order by w.name`,
};

/** Returns those of the names that no trait has, by name. */
export async function unknownTraits(tx: Tx, names: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.query<{ name: string }>(UNKNOWN_TRAITS, [names]);
  return rows.map(({ name }) => name);
}
