import type { Settled } from '../../db/batcher.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { Failure } from '../../kernel/failure.js';
import { isQuantity, type Quantity } from '../../kernel/quantity.js';
import {
  commissionNotFound,
  type FailedSerial,
  holdingKey,
  type IssueCommand,
  loggedReason,
  noHolding,
  refused,
  type Resolution,
  type ResolveCommand,
  serialConflict,
} from '../domain/commission.js';
import { type Holding, judge, reserve, settle, type Settlement } from '../domain/holding.js';
import type { HoldingIds } from '../storage/holding-ids.js';
import {
  lockCommissions,
  lockHoldings,
  type NewCommission,
  type NewSettlement,
  type StoredCommission,
  writeLedger,
} from '../storage/ledger.js';

/** One change of the ledger, by one component. */
export type LedgerOperation = { readonly componentId: bigint } & (
  | { readonly kind: 'issue'; readonly command: IssueCommand }
  | { readonly kind: 'resolve'; readonly command: ResolveCommand }
);

/** What an operation comes to: a serial (0 when nothing was kept), or what became of serials. */
export type LedgerResult =
  | { readonly kind: 'issued'; readonly serial: bigint }
  | { readonly kind: 'resolved'; readonly resolution: Resolution };

/** Returns how many holdings and commissions an operation is about, as a measure of its size. */
export function weightOf(operation: LedgerOperation): number {
  const { kind, command } = operation;
  const rows =
    kind === 'issue'
      ? command.provisions.length
      : 4 * (command.accept.length + command.reject.length);
  return Math.max(1, rows);
}

/**
 * Judges and writes a batch of operations in arrival order: commissions are locked by serial, then
 * holdings by id; each operation sees what those before it did, and is accepted or refused alone.
 */
export async function writeLedgerBatch(
  tx: Tx,
  operations: readonly LedgerOperation[],
  holdingIds: HoldingIds,
  clock: Clock,
): Promise<readonly Settled<LedgerResult>[]> {
  const pending = await lockNamedCommissions(tx, operations);
  const provisions = operations.flatMap(({ kind, command }) =>
    kind === 'issue' ? command.provisions : [],
  );
  const ids = await holdingIds.find(tx, provisions);
  const touched = new Set(ids.values());
  for (const commission of pending.values())
    for (const id of commission.holdingIds) touched.add(id);
  const batch = new LedgerBatch(
    ids,
    touched.size === 0 ? new Map<bigint, Holding>() : await lockHoldings(tx, touched),
    pending,
    clock.now(),
  );
  const outcomes = operations.map((operation) => batch.run(operation));
  const serials = await batch.write(tx);
  return outcomes.map((outcome) => settledFrom(outcome, serials));
}

/** An outcome before serials are drawn: a new commission is known by its position among them. */
type Draft =
  | { readonly newIndex: number }
  | { readonly nothingKept: true }
  | { readonly resolution: Resolution }
  | Failure;

function settledFrom(draft: Draft, serials: readonly bigint[]): Settled<LedgerResult> {
  if (draft instanceof Failure) return { ok: false, failure: draft };
  if ('resolution' in draft)
    return { ok: true, value: { kind: 'resolved', resolution: draft.resolution } };
  if ('nothingKept' in draft) return { ok: true, value: { kind: 'issued', serial: 0n } };
  const serial = serials[draft.newIndex];
  if (serial === undefined) throw new Error('A new commission got no serial');
  return { ok: true, value: { kind: 'issued', serial } };
}

async function lockNamedCommissions(
  tx: Tx,
  operations: readonly LedgerOperation[],
): Promise<Map<bigint, StoredCommission>> {
  const keys = new Map<string, { serial: bigint; componentId: bigint }>();
  for (const { kind, command, componentId } of operations) {
    if (kind !== 'resolve') continue;
    for (const serial of [...command.accept, ...command.reject]) {
      if (isQuantity(serial)) keys.set(`${componentId}/${serial}`, { serial, componentId });
    }
  }
  if (keys.size === 0) return new Map();
  const locked = await lockCommissions(tx, [...keys.values()]);
  return new Map(locked.map((commission) => [commission.serial, commission]));
}

