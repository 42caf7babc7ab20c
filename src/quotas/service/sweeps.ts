import type { Batcher } from '../../db/batcher.js';
import type { Database } from '../../db/database.js';
import type { Clock } from '../../kernel/clock.js';
import type { Sweep } from '../../kernel/sweep.js';
import { EXPIRED } from '../domain/commission.js';
import { expiredCommissions } from '../storage/commissions.js';
import { forgetRequests } from '../storage/earlier-calls.js';
import type { LedgerOperation, LedgerResult } from './ledger.js';

/** How many rows are looked at, and written, at a time. */
const PORTION = 500;

/** What the sweeps of the ledger need. */
export interface SweepsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly batcher: Batcher<LedgerOperation, LedgerResult>;
  /** How long request ids are remembered, in milliseconds. */
  readonly rememberMs: number;
}

/** Returns the sweeps of the ledger. */
export function createSweeps(deps: SweepsDeps): readonly Sweep[] {
  return [
    { name: 'quotas.reject_expired', everySeconds: 3, run: () => rejectExpired(deps) },
    { name: 'quotas.forget_requests', everySeconds: 600, run: () => forgetOldRequests(deps) },
  ];
}

/**
 * Rejects commissions whose time has run out, by the road every settlement takes: one that is
 * accepted at the same moment is settled once.
 */
async function rejectExpired({ database, clock, batcher }: SweepsDeps): Promise<void> {
  for (;;) {
    const expired = await database.read((tx) => expiredCommissions(tx, clock.now(), PORTION));
    const byComponent = new Map<bigint, bigint[]>();
    for (const { componentId, serial } of expired) {
      const serials = byComponent.get(componentId);
      if (serials === undefined) byComponent.set(componentId, [serial]);
      else serials.push(serial);
    }
    await Promise.all(
      [...byComponent].map(([componentId, reject]) =>
        batcher.submit(
          { kind: 'resolve', componentId, command: { accept: [], reject, reason: EXPIRED } },
          { callerKey: 'expiry', deadline: Infinity, isCancelled: () => false },
        ),
      ),
    );
    if (expired.length < PORTION) return;
  }
}

async function forgetOldRequests({ database, clock, rememberMs }: SweepsDeps): Promise<void> {
  const before = new Date(clock.now().getTime() - rememberMs);
  for (;;) {
    const forgotten = await database.transact((tx) => forgetRequests(tx, before, PORTION));
    if (forgotten < PORTION) return;
  }
}
