import type {
  ListTraitsRequest,
  ListTraitsResponse,
} from '../../gen/apportion/allocations/v1/traits_service.js';
import { pageTokenAfter, pageFromRequest } from '../../kernel/page.js';
import { unwrap } from '../../kernel/parsed.js';
import type { ListTraitsCommand, TraitList } from '../service/traits.js';

/** Returns the command of TraitsService.ListTraits. */
export function listTraitsFromMessage(request: ListTraitsRequest): ListTraitsCommand {
  const { names, namePrefix, associated } = request;
  return {
    filter: {
      names: names.length === 0 ? undefined : names,
      prefix: namePrefix === '' ? undefined : namePrefix,
      associated,
    },
    page: unwrap(pageFromRequest(request, 1)),
  };
}

/** Returns the answer of TraitsService.ListTraits. */
export function traitsToMessage({ traits, next }: TraitList): ListTraitsResponse {
  return {
    traits: traits.map(({ name }) => name),
    nextPageToken: next === undefined ? '' : pageTokenAfter([next]),
    rest: undefined,
  };
}
