import type { Database } from '../db/database.js';
import type { Identity } from '../identity/index.js';
import type { Clock } from '../kernel/clock.js';
import type { Family } from '../rpc/http.js';
import type { BoundService } from '../rpc/route.js';
import { createPolicy, type PolicyMode } from './access.js';
import { createPlacementFamily } from './rest/family.js';
import { type AuthMode, createCaller } from './routes/callers.js';
import { createRoutes } from './routes/index.js';
import { installStandardNames } from './service/standard-names.js';

/** What the slice works with. */
export interface AllocationsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'callers'>;
  /** Path below which the API lives besides the root, for instance `/placement`. */
  readonly prefix: string;
  /** Base URL of the deployment, without a trailing slash. */
  readonly publicUrl: string;
  readonly auth: AuthMode;
  readonly policy: PolicyMode;
  /** Told the size of every batch of allocation writes. */
  readonly onBatch?: (size: number) => void;
}

/** Who provides what, and who has how much of it: the Placement API. */
export interface Allocations {
  readonly services: readonly BoundService[];
  readonly family: Family;
  /** Adds the standard resource classes and traits that the database does not have yet. */
  start(): Promise<void>;
}

/** Returns the allocations slice. */
export function createAllocations(deps: AllocationsDeps): Allocations {
  const { database, clock } = deps;
  const caller = createCaller(deps.auth, deps.identity);
  const family = createPlacementFamily({
    prefix: deps.prefix,
    authUrl: `${deps.publicUrl}/identity/v2.0`,
    authenticate: (credentials) => caller.authenticate(credentials),
  });
  return {
    family,
    services: createRoutes({
      endpoints: { family, caller, policy: createPolicy(deps.policy) },
      database,
      clock,
      onBatch: deps.onBatch,
    }),
    start: () => installStandardNames(database),
  };
}
