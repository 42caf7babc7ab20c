import type { Settled } from '../../db/batcher.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { Failure } from '../../kernel/failure.js';
import { isQuantity, type Quantity } from '../../kernel/quantity.js';
import {
  commissionNotFound,
  type FailedSerial,
  fingerprintOf,
  holdingKey,
  type IssueCommand,
  loggedReason,
  noHolding,
  refused,
  requestIdReused,
  type Resolution,
  type ResolveCommand,
  serialConflict,
  settlementFrom,
} from '../domain/commission.js';
import { type Holding, judge, reserve, settle, type Settlement } from '../domain/holding.js';
import {
  findRequests,
  findSettlements,
  type RequestKey,
  type StoredRequest,
  type StoredSettlement,
} from '../storage/earlier-calls.js';
import type { HoldingIds } from '../storage/holding-ids.js';
import {
  lockCommissions,
  type LedgerWrite,
  lockHoldings,
  type NewCommission,
  type NewSettlement,
  type StoredCommission,
  writeLedger,
  writeLedgerNow,
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

/** What the ledger remembers and assumes besides its tables. */
export interface LedgerOptions {
  readonly holdingIds: HoldingIds;
  readonly clock: Clock;
  /** How long settlements are told to those who repeat a call, in milliseconds. */
  readonly rememberMs: number;
  /** When commissions expire whose issuer says nothing, in milliseconds; null: never. */
  readonly defaultExpiryMs: number | null;
}

/** Judges and writes a batch of operations as the last thing of its transaction; see judgeBatch. */
export async function writeLedgerBatch(
  tx: Tx,
  operations: readonly LedgerOperation[],
  options: LedgerOptions,
): Promise<readonly Settled<LedgerResult>[]> {
  const { outcomes, write } = await judgeBatch(tx, operations, options);
  if (write !== undefined) writeLedger(tx, write);
  return outcomes;
}

/** Judges and writes one operation in the middle of a transaction that goes on; see judgeBatch. */
export async function writeLedgerOperation(
  tx: Tx,
  operation: LedgerOperation,
  options: LedgerOptions,
): Promise<Settled<LedgerResult>> {
  const { outcomes, write } = await judgeBatch(tx, [operation], options);
  if (write !== undefined) await writeLedgerNow(tx, write);
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error('The ledger has no outcome for an operation');
  return outcome;
}

/** What became of a batch; nothing of it is written yet. */
interface JudgedBatch {
  readonly outcomes: readonly Settled<LedgerResult>[];
  /** Undefined when nothing changed. */
  readonly write: LedgerWrite | undefined;
}

/**
 * Judges a batch of operations in arrival order: commissions are locked by serial, then holdings by
 * id; each operation sees what those before it did, and is accepted or refused alone.
 */
async function judgeBatch(
  tx: Tx,
  operations: readonly LedgerOperation[],
  options: LedgerOptions,
): Promise<JudgedBatch> {
  const at = options.clock.now();
  const pending = await lockNamedCommissions(tx, operations);
  const settled = await settledEarlier(tx, operations, pending, at.getTime() - options.rememberMs);
  const provisions = operations.flatMap(({ kind, command }) =>
    kind === 'issue' ? command.provisions : [],
  );
  const ids = await options.holdingIds.find(tx, provisions);
  const touched = new Set(ids.values());
  for (const commission of pending.values())
    for (const id of commission.holdingIds) touched.add(id);
  // Asked behind the locks: the first of two calls with one request id may have held them. Asked
  // before, the second one could find itself refused for want of what the first one had reserved.
  const [{ holdings, serials }, requests] = await Promise.all([
    lockHoldings(tx, touched, operations.filter(needsSerial).length),
    requestedEarlier(tx, operations),
  ]);
  const state = { ids, holdings, pending, settled, requests, serials, at, options };
  const batch = new LedgerBatch(state);
  const outcomes = operations.map((operation) => settledFrom(batch.run(operation)));
  return { outcomes, write: batch.drafted() };
}

/** What an operation came to; nothing of it is written yet. */
type Draft = { readonly serial: bigint } | { readonly resolution: Resolution } | Failure;

function settledFrom(draft: Draft): Settled<LedgerResult> {
  if (draft instanceof Failure) return { ok: false, failure: draft };
  return 'serial' in draft
    ? { ok: true, value: { kind: 'issued', serial: draft.serial } }
    : { ok: true, value: { kind: 'resolved', resolution: draft.resolution } };
}

function needsSerial({ kind, command }: LedgerOperation): boolean {
  return kind === 'issue' && !command.dryRun;
}

async function lockNamedCommissions(
  tx: Tx,
  operations: readonly LedgerOperation[],
): Promise<Map<bigint, StoredCommission>> {
  const keys = new Map<string, { serial: bigint; componentId: bigint }>();
  for (const { componentId, serial } of namedSerials(operations)) {
    keys.set(`${componentId}/${serial}`, { serial, componentId });
  }
  if (keys.size === 0) return new Map();
  const locked = await lockCommissions(tx, [...keys.values()]);
  return new Map(locked.map((commission) => [commission.serial, commission]));
}

async function settledEarlier(
  tx: Tx,
  operations: readonly LedgerOperation[],
  pending: ReadonlyMap<bigint, StoredCommission>,
  since: number,
): Promise<Map<bigint, StoredSettlement>> {
  const serials = new Set<bigint>();
  for (const { serial } of namedSerials(operations)) if (!pending.has(serial)) serials.add(serial);
  if (serials.size === 0) return new Map();
  const found = await findSettlements(tx, [...serials], new Date(since));
  return new Map(found.map((settlement) => [settlement.serial, settlement]));
}

async function requestedEarlier(
  tx: Tx,
  operations: readonly LedgerOperation[],
): Promise<Map<string, KnownRequest>> {
  const keys: RequestKey[] = [];
  for (const { kind, componentId, command } of operations) {
    if (kind === 'issue' && command.requestId !== null)
      keys.push({ componentId, requestId: command.requestId });
  }
  if (keys.length === 0) return new Map();
  const found = await findRequests(tx, keys);
  return new Map(found.map((request) => [requestKey(request), request]));
}

function* namedSerials(operations: readonly LedgerOperation[]) {
  for (const { kind, command, componentId } of operations) {
    if (kind !== 'resolve') continue;
    for (const serial of [...command.accept, ...command.reject]) {
      if (isQuantity(serial)) yield { componentId, serial };
    }
  }
}

/** What a request id stands for: a stored commission, or one of this batch. */
type KnownRequest = Pick<StoredRequest, 'fingerprint' | 'serial'>;

function requestKey({ componentId, requestId }: RequestKey): string {
  return `${componentId}/${requestId}`;
}

interface BatchState {
  readonly ids: ReadonlyMap<string, bigint>;
  readonly holdings: Map<bigint, Holding>;
  readonly pending: Map<bigint, StoredCommission>;
  readonly settled: Map<bigint, StoredSettlement>;
  readonly requests: Map<string, KnownRequest>;
  /** For new commissions, ascending; enough for all of them. */
  readonly serials: readonly bigint[];
  readonly at: Date;
  readonly options: LedgerOptions;
}

/** The state of a batch while its operations are judged one after the other. */
class LedgerBatch {
  readonly #changed = new Map<bigint, Holding>();
  readonly #commissions: NewCommission[] = [];
  readonly #settlements: NewSettlement[] = [];

  constructor(private readonly state: BatchState) {}

  run(operation: LedgerOperation): Draft {
    return operation.kind === 'issue'
      ? this.#issue(operation.componentId, operation.command)
      : { resolution: this.#resolve(operation.componentId, operation.command) };
  }

  /** Returns what has to be written, or undefined when nothing changed. */
  drafted(): LedgerWrite | undefined {
    const isIdle = this.#commissions.length === 0 && this.#settlements.length === 0;
    if (isIdle) return undefined;
    return {
      holdings: this.#changed,
      commissions: this.#commissions,
      settlements: this.#settlements,
      at: this.state.at,
    };
  }

  #issue(componentId: bigint, command: IssueCommand): Draft {
    const { requestId } = command;
    if (requestId === null || command.dryRun) return this.#reserve(componentId, command, null);
    const fingerprint = fingerprintOf(command);
    const key = requestKey({ componentId, requestId });
    const known = this.state.requests.get(key);
    if (known !== undefined) {
      if (known.fingerprint.equals(fingerprint)) return known;
      return requestIdReused(requestId, known.serial);
    }
    const draft = this.#reserve(componentId, command, { id: requestId, fingerprint });
    if ('serial' in draft) this.state.requests.set(key, { ...draft, fingerprint });
    return draft;
  }

  #reserve(componentId: bigint, command: IssueCommand, request: NewCommission['request']): Draft {
    const reserved = new Map<bigint, Holding>();
    const quantities: Quantity[] = [];
    for (const provision of command.provisions) {
      const id = this.state.ids.get(holdingKey(provision));
      if (id === undefined) return noHolding(provision);
      const holding = this.#holding(id);
      const refusal = judge(holding, provision.quantity, command.force);
      if (refusal !== undefined) return refused(provision, refusal);
      reserved.set(id, reserve(holding, provision.quantity));
      quantities.push(provision.quantity);
    }
    if (command.dryRun) return { serial: 0n };
    for (const [id, holding] of reserved) this.#change(id, holding);
    const commission: NewCommission = {
      serial: this.#nextSerial(),
      componentId,
      name: command.name,
      issuedAt: this.state.at,
      holdingIds: [...reserved.keys()],
      quantities,
      isSettled: command.autoAccept,
      expiresAt: this.#expiryOf(command),
      request,
    };
    this.#commissions.push(commission);
    if (command.autoAccept) this.#settle(commission, 'accept', '');
    return { serial: commission.serial };
  }

  #nextSerial(): bigint {
    const serial = this.state.serials[this.#commissions.length];
    if (serial === undefined) throw new Error('There are more new commissions than serials');
    return serial;
  }

  #expiryOf({ expiresInMs }: IssueCommand): Date | null {
    const milliseconds = expiresInMs ?? this.state.options.defaultExpiryMs;
    return milliseconds === null ? null : new Date(this.state.at.getTime() + milliseconds);
  }

  #resolve(componentId: bigint, command: ResolveCommand): Resolution {
    const accept = new Set(command.accept);
    const reject = new Set(command.reject);
    const failed: FailedSerial[] = [];
    const done: Record<Settlement, bigint[]> = { accept: [], reject: [] };
    for (const serial of ascending(new Set([...accept, ...reject]))) {
      const commission = this.state.pending.get(serial);
      if (accept.has(serial) && reject.has(serial))
        failed.push({ serial, failure: serialConflict(serial) });
      else if (commission?.componentId !== componentId)
        failed.push(this.#notPending(componentId, serial));
      else {
        const how: Settlement = accept.has(serial) ? 'accept' : 'reject';
        const reason = this.#settle(commission, how, command.reason);
        this.state.pending.delete(serial);
        this.state.settled.set(serial, {
          serial,
          componentId,
          settledAt: this.state.at,
          reason,
        });
        done[how].push(serial);
      }
    }
    return { accepted: done.accept, rejected: done.reject, failed };
  }

  #notPending(componentId: bigint, serial: bigint): FailedSerial {
    const failure = commissionNotFound(serial);
    const settled = this.state.settled.get(serial);
    if (settled?.componentId !== componentId) return { serial, failure };
    const earlier = { ...settlementFrom(settled.reason), at: settled.settledAt };
    return { serial, failure, earlier };
  }

  #settle(commission: StoredCommission, how: Settlement, reason: string): string {
    const holdings = commission.holdingIds.map((id, index) => {
      const quantity = commission.quantities[index];
      if (quantity === undefined) throw new Error('A commission has more holdings than quantities');
      const holding = settle(this.#holding(id), quantity, how);
      this.#change(id, holding);
      return holding;
    });
    const logged = loggedReason(how, reason);
    this.#settlements.push({ commission, holdings, reason: logged });
    return logged;
  }

  #holding(id: bigint): Holding {
    const holding = this.state.holdings.get(id);
    if (holding === undefined) throw new Error(`Holding ${id} vanished`);
    return holding;
  }

  #change(id: bigint, holding: Holding): void {
    this.state.holdings.set(id, holding);
    this.#changed.set(id, holding);
  }
}

function ascending(serials: ReadonlySet<bigint>): readonly bigint[] {
  return [...serials].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
