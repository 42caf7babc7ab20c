import { invalid } from '../../kernel/failure.js';
import type { HttpAnswer } from '../../rpc/http.js';
import type {
  EnsuredTrait,
  ListTraitsCommand,
  Trait,
  TraitFilter,
  TraitList,
} from '../service/traits.js';
import { emptyAnswer, jsonAnswer, locationOf, newestOf, type PlacementRequest } from './answers.js';
import { queryOf } from './input.js';

/** Returns the command of `GET /traits` (section 14.1). */
export function listTraitsFromHttp(request: PlacementRequest): ListTraitsCommand {
  const query = queryOf(request, { name: { type: 'string' }, associated: { type: 'string' } });
  return {
    filter: {
      ...nameFilter(query.one('name')),
      associated: associatedFilter(query.one('associated')),
    },
    page: undefined,
  };
}

function nameFilter(text: string | undefined): Pick<TraitFilter, 'names' | 'prefix'> {
  if (text === undefined) return { names: undefined, prefix: undefined };
  const [, operator, value = ''] = /^(in|startswith):(.*)$/s.exec(text) ?? [];
  if (operator === 'in') return { names: value.split(','), prefix: undefined };
  if (operator === 'startswith') return { names: undefined, prefix: value };
  throw invalid(
    `Badly formatted name parameter. Expected name query string parameter in form: ?name=[in|startswith]:[name1,name2|prefix]. Got: "${text}"`,
  );
}

function associatedFilter(text: string | undefined): boolean | undefined {
  switch (text?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw invalid('The query parameter "associated" only accepts "true" or "false"');
  }
}

/** Returns the answer to `GET /traits`. */
export function traitsToHttp({ traits }: TraitList, request: PlacementRequest): HttpAnswer {
  const newest = newestOf(traits.map(({ createdAt }) => createdAt));
  return jsonAnswer(request, { traits: traits.map(({ name }) => name) }, newest ?? 'now');
}

/** Returns the answer to `GET /traits/{name}`. */
export function traitToHttp({ createdAt }: Trait, request: PlacementRequest): HttpAnswer {
  return emptyAnswer(request, 204, { freshness: createdAt });
}

/** Returns the answer to `PUT /traits/{name}`. */
export function ensuredTraitToHttp(
  { trait, created }: EnsuredTrait,
  request: PlacementRequest,
): HttpAnswer {
  return emptyAnswer(request, created ? 201 : 204, {
    freshness: trait.createdAt,
    headers: locationOf(request, `/traits/${trait.name}`),
  });
}