/** The state of a batch while its operations are judged one after the other. */
class LedgerBatch {
  readonly #changed = new Map<bigint, Holding>();
  readonly #commissions: NewCommission[] = [];
  readonly #settlements: NewSettlement[] = [];

  constructor(
    private readonly ids: ReadonlyMap<string, bigint>,
    private readonly holdings: Map<bigint, Holding>,
    private readonly pending: Map<bigint, StoredCommission>,
    private readonly at: Date,
  ) {}

  run(operation: LedgerOperation): Draft {
    return operation.kind === 'issue'
      ? this.#issue(operation.componentId, operation.command)
      : { resolution: this.#resolve(operation.componentId, operation.command) };
  }

  async write(tx: Tx): Promise<readonly bigint[]> {
    const isIdle = this.#commissions.length === 0 && this.#settlements.length === 0;
    if (isIdle) return [];
    return writeLedger(tx, {
      holdings: this.#changed,
      commissions: this.#commissions,
      settlements: this.#settlements,
      at: this.at,
    });
  }

  #issue(componentId: bigint, command: IssueCommand): Draft {
    const reserved = new Map<bigint, Holding>();
    const quantities: Quantity[] = [];
    for (const provision of command.provisions) {
      const id = this.ids.get(holdingKey(provision));
      if (id === undefined) return noHolding(provision);
      const holding = this.#holding(id);
      const refusal = judge(holding, provision.quantity, command.force);
      if (refusal !== undefined) return refused(provision, refusal);
      reserved.set(id, reserve(holding, provision.quantity));
      quantities.push(provision.quantity);
    }
    if (command.dryRun) return { nothingKept: true };
    for (const [id, holding] of reserved) this.#change(id, holding);
    const newIndex = this.#commissions.length;
    const commission: NewCommission = {
      componentId,
      name: command.name,
      issuedAt: this.at,
      holdingIds: [...reserved.keys()],
      quantities,
      isSettled: command.autoAccept,
    };
    this.#commissions.push(commission);
    if (command.autoAccept) this.#settle(commission, { newIndex }, 'accept', '');
    return { newIndex };
  }

  #resolve(componentId: bigint, command: ResolveCommand): Resolution {
    const accept = new Set(command.accept);
    const reject = new Set(command.reject);
    const failed: FailedSerial[] = [];
    const done: Record<Settlement, bigint[]> = { accept: [], reject: [] };
    for (const serial of ascending(new Set([...accept, ...reject]))) {
      const commission = this.pending.get(serial);
      if (accept.has(serial) && reject.has(serial))
        failed.push({ serial, failure: serialConflict(serial) });
      else if (commission?.componentId !== componentId)
        failed.push({ serial, failure: commissionNotFound(serial) });
      else {
        const how: Settlement = accept.has(serial) ? 'accept' : 'reject';
        this.#settle(commission, { serial }, how, command.reason);
        this.pending.delete(serial);
        done[how].push(serial);
      }
    }
    return { accepted: done.accept, rejected: done.reject, failed };
  }

  #settle(
    commission: Omit<StoredCommission, 'serial'>,
    of: NewSettlement['of'],
    how: Settlement,
    reason: string,
  ): void {
    const holdings = commission.holdingIds.map((id, index) => {
      const quantity = commission.quantities[index];
      if (quantity === undefined) throw new Error('A commission has more holdings than quantities');
      const holding = settle(this.#holding(id), quantity, how);
      this.#change(id, holding);
      return holding;
    });
    this.#settlements.push({ of, holdings, reason: loggedReason(how, reason) });
  }

  #holding(id: bigint): Holding {
    const holding = this.holdings.get(id);
    if (holding === undefined) throw new Error(`Holding ${id} vanished`);
    return holding;
  }

  #change(id: bigint, holding: Holding): void {
    this.holdings.set(id, holding);
    this.#changed.set(id, holding);
  }
}

function ascending(serials: ReadonlySet<bigint>): readonly bigint[] {
  return [...serials].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
