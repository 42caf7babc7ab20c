import type { Database } from '../../db/database.js';
import type { CallContext } from '../../kernel/call-context.js';
import type { Failure } from '../../kernel/failure.js';
import { parsed } from '../../kernel/parsed.js';
import { isQuantity } from '../../kernel/quantity.js';
import {
  commissionNotFound,
  type Resolution,
  settledOtherwise,
  settlementFrom,
  storableReason,
} from '../domain/commission.js';
import type { Settlement } from '../domain/holding.js';
import { ownersOfCommissions } from '../storage/overview.js';
import type { Commissions } from './commissions.js';

/** What an operator wants settled. */
export interface SettleCommand {
  readonly serials: readonly bigint[];
  readonly how: Settlement;
  /** Kept in the log. */
  readonly reason: string;
}

/** What became of one serial. */
export type SettledSerial = { readonly serial: bigint } & (
  | { readonly outcome: 'settled' }
  /** It had been settled in the same way before. */
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'failed'; readonly failure: Failure }
);

/** An operator waits for as long as it takes. */
const CALL: CallContext = {
  requestId: 'operator',
  face: 'grpc',
  deadline: Infinity,
  isCancelled: () => false,
};

/**
 * Settles commissions whose components do not (quota specification, 17.10), by the road the
 * components' own calls take. Returns what became of each serial, ascending; settling one again in
 * the same way is no failure.
 */
export async function settleForOperator(
  database: Database,
  commissions: Pick<Commissions, 'resolveMany'>,
  { serials, how, reason }: SettleCommand,
): Promise<readonly SettledSerial[]> {
  storableReason(reason);
  const wanted = [...new Set(serials)].sort((a, b) => (a < b ? -1 : 1));
  const owners = await database.snapshot((tx) =>
    ownersOfCommissions(tx, wanted.filter(isQuantity)),
  );
  const outcomes = new Map<bigint, SettledSerial>();
  const pending = new Map<bigint, bigint[]>();
  for (const { serial, componentId, reason: logged } of owners) {
    if (logged !== null)
      outcomes.set(serial, settledBefore(serial, settlementFrom(logged).how, how));
    else pending.set(componentId, [...(pending.get(componentId) ?? []), serial]);
  }
  for (const [componentId, own] of pending) {
    const command = { accept: [], reject: [], reason, [how]: own };
    const caller = { kind: 'component', id: componentId, name: '', tokenExpiresAt: null } as const;
    const resolution = await commissions.resolveMany(caller, parsed(command), CALL);
    for (const settled of outcomesOf(resolution, how)) outcomes.set(settled.serial, settled);
  }
  return wanted.map(
    (serial) =>
      outcomes.get(serial) ?? { serial, outcome: 'failed', failure: commissionNotFound(serial) },
  );
}

function outcomesOf({ accepted, rejected, failed }: Resolution, how: Settlement): SettledSerial[] {
  return [
    ...[...accepted, ...rejected].map((serial) => ({ serial, outcome: 'settled' }) as const),
    // Somebody else was faster.
    ...failed.map(({ serial, failure, earlier }) =>
      earlier === undefined
        ? ({ serial, outcome: 'failed', failure } as const)
        : settledBefore(serial, earlier.how, how),
    ),
  ];
}

function settledBefore(serial: bigint, earlier: Settlement, how: Settlement): SettledSerial {
  return earlier === how
    ? { serial, outcome: 'unchanged' }
    : { serial, outcome: 'failed', failure: settledOtherwise(serial, earlier) };
}
