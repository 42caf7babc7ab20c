import type {
  EnsureResourceClassRequest,
  EnsureResourceClassResponse,
  ListResourceClassesResponse,
} from '../../gen/apportion/allocations/v1/resource_classes_service.js';
import { pageTokenAfter } from '../../kernel/page.js';
import type {
  EnsureClassCommand,
  EnsuredClass,
  ResourceClassList,
} from '../service/resource-classes.js';

/** Returns the command of ResourceClassesService.EnsureResourceClass. */
export function ensureClassFromMessage({
  name,
  newName,
}: EnsureResourceClassRequest): EnsureClassCommand {
  return { name, newName };
}

/** Returns the answer of ResourceClassesService.ListResourceClasses. */
export function classesToMessage({
  classes,
  next,
}: ResourceClassList): ListResourceClassesResponse {
  return {
    resourceClasses: classes.map(({ name }) => name),
    nextPageToken: next === undefined ? '' : pageTokenAfter([next]),
    rest: undefined,
  };
}

/** Returns the answer of ResourceClassesService.EnsureResourceClass. */
export function ensuredClassToMessage({
  name,
  created,
}: EnsuredClass): EnsureResourceClassResponse {
  return { name, created, rest: undefined };
}
