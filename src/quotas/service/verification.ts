import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import { UNLIMITED } from '../../kernel/quantity.js';
import { holdingKey } from '../domain/commission.js';
import { type HoldingLimit, setLimits } from '../storage/limits.js';
import {
  allowLongStatements,
  everyHolding,
  type HoldingName,
  type Interval,
  lockNamedHoldings,
  type Miscounted,
  miscountedAmong,
  miscountedHoldings,
  type StoredHolding,
  withoutHolding,
  writeCounters,
} from '../storage/verification.js';

/** What limits should be; the slice that grants them tells. */
export interface ExpectedLimits {
  /** Yields the limit of every holding that should exist, piece by piece. */
  all(tx: Tx): AsyncIterable<readonly HoldingLimit[]>;
  /** Returns the limits of those of the named holdings that should exist. */
  among(tx: Tx, names: readonly HoldingName[]): Promise<readonly HoldingLimit[]>;
  /**
   * Promises that `among` returns the same for these names until the transaction ends. Takes the
   * locks that come before those of holdings, and no others.
   */
  hold(tx: Tx, names: readonly HoldingName[]): Promise<void>;
}

/** Something about a holding that is not as it should be. */
export interface Difference extends HoldingName {
  /**
   * A counter or the limit has another value; or the holding is missing, or is there although no
   * project or membership asks for it.
   */
  readonly what: 'usage_min' | 'usage_max' | 'limit' | 'missing' | 'unexpected';
  /** Null when it is missing; the limit when it is unexpected. */
  readonly stored: bigint | null;
  /** Null when it is unexpected; the limit when it is missing. */
  readonly expected: bigint | null;
  readonly isRepaired: boolean;
}

/** How to verify. */
export interface VerifyOptions {
  readonly limits: ExpectedLimits;
  /** Repair what can be repaired. */
  readonly fix: boolean;
  /** Told the differences of one holder after the other; with `fix` right after their commit. */
  readonly report: (differences: readonly Difference[]) => void;
}

/**
 * Compares every holding with what it follows from, and returns how many there are.
 *
 * Counters follow from the log and the pending commissions, limits from projects and memberships.
 * Everything is read from one snapshot, and every writer changes a counter or limit together with
 * what it follows from; so what differs there is wrong, however busy the ledger is.
 *
 * With `fix` each holder is repaired in a transaction of its own, after judging it again under the
 * locks of its holdings: what was settled, granted or repaired meanwhile counts. Holdings that
 * should not exist are left alone, as are counters whose sum no counter can have.
 */
export async function verifyHoldings(database: Database, options: VerifyOptions): Promise<number> {
  const { limits, fix, report } = options;
  const { holdings, suspects } = await database.snapshot((tx) => findSuspects(tx, limits));
  for (const holder of [...suspects.keys()].sort()) {
    const found = suspects.get(holder) ?? { miscounted: [], relimited: [] };
    const differences = fix
      ? await database.transact((tx) => repair(tx, limits, found))
      : [...found.miscounted.flatMap(counterDifferences), ...found.relimited];
    if (differences.length > 0) report([...differences].sort(byName));
  }
  return holdings;
}

/** What of one holder seems wrong. */
interface Suspects {
  readonly miscounted: Miscounted[];
  /** Limits, and holdings that are missing or unexpected. */
  readonly relimited: Difference[];
}

/** Returns how many holdings there are, and what seems wrong by holder. */
async function findSuspects(
  tx: Tx,
  limits: ExpectedLimits,
): Promise<{ readonly holdings: number; readonly suspects: ReadonlyMap<string, Suspects> }> {
  await allowLongStatements(tx);
  const suspects = new Map<string, Suspects>();
  const of = ({ holder }: HoldingName) => {
    const found = suspects.get(holder) ?? { miscounted: [], relimited: [] };
    suspects.set(holder, found);
    return found;
  };
  for await (const piece of miscountedHoldings(tx))
    for (const holding of piece) of(holding).miscounted.push(holding);
  let holdings = 0;
  for await (const piece of everyHolding(tx)) {
    holdings += piece.length;
    for (const difference of limitDifferences(piece, piece, await limits.among(tx, piece)))
      of(difference).relimited.push(difference);
  }
  for await (const piece of limits.all(tx)) {
    const missing = await withoutHolding(tx, piece);
    for (const difference of limitDifferences(missing, [], missing))
      of(difference).relimited.push(difference);
  }
  return { holdings, suspects };
}

