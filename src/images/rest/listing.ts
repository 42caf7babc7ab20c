import { type Failure, invalid } from '../../kernel/failure.js';
import { attempt, type Parsed } from '../../kernel/parsed.js';
import { isCleanText } from '../../kernel/text.js';
import { type HttpAnswer, type HttpRequest, lastOf } from '../../rpc/http.js';
import {
  completeOrder,
  type Condition,
  EXACT_FILTERS,
  type ImageQuery,
  NUMBER_FILTERS,
  type PageSizes,
  SORT_KEYS,
  type SortField,
  type SortKey,
  TEXT_FILTERS,
  TIME_FILTERS,
  TIME_OPERATORS,
  wholeSecond,
} from '../domain/listing.js';
import { isMemberStatus } from '../domain/member.js';
import { isVisibility } from '../domain/visibility.js';
import type { ImagePage } from '../service/images.js';
import { jsonAnswer } from './answers.js';
import { imageToJson } from './images.js';
import { isoTime } from './iso-time.js';

/** Parameters that are not conditions on properties. */
const OTHERS: ReadonlySet<string> = new Set([
  ...[
    'limit',
    'marker',
    'visibility',
    'member_status',
    'os_hidden',
    'sort',
    'sort_key',
    'sort_dir',
  ],
]);

/** Returns the query of `GET /v2/images` (section 8.4). */
export function imageQueryFrom({ query }: HttpRequest, sizes: PageSizes): Parsed<ImageQuery> {
  return attempt(() => {
    for (const [name, value] of query)
      if (!isCleanText(name) || !isCleanText(value))
        throw invalid(`The parameter ${name} contains characters that are not supported.`);
    return {
      limit: limitFrom(lastOf(query, 'limit'), sizes),
      marker: lastOf(query, 'marker'),
      visibility: visibilityFrom(lastOf(query, 'visibility')),
      memberStatus: memberStatusFrom(lastOf(query, 'member_status')),
      isHidden: flagFrom('os_hidden', (lastOf(query, 'os_hidden') ?? 'false').toLowerCase()),
      conditions: conditionsFrom(query),
      order: orderFrom(query),
    };
  });
}

/** Returns the answer to `GET /v2/images`: one page, and where the list begins and goes on. */
export function imagesToHttp({ images, next }: ImagePage, { query }: HttpRequest): HttpAnswer {
  const parameters = new URLSearchParams([...query].filter(([name]) => name !== 'marker'));
  const first = linkTo(parameters);
  if (next !== undefined) parameters.append('marker', next);
  return jsonAnswer(200, {
    images: images.map(imageToJson),
    first,
    ...(next !== undefined && { next: linkTo(parameters) }),
    schema: '/v2/schemas/images',
  });
}

function linkTo(parameters: URLSearchParams): string {
  return parameters.size === 0 ? '/v2/images' : `/v2/images?${parameters.toString()}`;
}

function limitFrom(text: string | undefined, { usual, largest }: PageSizes): number {
  if (text === undefined) return Math.min(usual, largest);
  if (!/^\d+$/.test(text)) throw invalid('limit param must be an integer that is not negative');
  return Math.min(Number(text), largest);
}

function visibilityFrom(text: string | undefined): ImageQuery['visibility'] {
  if (text === undefined || text === 'all' || isVisibility(text)) return text;
  throw invalid(`Invalid visibility value: ${text}`);
}

function memberStatusFrom(text: string | undefined): ImageQuery['memberStatus'] {
  if (text === undefined) return 'accepted';
  if (text === 'all' || isMemberStatus(text)) return text;
  throw invalid(`Invalid status: ${text}`);
}

function flagFrom(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw invalid(`${name} must be true or false`);
  return text === 'true';
}

function conditionsFrom(query: URLSearchParams): readonly Condition[] {
  const tags = query.getAll('tag').map((tag): Condition => ({ kind: 'tag', tag }));
  const named = [...new Set(query.keys())].filter((name) => name !== 'tag' && !OTHERS.has(name));
  return [...tags, ...named.map((name) => conditionFrom(name, lastOf(query, name) ?? ''))];
}

