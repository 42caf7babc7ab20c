import { Batcher } from '../db/batcher.js';
import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import type { Identity, NestedResources } from '../identity/index.js';
import type { Clock } from '../kernel/clock.js';
import type { Sweep } from '../kernel/sweep.js';
import type { BoundService } from '../rpc/route.js';
import type { ResourceDefaults } from './domain/resource.js';
import type { QuotasHooks } from './hooks.js';
import { createRoutes } from './routes.js';
import { charge, type ChargeCommand } from './service/charge.js';
import { createCommissions } from './service/commissions.js';
import {
  type SettleCommand,
  type SettledSerial,
  settleForOperator,
} from './service/operator-settlement.js';
import { createOverview, type Overview } from './service/overview.js';
import { createReadings } from './service/readings.js';
import {
  type ChangedResource,
  changeResource,
  type ResourceChanges,
} from './service/resource-changes.js';
import {
  type LedgerOperation,
  type LedgerOptions,
  type LedgerResult,
  weightOf,
  writeLedgerBatch,
} from './service/ledger.js';
import { createSweeps } from './service/sweeps.js';
import { verifyHoldings, type VerifyOptions } from './service/verification.js';
import { createResourcesSection } from './state.js';
import { HoldingIds } from './storage/holding-ids.js';
import { type HoldingLimit, setLimits } from './storage/limits.js';
import { findResources } from './storage/resources.js';

export type { QuotasHooks } from './hooks.js';
export type { ChargeCommand } from './service/charge.js';
export type { SettleCommand, SettledSerial } from './service/operator-settlement.js';
export type { Overview } from './service/overview.js';
export type { ChangedResource, ResourceChanges } from './service/resource-changes.js';
export type { Difference, ExpectedLimits, VerifyOptions } from './service/verification.js';
export type { ResourceDefaults } from './domain/resource.js';
export type { HoldingLimit } from './storage/limits.js';

/** What the ledger needs. */
export interface QuotasDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'callers' | 'componentsOfServices' | 'servicesOf'>;
  readonly hooks: QuotasHooks;
  /** Refuse provisions on other components' resources. */
  readonly strict: boolean;
  /** Most provisions of one commission, and serials of one resolve call. */
  readonly maxProvisions: number;
  /** How long request ids and settlements are remembered, in milliseconds. */
  readonly rememberMs: number;
  /** When commissions expire whose issuer says nothing, in milliseconds; null: never. */
  readonly defaultExpiryMs: number | null;
  /** Told the size of every batch that is written. */
  readonly onBatch?: (size: number) => void;
}

/** The ledger as the rest of the house sees it. */
export interface Quotas {
  readonly services: readonly BoundService[];
  /** What a state file says of resources, below the services of components. */
  readonly nestedResources: NestedResources;
  /** What has to be done again and again, by one process at a time. */
  readonly sweeps: readonly Sweep[];
  /** What operators may see of the ledger. */
  readonly overview: Overview;
  /** Settles commissions whose components do not; see `service/operator-settlement.ts`. */
  settle(command: SettleCommand): Promise<readonly SettledSerial[]>;
  /** Changes what an operator decides about a resource; see `service/resource-changes.ts`. */
  changeResource(name: string, changes: ResourceChanges): Promise<ChangedResource>;
  /** Compares holdings with what they follow from; see `service/verification.ts`. */
  verify(options: VerifyOptions): Promise<number>;
  /** Operations that wait to be written. */
  readonly waiting: () => number;
  /** Gives holdings their limits; see `storage/limits.ts`. */
  setLimits(tx: Tx, limits: readonly HoldingLimit[]): Promise<void>;
  /** Charges and releases for another slice, in its transaction; see `service/charge.ts`. */
  charge(tx: Tx, command: ChargeCommand): Promise<void>;
  /** Returns every registered resource with its defaults, by name. */
  resourceDefaults(tx: Tx): Promise<readonly ResourceDefaults[]>;
}

/** Operations that may wait in one process; beyond it callers are told to come back. */
const QUEUE_LIMIT = 20_000;

/** Returns the ledger. */
export function createQuotas(deps: QuotasDeps): Quotas {
  const { database, clock, identity, hooks } = deps;
  const ledger: LedgerOptions = {
    holdingIds: new HoldingIds(),
    clock,
    rememberMs: deps.rememberMs,
    defaultExpiryMs: deps.defaultExpiryMs,
  };
  const batcher = new Batcher<LedgerOperation, LedgerResult>({
    database,
    queueLimit: QUEUE_LIMIT,
    weightOf,
    write: (tx, operations) => writeLedgerBatch(tx, operations, ledger),
    onBatch: deps.onBatch,
  });
  const servicesOf = (tx: Tx, componentId: bigint) => identity.servicesOf(tx, componentId);
  const commissions = createCommissions({
    database,
    clock,
    batcher,
    strict: deps.strict,
    servicesOf,
  });
  return {
    services: createRoutes({
      callers: identity.callers,
      commissions,
      readings: createReadings({
        database,
        servicesOf,
        visibleProjectIds: (tx, user) => hooks.visibleProjectIds(tx, user),
      }),
      maxProvisions: deps.maxProvisions,
    }),
    nestedResources: createResourcesSection({ identity, hooks }),
    sweeps: createSweeps({ database, clock, batcher, rememberMs: deps.rememberMs }),
    overview: createOverview({ database, clock, identity }),
    settle: (command) => settleForOperator(database, commissions, command),
    changeResource: (name, changes) => changeResource(database, name, changes),
    verify: (options) => verifyHoldings(database, options),
    waiting: () => batcher.waiting,
    setLimits,
    charge: (tx, command) => charge(tx, command, ledger),
    resourceDefaults: (tx) => findResources(tx, null),
  };
}
