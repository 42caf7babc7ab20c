import type {
  ListProviderTraitsResponse,
  ReplaceProviderTraitsRequest,
} from '../../gen/apportion/allocations/v1/provider_traits_service.js';
import { invalid } from '../../kernel/failure.js';
import { isName } from '../domain/resource-class.js';
import type { ReplaceTraitsCommand, TraitsOfProvider } from '../service/provider-traits.js';

/** Returns the command of a ReplaceProviderTraits request. */
export function replaceTraitsFromMessage({
  uuid,
  resourceProviderGeneration: generation,
  traits,
}: ReplaceProviderTraitsRequest): ReplaceTraitsCommand {
  if (!traits.every(isName)) throw invalid('A trait is named A-Z, 0-9 and _');
  return { uuid, generation, traits };
}

/** Returns the traits of a provider as a message. */
export function providerTraitsToMessage({
  generation,
  traits,
}: TraitsOfProvider): ListProviderTraitsResponse {
  return {
    resourceProviderGeneration: generation,
    traits: traits.map(({ name }) => name),
    rest: undefined,
  };
}
