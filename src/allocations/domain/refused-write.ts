/**
 * Invariant: a refused write is told in the words of the document (sections 6 to 10), which clients
 * read; programs find the same in the facts.
 */
import { Failure, notFound } from '../../kernel/failure.js';
import type { WriteRefusal } from './allocation-write.js';
import { freeOf } from './capacity.js';

/** Begins every message about what providers have. */
const UNABLE = 'Unable to allocate inventory';

/**
 * Returns the failure of a refused write.
 *
 * @param isBatch - whether the write could have named several consumers, which changes one text.
 */
export function refusedWrite(refusal: WriteRefusal, isBatch: boolean): Failure {
  switch (refusal.why) {
    case 'generation':
      return wrongGeneration(refusal);
    case 'no-provider':
      return new Failure(
        'invalid',
        'UNKNOWN_PROVIDER',
        `Allocation for resource provider '${refusal.provider}' that does not exist.`,
        { provider: refusal.provider },
      );
    case 'no-class': {
      const { consumer, resourceClass } = refusal;
      const whose = isBatch ? '' : ` for consumer ${consumer}:`;
      return new Failure(
        'invalid',
        'UNKNOWN_RESOURCE_CLASS',
        `${UNABLE}${whose} No such resource class ${resourceClass}.`,
        { resource_class: resourceClass },
      );
    }
    case 'no-inventory':
      return noInventory(refusal);
    case 'unit':
      return unitViolated(refusal);
    case 'capacity':
      return capacityExceeded(refusal);
  }
}

/**
 * Returns the failure of a removal that finds nothing.
 *
 * @param consumer - as the caller spelled it.
 */
export function nothingAllocated(consumer: string): Failure {
  return notFound('consumer', consumer, `No allocations for consumer '${consumer}'`);
}

type RefusalOf<Why> = Extract<WriteRefusal, { readonly why: Why }>;

function wrongGeneration({ write, actual }: RefusalOf<'generation'>): Failure {
  const { consumer, expected } = write;
  return new Failure(
    'conflicting-writes',
    'GENERATION_CONFLICT',
    `consumer generation conflict - expected ${actual ?? 'null'} but got ${expected ?? 'None'}`,
    {
      kind: 'consumer',
      id: consumer,
      ...(actual !== null && { expected: actual }),
      ...(typeof expected === 'bigint' && { given: expected }),
    },
  );
}

function noInventory({ providers, resourceClasses }: RefusalOf<'no-inventory'>): Failure {
  const [classes, where] = [resourceClasses.join(', '), providers.join(', ')];
  return new Failure(
    'wrong-state',
    'NO_INVENTORY',
    `${UNABLE}: Inventory for '${classes}' on resource provider '${where}' invalid.`,
    { provider: providers[0] ?? '', resource_class: resourceClasses[0] ?? '' },
  );
}

function unitViolated({ allocation, stock }: RefusalOf<'unit'>): Failure {
  return new Failure(
    'wrong-state',
    'UNIT_VIOLATED',
    `${unableToCreate(allocation)} The requested amount would violate inventory constraints.`,
    {
      ...factsOf(allocation),
      min_unit: stock.minUnit,
      max_unit: stock.maxUnit,
      step_size: stock.stepSize,
    },
  );
}

function capacityExceeded({ allocation, stock }: RefusalOf<'capacity'>): Failure {
  return new Failure(
    'over-limit',
    'CAPACITY_EXCEEDED',
    `${unableToCreate(allocation)} The requested amount would exceed the capacity.`,
    { ...factsOf(allocation), free: freeOf(stock) },
  );
}

type Refused = RefusalOf<'unit'>['allocation'];

function unableToCreate({ provider, resourceClass }: Refused): string {
  return `${UNABLE}: Unable to create allocation for '${resourceClass}' on resource provider '${provider}'.`;
}

function factsOf({ provider, resourceClass, amount }: Refused) {
  return { provider, resource_class: resourceClass, requested: amount };
}