function conditionFrom(name: string, value: string): Condition {
  if (name === 'changes-since') throw invalid('changes-since is not supported, use updated_at');
  if (name === 'protected') return { kind: 'protected', isProtected: flagFrom('protected', value) };
  const text = oneOf(TEXT_FILTERS, name);
  if (text !== undefined) return { kind: 'text', field: text, anyOf: textsFrom(name, value) };
  const exact = oneOf(EXACT_FILTERS, name);
  if (exact !== undefined) return { kind: 'text', field: exact, anyOf: [value] };
  const time = oneOf(TIME_FILTERS, name);
  if (time !== undefined) return { kind: 'time', field: time, ...timeFrom(name, value) };
  return numberCondition(name, value) ?? { kind: 'property', name, value };
}

function numberCondition(name: string, value: string): Condition | undefined {
  const bounded = /^(.*)_(min|max)$/s.exec(name);
  const exactly = oneOf(NUMBER_FILTERS, name);
  const field = exactly ?? oneOf(NUMBER_FILTERS, bounded?.[1] ?? '');
  if (field === undefined) return undefined;
  // A number of many digits is compared as it is, but not read for ever.
  if (!/^[+-]?\d{1,40}$/.test(value)) throw invalid(`${name} must be an integer`);
  const operator = exactly !== undefined ? 'exactly' : bounded?.[2] === 'min' ? 'least' : 'most';
  return { kind: 'number', field, operator, value: BigInt(value.replace('+', '')) };
}

/** Returns the texts of `a`, `eq:a` or `in:a,"b,c"`. */
function textsFrom(name: string, value: string): readonly string[] {
  const [, operator, rest = value] = /^(\w+):(.*)$/s.exec(value) ?? [];
  switch (operator) {
    case undefined:
    case 'eq':
      return [rest];
    case 'in':
      return listed(name, rest);
    default:
      throw invalid(`Unable to filter ${name} by the operator ${operator}`);
  }
}

function listed(name: string, text: string): readonly string[] {
  const parts = [...text.matchAll(/(?:^|,)(?:"([^"]*)"(?=,|$)|([^",]*)(?=,|$))/g)];
  const read = parts.reduce((length, [whole]) => length + whole.length, 0);
  if (read !== text.length) throw malformedList(name);
  return parts.map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function malformedList(name: string): Failure {
  return invalid(`Invalid list of values for ${name}: quote values that have a comma`);
}

function timeFrom(name: string, value: string) {
  const [, word, rest = value] = /^([A-Za-z]+):(.*)$/s.exec(value) ?? [];
  const operator = word === undefined ? 'eq' : oneOf(TIME_OPERATORS, word);
  const at = isoTime(rest);
  if (operator === undefined || at === undefined)
    throw invalid(`${name} must be an ISO 8601 time, with an operator or without one`);
  return { operator, at: wholeSecond(at) };
}

function orderFrom(query: URLSearchParams): readonly SortKey[] {
  const sort = lastOf(query, 'sort');
  const keys = query.getAll('sort_key');
  const directions = query.getAll('sort_dir');
  if (sort === undefined) return separateOrder(keys, directions);
  if (keys.length > 0 || directions.length > 0)
    throw invalid('sort cannot be used together with sort_key and sort_dir');
  const given = sort.split(',').map((part) => {
    const [key = '', direction = 'desc'] = part.split(/:(.*)/s);
    return { field: sortField(key.trim()), ascending: isAscending(direction) };
  });
  return completeOrder(given, given.length);
}

function separateOrder(keys: readonly string[], directions: readonly string[]): readonly SortKey[] {
  const fields = keys.length === 0 ? (['created_at'] as const) : keys.map(sortField);
  if (directions.length > 1 && directions.length !== fields.length)
    throw invalid('Number of sort dirs does not match the number of sort keys');
  const ascending = directions.map(isAscending);
  return completeOrder(
    fields.map((field, index) => ({ field, ascending: ascending[index] ?? ascending[0] ?? false })),
    directions.length,
  );
}

function sortField(key: string): SortField {
  const field = oneOf(SORT_KEYS, key);
  if (field === undefined)
    throw invalid(
      `Invalid sort key: ${key}. It must be one of the following: ${SORT_KEYS.join(', ')}.`,
    );
  return field;
}

function isAscending(direction: string): boolean {
  if (direction !== 'asc' && direction !== 'desc')
    throw invalid(`Invalid sort direction: ${direction}`);
  return direction === 'asc';
}

function oneOf<T extends string>(all: readonly T[], text: string): T | undefined {
  return all.find((one) => one === text);
}
