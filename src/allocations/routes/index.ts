import type { Database } from '../../db/database.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoundService } from '../../rpc/route.js';
import { createAggregates } from '../service/aggregates.js';
import { createAllocationsService } from '../service/allocations.js';
import { createInventories } from '../service/inventories.js';
import { createProviderTraits } from '../service/provider-traits.js';
import { createResourceClasses } from '../service/resource-classes.js';
import { createResourceProviders } from '../service/resource-providers.js';
import { createTraits } from '../service/traits.js';
import { createUsages } from '../service/usages.js';
import { aggregateRoutes } from './aggregates.js';
import { allocationRoutes } from './allocations.js';
import type { EndpointDeps } from './endpoint.js';
import { inventoryRoutes } from './inventories.js';
import { providerTraitRoutes } from './provider-traits.js';
import { resourceClassRoutes } from './resource-classes.js';
import { resourceProviderRoutes } from './resource-providers.js';
import { rootRoutes } from './root.js';
import { traitRoutes } from './traits.js';
import { usageRoutes } from './usages.js';

/** What the routes of the slice need. */
export interface RoutesDeps {
  readonly endpoints: EndpointDeps;
  readonly database: Database;
  readonly clock: Clock;
  /** Told the size of every batch of allocation writes. */
  readonly onBatch?: ((size: number) => void) | undefined;
}

/** Returns every RPC of the slice with both its faces; one file per noun. */
export function createRoutes({
  endpoints,
  database,
  clock,
  onBatch,
}: RoutesDeps): readonly BoundService[] {
  return [
    rootRoutes(endpoints),
    resourceClassRoutes(endpoints, createResourceClasses(database)),
    traitRoutes(endpoints, createTraits(database)),
    allocationRoutes(endpoints, createAllocationsService({ database, clock, onBatch })),
    resourceProviderRoutes(endpoints, createResourceProviders(database)),
    inventoryRoutes(endpoints, createInventories(database)),
    aggregateRoutes(endpoints, createAggregates(database)),
    providerTraitRoutes(endpoints, createProviderTraits(database)),
    usageRoutes(endpoints, createUsages(database)),
  ];
}