/** Judges one holder's suspects again, under locks, and repairs what is wrong indeed. */
async function repair(
  tx: Tx,
  limits: ExpectedLimits,
  suspects: Suspects,
): Promise<readonly Difference[]> {
  const named = [...suspects.miscounted, ...suspects.relimited].map(nameOf);
  const names = [...new Map(named.map((name) => [holdingKey(name), name])).values()];
  await limits.hold(tx, names);
  const stored = await lockNamedHoldings(tx, names);
  const miscounted = await stillMiscounted(tx, stored, suspects.miscounted);
  const countable = miscounted.filter(isStorable);
  if (countable.length > 0) await writeCounters(tx, countable);
  const expected = await limits.among(tx, names);
  const relimited = limitDifferences(names, stored, expected);
  const wrong = new Set(relimited.map(holdingKey));
  await setLimits(
    tx,
    expected.filter((limit) => wrong.has(holdingKey(limit))),
  );
  return [
    ...miscounted.flatMap((holding) => repaired(counterDifferences(holding), isStorable(holding))),
    ...relimited.flatMap((found) => repaired([found], found.what !== 'unexpected')),
  ];
}

/**
 * Returns which of the locked holdings have wrong counters.
 *
 * Whatever moves what is counted writes the row of the holding, too. So a row that nobody wrote
 * since the snapshot still is as wrong as it was there; only others are counted again, which reads
 * the whole log while everybody else waits for this holder.
 */
async function stillMiscounted(
  tx: Tx,
  locked: readonly StoredHolding[],
  suspects: readonly Miscounted[],
): Promise<readonly Miscounted[]> {
  const seen = new Map(suspects.map((holding) => [holding.id, holding]));
  const unchanged: Miscounted[] = [];
  const changed: bigint[] = [];
  for (const { id, version } of locked) {
    const before = seen.get(id);
    if (before?.version === version) unchanged.push(before);
    else if (before !== undefined) changed.push(id);
  }
  return changed.length === 0 ? unchanged : unchanged.concat(await miscountedAmong(tx, changed));
}

function counterDifferences(holding: Miscounted): readonly Difference[] {
  const counters = [
    { what: 'usage_min', stored: holding.usageMin, expected: holding.counted.usageMin },
    { what: 'usage_max', stored: holding.usageMax, expected: holding.counted.usageMax },
  ] as const;
  return counters
    .filter(({ stored, expected }) => stored !== expected)
    .map((counter) => ({ ...nameOf(holding), ...counter, isRepaired: false }));
}

/** Returns in what the limits of the named holdings differ from the expected ones. */
function limitDifferences(
  names: readonly HoldingName[],
  stored: readonly HoldingLimit[],
  expected: readonly HoldingLimit[],
): readonly Difference[] {
  const storedLimits = limitsByKey(stored);
  const expectedLimits = limitsByKey(expected);
  return names.flatMap((name) => {
    const key = holdingKey(name);
    const limits = { stored: storedLimits.get(key), expected: expectedLimits.get(key) };
    if (limits.stored === limits.expected) return [];
    const what =
      limits.stored === undefined
        ? 'missing'
        : limits.expected === undefined
          ? 'unexpected'
          : 'limit';
    const values = { stored: limits.stored ?? null, expected: limits.expected ?? null };
    return [{ ...nameOf(name), what, ...values, isRepaired: false } as const];
  });
}

function limitsByKey(limits: readonly HoldingLimit[]): ReadonlyMap<string, bigint> {
  return new Map(limits.map((limit) => [holdingKey(limit), limit.limit]));
}

function repaired(differences: readonly Difference[], isRepaired: boolean): readonly Difference[] {
  return differences.map((difference) => ({ ...difference, isRepaired }));
}

/** Whether counters can have these values; a log that lost rows adds up to others. */
function isStorable({ counted }: { readonly counted: Interval }): boolean {
  return counted.usageMin >= 0n && counted.usageMax <= UNLIMITED;
}

function nameOf({ holder, source, resource }: HoldingName): HoldingName {
  return { holder, source, resource };
}

function byName(one: HoldingName, other: HoldingName): number {
  const [a, b] = [holdingKey(one), holdingKey(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}
