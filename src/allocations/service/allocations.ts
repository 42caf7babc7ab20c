import { Batcher } from '../../db/batcher.js';
import type { Database } from '../../db/database.js';
import { Gatherer } from '../../db/gatherer.js';
import type { CallContext } from '../../kernel/call-context.js';
import type { Clock } from '../../kernel/clock.js';
import { notFound } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import type { ScopedPrincipal } from '../../kernel/principal.js';
import type { AllocationsWrite } from '../domain/allocation-write.js';
import type { ConsumerHoldings, HoldingOfProvider } from '../domain/holdings.js';
import { nothingAllocated } from '../domain/refused-write.js';
import { canonicalUuid } from '../domain/uuid.js';
import { findConsumers, readProviderHoldings } from '../storage/allocations.js';
import { findProvider } from '../storage/provider-rows.js';
import {
  type AllocationOperation,
  type ConsumerGenerations,
  weightOf,
  writeAllocationBatch,
} from './allocation-ledger.js';

/** What the use cases of allocations need. */
export interface AllocationsServiceDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Told the size of every batch that is written. */
  readonly onBatch?: ((size: number) => void) | undefined;
}

/** What consumers are to have from now on. */
export interface WriteCommand {
  readonly write: AllocationsWrite;
  /** Whether it could have named several consumers. */
  readonly isBatch: boolean;
}

/** Which consumers of a provider to list; an absent page means all of them. */
export interface ProviderAllocationsCommand {
  /** The provider's uuid. */
  readonly uuid: string;
  readonly page: Page<bigint> | undefined;
}

/**
 * Who has what of a provider. It is read piece by piece from one snapshot, so that it never is in
 * memory whole.
 */
export interface ProviderAllocations {
  readonly page: Page<bigint> | undefined;
  /**
   * Visits all consumers by id and returns the provider's generation at that moment; throws
   * NOT_FOUND when there is no such provider.
   */
  read(visit: (holdings: readonly HoldingOfProvider[]) => void): Promise<bigint>;
}

/** The use cases of allocations. */
export interface Allocations {
  /** Returns what a consumer has, or undefined when it has nothing; the uuid in any spelling. */
  get(consumer: string): Promise<ConsumerHoldings | undefined>;
  write(
    caller: ScopedPrincipal,
    command: WriteCommand,
    call: CallContext,
  ): Promise<ConsumerGenerations>;
  /** Takes everything from a consumer; throws NOT_FOUND when it has nothing. */
  remove(caller: ScopedPrincipal, consumer: string, call: CallContext): Promise<void>;
  ofProvider(command: ProviderAllocationsCommand): ProviderAllocations;
}

/** Operations that may wait in one process; beyond it callers are told to come back. */
const QUEUE_LIMIT = 20_000;

/** Returns the use cases of allocations. */
export function createAllocationsService(deps: AllocationsServiceDeps): Allocations {
  const { database, clock } = deps;
  const batcher = new Batcher<AllocationOperation, ConsumerGenerations>({
    database,
    queueLimit: QUEUE_LIMIT,
    weightOf,
    write: (tx, operations) => writeAllocationBatch(tx, operations, clock),
    ...(deps.onBatch !== undefined && { onBatch: deps.onBatch }),
  });
  const looking = new Gatherer<string, ConsumerHoldings | undefined>((uuids) =>
    database.read((tx) => findConsumers(tx, uuids)),
  );
  const submit = (caller: ScopedPrincipal, operation: AllocationOperation, call: CallContext) =>
    batcher.submit(operation, {
      callerKey: caller.user,
      deadline: call.deadline,
      isCancelled: () => call.isCancelled(),
    });
  return {
    async get(consumer) {
      const uuid = canonicalUuid(consumer);
      return uuid === undefined ? undefined : looking.find(uuid);
    },
    write: (caller, command, call) => submit(caller, { kind: 'write', ...command }, call),
    async remove(caller, asked, call) {
      const consumer = canonicalUuid(asked);
      if (consumer === undefined) throw nothingAllocated(asked);
      await submit(caller, { kind: 'remove', consumer, asked }, call);
    },
    ofProvider: ({ uuid, page }) => ({
      page,
      read: (visit) =>
        database.snapshot(async (tx) => {
          const provider = await findProvider(tx, uuid);
          if (provider === undefined) throw unknownProvider(uuid);
          const filter = { providerId: provider.id, after: page?.after, limit: page?.size };
          for await (const piece of readProviderHoldings(tx, filter)) visit(piece);
          return provider.generation;
        }),
    }),
  };
}

function unknownProvider(uuid: string) {
  return notFound(
    'resource_provider',
    uuid,
    `Resource provider '${uuid}' not found: No resource provider with uuid ${uuid} found`,
  );
}
