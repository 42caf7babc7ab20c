import type { Tx } from '../../db/tx.js';
import { type Quantity, ZERO } from '../../kernel/quantity.js';
import {
  holdingKey,
  mergeProvisions,
  type Provision,
  type RawProvision,
} from '../domain/commission.js';
import type { Holding } from '../domain/holding.js';
import { lockHoldings } from '../storage/ledger.js';
import { type LedgerOptions, writeLedgerOperation } from './ledger.js';

/** What another slice charges by itself, and releases. */
export interface ChargeCommand {
  /** As whom; the commission is this component's. */
  readonly componentId: bigint;
  /** Changes of the same holding are added up. */
  readonly changes: readonly RawProvision[];
  /** Skips the limits. */
  readonly force: boolean;
  /** For people who read the provision log. */
  readonly name: string;
}

/**
 * Changes holdings within the caller's transaction, by a commission that is accepted at once.
 *
 * What is released was charged by the same slice before; so a holding that has less, or is missing,
 * is wrong by itself, and gets back as much as it has. Nobody should be kept from his work by it.
 *
 * Fails with NO_CAPACITY, and with NO_HOLDING for a charge on a holding that does not exist, unless
 * it is forced. Changes that come to nothing are not judged.
 */
export async function charge(
  tx: Tx,
  { componentId, changes, force, name }: ChargeCommand,
  options: LedgerOptions,
): Promise<void> {
  const wanted = mergeProvisions(changes).filter(({ quantity }) => quantity !== 0n);
  if (wanted.length === 0) return;
  const ids = await options.holdingIds.find(tx, wanted);
  const { holdings } = await lockHoldings(tx, ids.values(), 0);
  const provisions = wanted.flatMap((provision) => {
    const id = ids.get(holdingKey(provision));
    return possible(provision, id === undefined ? undefined : holdings.get(id), force);
  });
  if (provisions.length === 0) return;
  const outcome = await writeLedgerOperation(
    tx,
    {
      kind: 'issue',
      componentId,
      command: {
        ...{ provisions, force, name },
        ...{ autoAccept: true, dryRun: false, requestId: null, expiresInMs: null },
      },
    },
    options,
  );
  if (!outcome.ok) throw outcome.failure;
}

/** Returns what of a change the ledger is asked to do. */
function possible(
  provision: Provision,
  holding: Holding | undefined,
  force: boolean,
): readonly Provision[] {
  const { quantity } = provision;
  if (holding === undefined) return quantity < 0n || force ? [] : [provision];
  if (quantity > 0n) return [provision];
  const there: Quantity = holding.usageMin;
  if (there === ZERO) return [];
  return [{ ...provision, quantity: -quantity > there ? (-there as Quantity) : quantity }];
}
