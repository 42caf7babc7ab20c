/**
 * The ledger as the quota specification tells it (sections 5 and 6), small and pure: what the real
 * one must agree with. Written without a look at it, on plain numbers and maps.
 */

/** One change of a holding; holdings are known by their position. */
export interface ModelProvision {
  readonly holding: number;
  readonly quantity: bigint;
}

/** A commission to be issued. */
export interface ModelIssue {
  readonly provisions: readonly ModelProvision[];
  readonly force: boolean;
  readonly autoAccept: boolean;
  readonly dryRun: boolean;
  /** By which a repeat is known; undefined when it is not. */
  readonly requestId: string | undefined;
}

/** How a commission ends. */
export type Ending = 'accept' | 'reject';

/** What a call comes to: words and numbers that answers of the real ledger are turned into, too. */
export type ModelOutcome = Readonly<Record<string, unknown>>;

interface ModelHolding {
  limit: bigint;
  least: bigint;
  most: bigint;
}

const LARGEST = 2n ** 63n - 1n;

/** The state of the ledger; every method answers what the real call must answer. */
export class LedgerModel {
  readonly holdings: ModelHolding[];
  readonly pending = new Map<bigint, readonly ModelProvision[]>();
  readonly endings = new Map<bigint, Ending>();
  /** Quantities of accepted commissions, per holding. */
  readonly accepted: bigint[];
  readonly #requests = new Map<string, { content: string; serial: bigint }>();

  constructor(limits: readonly bigint[]) {
    this.holdings = limits.map((limit) => ({ limit, least: 0n, most: 0n }));
    this.accepted = limits.map(() => 0n);
  }

  /** @param serial - the serial that the real ledger drew, if it did. */
  issue(command: ModelIssue, serial: bigint): ModelOutcome {
    const merged = new Map<number, bigint>();
    for (const { holding, quantity } of command.provisions)
      merged.set(holding, (merged.get(holding) ?? 0n) + quantity);
    const provisions = [...merged].map(([holding, quantity]) => ({ holding, quantity }));
    if (provisions.some(({ quantity }) => quantity > LARGEST || quantity < -LARGEST - 1n))
      return { fails: 'INVALID_REQUEST' };
    const repeat = command.dryRun ? undefined : this.#repeated(command, provisions);
    if (repeat !== undefined) return repeat;
    for (const provision of provisions) {
      const refusal = this.#refusal(provision, command.force);
      if (refusal !== undefined) return refusal;
    }
    if (command.dryRun) return { serial: 0n };
    for (const { holding, quantity } of provisions) {
      const changed = this.holdings[holding]!;
      if (quantity < 0n) changed.least += quantity;
      else changed.most += quantity;
    }
    this.pending.set(serial, provisions);
    if (command.autoAccept) this.#end(serial, 'accept');
    if (command.requestId !== undefined)
      this.#requests.set(command.requestId, { content: contentOf(command, provisions), serial });
    return { serial };
  }

  resolveOne(serial: bigint, how: Ending): ModelOutcome {
    if (this.pending.has(serial)) {
      this.#end(serial, how);
      return { settled: 'now' };
    }
    const ending = this.endings.get(serial);
    if (ending === undefined) return { fails: 'COMMISSION_NOT_FOUND', serial };
    if (ending === how) return { settled: 'before' };
    return { fails: 'COMMISSION_SETTLED', serial, outcome: WORDS[ending] };
  }

  resolveMany(accept: readonly bigint[], reject: readonly bigint[]): ModelOutcome {
    const accepted: bigint[] = [];
    const rejected: bigint[] = [];
    const failed: [serial: bigint, reason: string][] = [];
    const before: [serial: bigint, outcome: string][] = [];
    const all = [...new Set([...accept, ...reject])].sort((a, b) => (a < b ? -1 : 1));
    for (const serial of all) {
      if (accept.includes(serial) && reject.includes(serial)) {
        failed.push([serial, 'SERIAL_CONFLICT']);
        continue;
      }
      const how = accept.includes(serial) ? 'accept' : 'reject';
      const ending = this.endings.get(serial);
      const outcome = this.resolveOne(serial, how);
      if (ending !== undefined) before.push([serial, WORDS[ending]]);
      if ('fails' in outcome) failed.push([serial, outcome['fails'] as string]);
      else (how === 'accept' ? accepted : rejected).push(serial);
    }
    return { accepted, rejected, failed, before };
  }

  setLimit(holding: number, limit: bigint): void {
    this.holdings[holding]!.limit = limit;
  }

  #repeated(command: ModelIssue, provisions: readonly ModelProvision[]): ModelOutcome | undefined {
    const { requestId } = command;
    const earlier = requestId === undefined ? undefined : this.#requests.get(requestId);
    if (requestId === undefined || earlier === undefined) return undefined;
    if (earlier.content === contentOf(command, provisions)) return { serial: earlier.serial };
    return { fails: 'REQUEST_ID_REUSED', request_id: requestId, serial: earlier.serial };
  }

  #refusal({ holding, quantity }: ModelProvision, force: boolean): ModelOutcome | undefined {
    const found = this.holdings[holding];
    if (found === undefined) return { fails: 'NO_HOLDING', holding, quantity };
    const { limit, least, most } = found;
    if (quantity < 0n) {
      if (least + quantity >= 0n) return undefined;
      return { fails: 'NO_QUANTITY', holding, quantity, usage: least, limit: 0n };
    }
    if (quantity === 0n) return undefined;
    if (!force && most + quantity > limit)
      return { fails: 'NO_CAPACITY', holding, quantity, usage: most, limit };
    return most + quantity > LARGEST ? { fails: 'INVALID_REQUEST' } : undefined;
  }

  #end(serial: bigint, how: Ending): void {
    for (const { holding, quantity } of this.pending.get(serial) ?? []) {
      const changed = this.holdings[holding]!;
      const isRelease = quantity < 0n;
      if (how === 'accept') {
        this.accepted[holding]! += quantity;
        if (isRelease) changed.most += quantity;
        else changed.least += quantity;
      } else if (isRelease) changed.least -= quantity;
      else changed.most -= quantity;
    }
    this.pending.delete(serial);
    this.endings.set(serial, how);
  }
}

const WORDS: Readonly<Record<Ending, string>> = { accept: 'ACCEPTED', reject: 'REJECTED' };

function contentOf(command: ModelIssue, provisions: readonly ModelProvision[]): string {
  const sorted = provisions.map(({ holding, quantity }) => `${holding}:${quantity}`).sort();
  return JSON.stringify([command.force, command.autoAccept, sorted]);
}
