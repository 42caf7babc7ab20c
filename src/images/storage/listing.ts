import type { Tx } from '../../db/tx.js';
import type { Image } from '../domain/image.js';
import type {
  Candidates,
  Condition,
  ImageQuery,
  SortKey,
  TimeOperator,
} from '../domain/listing.js';
import { IMAGE_COLUMNS, type ImageRow, SORT_EXPRESSIONS, SORT_TYPES } from './image-rows.js';

/** Collects the values that a statement binds, and hands out their places. */
class Bound {
  readonly values: unknown[] = [];

  place(value: unknown, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }
}

/**
 * Returns one page of a list.
 *
 * Each set of candidates is walked in the order of the list by an index and stops at the page's
 * length; at most so many rows of each are put in order together.
 *
 * @param behind - the sort values of the marker, from {@link sortValuesOf}.
 */
export async function listImages(
  tx: Tx,
  candidates: readonly Candidates[],
  query: ImageQuery,
  behind: readonly string[] | undefined,
): Promise<readonly Image[]> {
  if (candidates.length === 0 || query.limit === 0) return [];
  const bound = new Bound();
  const limit = bound.place(query.limit, 'bigint');
  const order = query.order
    .map(({ field, ascending }) => `${SORT_EXPRESSIONS[field]} ${ascending ? 'asc' : 'desc'}`)
    .join(', ');
  const shared = [
    'i.deleted_at is null',
    `i.status <> 'killed'`,
    `i.os_hidden = ${bound.place(query.isHidden, 'boolean')}`,
    ...query.conditions.map((condition) => conditionSql(condition, bound)),
    ...(behind === undefined ? [] : [behindSql(query.order, behind, bound)]),
  ].join(' and ');
  const sets = candidates.map((set) => {
    const [from, where] = candidatesSql(set, bound);
    return `(select i.* from ${from} where ${where} and ${shared} order by ${order} limit ${limit})`;
  });
  return tx.query<ImageRow>(
    {
      text: `
        select ${IMAGE_COLUMNS}
          from (${sets.join('\nunion all\n')}) i
         order by ${order}
         limit ${limit}`,
    },
    bound.values,
  );
}

/** Returns an image's values of the sort keys as text, ready to be compared with. */
export async function sortValuesOf(
  tx: Tx,
  id: string,
  order: readonly SortKey[],
): Promise<readonly string[] | undefined> {
  const values = order.map(({ field }) => `(${SORT_EXPRESSIONS[field]})::text`).join(', ');
  const [row] = await tx.query<{ values: readonly string[] }>(
    {
      text: `select array[${values}] as values from images i where i.id = $1 and i.deleted_at is null`,
    },
    [id],
  );
  return row?.values;
}

function candidatesSql(set: Candidates, bound: Bound): readonly [from: string, where: string] {
  switch (set.kind) {
    case 'all':
      return ['images i', `i.visibility = ${bound.place(set.visibility, 'text')}`];
    case 'owned': {
      const visibilities = bound.place(set.visibilities, 'text[]');
      return [
        'images i',
        `i.owner = ${bound.place(set.by, 'text')} and i.visibility = any(${visibilities})`,
      ];
    }
    case 'shared-with': {
      const member = bound.place(set.member, 'text');
      const answered =
        set.status === 'all' ? '' : ` and m.status = ${bound.place(set.status, 'text')}`;
      // Owners may be members of their own images, which they have listed already.
      return [
        'image_members m join images i on i.id = m.image_id',
        `m.member = ${member}${answered} and i.visibility = 'shared' and i.owner is distinct from ${member}`,
      ];
    }
  }
}

/** The columns that conditions name by their documented keys. */
const COLUMNS = {
  id: 'i.id',
  // The expression of the indexes; a name that was never given is not the empty one.
  name: `coalesce(i.name, '')`,
  status: 'i.status',
  container_format: 'i.container_format',
  disk_format: 'i.disk_format',
  owner: 'i.owner',
  checksum: 'i.checksum',
  os_hash_algo: 'i.os_hash_algo',
  os_hash_value: 'i.os_hash_value',
  size: 'i.size',
  virtual_size: 'i.virtual_size',
  min_disk: 'i.min_disk',
  min_ram: 'i.min_ram',
  created_at: 'i.created_at',
  updated_at: 'i.updated_at',
} as const;

const NUMBER_OPERATORS = { least: '>=', most: '<=', exactly: '=' } as const;

function conditionSql(condition: Condition, bound: Bound): string {
  switch (condition.kind) {
    case 'text': {
      const found = `${COLUMNS[condition.field]} = any(${bound.place(condition.anyOf, 'text[]')})`;
      return condition.field === 'name' ? `${found} and i.name is not null` : found;
    }
    case 'number': {
      const value = bound.place(condition.value, 'numeric');
      return `${COLUMNS[condition.field]} ${NUMBER_OPERATORS[condition.operator]} ${value}`;
    }
    case 'time':
      return timeSql(COLUMNS[condition.field], condition.operator, condition.at, bound);
    case 'tag':
      return `i.tags @> ${bound.place([condition.tag], 'text[]')}`;
    case 'property': {
      const pair = JSON.stringify(Object.fromEntries([[condition.name, condition.value]]));
      return `i.properties @> ${bound.place(pair, 'jsonb')}`;
    }
    case 'protected':
      return `i.protected = ${bound.place(condition.isProtected, 'boolean')}`;
  }
}

/** Times are kept finer than they are printed and compared: a second is a half-open range. */
function timeSql(column: string, operator: TimeOperator, at: Date, bound: Bound): string {
  const begin = bound.place(at, 'timestamptz');
  const end = `(${begin} + interval '1 second')`;
  switch (operator) {
    case 'gt':
      return `${column} >= ${end}`;
    case 'gte':
      return `${column} >= ${begin}`;
    case 'lt':
      return `${column} < ${begin}`;
    case 'lte':
      return `${column} < ${end}`;
    case 'eq':
      return `${column} >= ${begin} and ${column} < ${end}`;
    case 'neq':
      return `(${column} < ${begin} or ${column} >= ${end})`;
  }
}

/** Whether an image comes behind the marker, in a form that an index can begin at when it may. */
function behindSql(order: readonly SortKey[], values: readonly string[], bound: Bound): string {
  const places = order.map(({ field }, index) => bound.place(values[index], SORT_TYPES[field]));
  const expressions = order.map(({ field }) => SORT_EXPRESSIONS[field]);
  const [first] = order;
  const comparison = (ascending: boolean) => (ascending ? '>' : '<');
  if (order.every(({ ascending }) => ascending === first?.ascending))
    return `(${expressions.join(', ')}) ${comparison(first?.ascending === true)} (${places.join(', ')})`;
  const cases = order.map(({ ascending }, index) => {
    const equal = expressions.slice(0, index).map((one, at) => `${one} = ${places[at] ?? ''}`);
    const beyond = `${expressions[index] ?? ''} ${comparison(ascending)} ${places[index] ?? ''}`;
    return `(${[...equal, beyond].join(' and ')})`;
  });
  return `(${cases.join(' or ')})`;
}
