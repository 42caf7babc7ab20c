import type { Tx } from '../db/tx.js';
import type { ResourceDefaults } from './domain/resource.js';

/** What higher slices do when the ledger changes, inside the same transaction. */
export interface QuotasHooks {
  /** Resources were registered for the first time: everybody gets holdings of them at once. */
  resourcesRegistered(tx: Tx, resources: readonly ResourceDefaults[]): Promise<void>;
  /** Returns ids of the projects that a user sees in his quotas (quota specification, 4.2). */
  visibleProjectIds(tx: Tx, userUuid: string): Promise<readonly string[]>;
}
