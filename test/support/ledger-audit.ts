/**
 * Judges the stored ledger by itself: do the counters, the pending commissions, the log and the
 * history of every holding tell one story? Knows the tables and the specification (section 6), and
 * nothing of the code that writes them.
 */
import { HISTORY_QUERIES, historyIn, judgeHistory } from './ledger-history.js';
import {
  type AuditedCommission,
  type Commission,
  type Holding,
  type Interval,
  commissionsIn,
  holdingsIn,
  LEDGER_QUERIES,
  type Queryable,
  readAtOnce,
  show,
  type Snapshot,
} from './ledger-rows.js';

export { recordHistory } from './ledger-history.js';
export type { AuditedCommission, AuditedProvision, Queryable } from './ledger-rows.js';

/** What an audit found to be consistent. */
export interface Audit {
  readonly commissions: ReadonlyMap<bigint, AuditedCommission>;
  /** Accepted quantity of each holding, by key. */
  readonly accepted: ReadonlyMap<string, bigint>;
}

/**
 * Throws when the ledger is not consistent; the history must have been recorded from the start.
 *
 * @param isForced - by its name, whether a commission was issued by force.
 */
export async function auditLedger(
  database: Queryable,
  isForced: (name: string) => boolean = () => false,
): Promise<Audit> {
  const problems: string[] = [];
  const snapshot = await readAtOnce(database, { ...LEDGER_QUERIES, ...HISTORY_QUERIES });
  const holdings = holdingsIn(snapshot);
  const commissions = commissionsIn(snapshot, holdings);
  const accepted = judgeCounters(holdings, commissions, problems);
  judgeLog(holdings, commissions, problems);
  const history = historyIn(snapshot);
  judgeHistory({ holdings, commissions, history, isForced }, problems);
  problems.push(...lostRequests(snapshot, commissions));
  if (problems.length > 0)
    throw new Error(`The ledger is inconsistent:\n${problems.slice(0, 20).join('\n')}`);
  return {
    commissions,
    accepted: new Map([...holdings.values()].map(({ id, key }) => [key, accepted.get(id) ?? 0n])),
  };
}

/** Every counter is the sum of what was accepted and what is pending (section 1.1). */
function judgeCounters(
  holdings: ReadonlyMap<string, Holding>,
  commissions: ReadonlyMap<bigint, Commission>,
  problems: string[],
): Map<string, bigint> {
  const accepted = new Map<string, bigint>();
  const expected = new Map<string, Interval>();
  for (const { parts, reason } of commissions.values())
    for (const { holding, quantity } of parts.values()) {
      const isAccepted = reason?.startsWith('ACCEPT:') === true;
      if (reason !== null && !isAccepted) continue;
      const { min, max } = expected.get(holding) ?? { min: 0n, max: 0n };
      if (isAccepted) accepted.set(holding, (accepted.get(holding) ?? 0n) + quantity);
      expected.set(holding, {
        min: min + (isAccepted || quantity < 0n ? quantity : 0n),
        max: max + (isAccepted || quantity > 0n ? quantity : 0n),
      });
    }
  for (const { id, key, interval } of holdings.values()) {
    const { min, max } = expected.get(id) ?? { min: 0n, max: 0n };
    if (interval.min !== min || interval.max !== max)
      problems.push(`${key} is ${show(interval)}, its commissions add up to ${show({ min, max })}`);
    if (interval.min < 0n || interval.min > interval.max)
      problems.push(`${key} is ${show(interval)}, which is no interval`);
  }
  return accepted;
}

/**
 * The log, read in the order of `position`, leads to the counters: between two rows of a holding
 * commissions may have been issued, nothing else, and all of them are settled behind or pending.
 */
function judgeLog(
  holdings: ReadonlyMap<string, Holding>,
  commissions: ReadonlyMap<bigint, Commission>,
  problems: string[],
): void {
  const settled = [...commissions.values()]
    .filter(({ position }) => position !== undefined)
    .sort((a, b) => (a.position! < b.position! ? -1 : 1));
  /** By holding: accepted so far, and what was pending behind the last row. */
  const states = new Map<string, { accepted: bigint; imports: bigint; releases: bigint }>();
  for (const { serial, parts, reason } of settled)
    for (const { holding, quantity, logged } of parts.values()) {
      const before = states.get(holding) ?? { accepted: 0n, imports: 0n, releases: 0n };
      const isAccepted = reason?.startsWith('ACCEPT:') === true;
      const accepted = before.accepted + (isAccepted ? quantity : 0n);
      const imports = logged!.max - accepted;
      const releases = accepted - logged!.min;
      const issuedImports = imports - before.imports + (quantity > 0n ? quantity : 0n);
      const issuedReleases = releases - before.releases - (quantity < 0n ? quantity : 0n);
      if (imports < 0n || releases < 0n || issuedImports < 0n || issuedReleases < 0n)
        problems.push(`The log does not lead to ${show(logged!)} of ${serial} on ${holding}`);
      states.set(holding, { accepted, imports, releases });
    }
  for (const [id, { accepted, imports, releases }] of states) {
    const { key, interval } = holdings.get(id)!;
    if (interval.max - accepted < imports || accepted - interval.min < releases)
      problems.push(`${key} is ${show(interval)}, which does not follow from its log`);
  }
}

function lostRequests(
  { requests = [] }: Snapshot,
  commissions: ReadonlyMap<bigint, Commission>,
): readonly string[] {
  return (requests as readonly { readonly id: string; readonly serial: string }[])
    .filter(({ serial }) => !commissions.has(BigInt(serial)))
    .map(({ id, serial }) => `Request '${id}' leads to ${serial}, which does not exist`);
}
