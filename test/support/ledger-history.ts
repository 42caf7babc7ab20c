/** Every change of every holding, written down by triggers, and whether commissions explain it. */
import {
  type Commission,
  type Holding,
  type Interval,
  type Queryable,
  show,
  type Snapshot,
} from './ledger-rows.js';

const HISTORY = `
  create table audit_holdings (
    n bigint generated always as identity primary key, transaction xid8 not null,
    holding_id bigint not null, "limit" bigint not null,
    min_before bigint not null, max_before bigint not null,
    min_after bigint not null, max_after bigint not null);
  create table audit_commissions (
    transaction xid8 not null, serial bigint not null, what text not null);
  create function audit_holding() returns trigger language plpgsql as $$ begin
    insert into audit_holdings
      (transaction, holding_id, "limit", min_before, max_before, min_after, max_after)
      values (pg_current_xact_id(), new.id, new."limit",
              old.usage_min, old.usage_max, new.usage_min, new.usage_max);
    return null;
  end $$;
  create function audit_commission() returns trigger language plpgsql as $$ begin
    insert into audit_commissions values
      (pg_current_xact_id(), coalesce(new.serial, old.serial), tg_argv[0]);
    return null;
  end $$;
  create trigger audit after update on holdings for each row execute function audit_holding();
  create trigger audit_issue after insert on commissions
    for each row execute function audit_commission('issued');
  create trigger audit_end after delete on commissions
    for each row execute function audit_commission('ended');
  create trigger audit_settle after insert on settled_commissions
    for each row execute function audit_commission('settled');
`;

/** Has every change of a counter written down from now on, with its transaction. */
export async function recordHistory(database: Queryable): Promise<void> {
  await database.query(HISTORY);
}

interface Change {
  readonly transaction: string;
  readonly holding: string;
  readonly limit: bigint;
  readonly before: Interval;
  readonly after: Interval;
}

/** What happened to the ledger. */
export interface History {
  /** In the order in which they happened to each holding. */
  readonly changes: readonly Change[];
  /** What was done to commissions, by transaction. */
  readonly done: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<bigint>>>;
}

/** What the history is read with. */
export const HISTORY_QUERIES = {
  changes: `
    select transaction::text as id, holding_id::text as holding, "limit"::text as most,
           min_before::text as a, max_before::text as b, min_after::text as c, max_after::text as d
      from audit_holdings order by n`,
  events: 'select transaction::text as id, serial::text, what from audit_commissions',
};

/** Returns what was written down. */
export function historyIn(snapshot: Snapshot): History {
  const rows = (snapshot['changes'] ?? []) as readonly Record<string, string>[];
  const events = (snapshot['events'] ?? []) as readonly Record<string, string>[];
  const done = new Map<string, Map<string, Set<bigint>>>();
  for (const { id = '', serial = '', what = '' } of events) {
    const kinds = done.get(id) ?? new Map<string, Set<bigint>>();
    done.set(id, kinds);
    kinds.set(what, (kinds.get(what) ?? new Set()).add(BigInt(serial)));
  }
  return {
    changes: rows.map(({ id = '', holding = '', most = '', a = '', b = '', c = '', d = '' }) => ({
      ...{ transaction: id, holding, limit: BigInt(most) },
      before: { min: BigInt(a), max: BigInt(b) },
      after: { min: BigInt(c), max: BigInt(d) },
    })),
    done,
  };
}

/** What a history is judged by. */
export interface Story {
  readonly holdings: ReadonlyMap<string, Holding>;
  readonly commissions: ReadonlyMap<bigint, Commission>;
  readonly history: History;
  readonly isForced: (name: string) => boolean;
}

/** What happens to one holding in one transaction. */
interface Effect {
  readonly serial: bigint;
  readonly min: bigint;
  readonly max: bigint;
}

/** Every change follows from the commissions of its transaction, and none passed a limit. */
export function judgeHistory(
  { holdings, commissions, history, isForced }: Story,
  problems: string[],
) {
  const last = new Map<string, Interval>();
  for (const { transaction, holding, limit, before, after } of history.changes) {
    const expectedBefore = last.get(holding) ?? { min: 0n, max: 0n };
    if (show(before) !== show(expectedBefore))
      problems.push(`${holding} went from ${show(expectedBefore)} to ${show(before)} unseen`);
    last.set(holding, after);
    const { reservations, settlements } = effectsOf(
      { commissions, done: history.done.get(transaction) },
      holding,
    );
    const sum = (of: 'min' | 'max') =>
      [...reservations, ...settlements].reduce((total, effect) => total + effect[of], before[of]);
    const expected = { min: sum('min'), max: sum('max') };
    if (show(after) !== show(expected))
      problems.push(`${holding} became ${show(after)} instead of ${show(expected)}`);
    // Settlements of the same batch may have made room before; at best all of them did.
    let lowest = settlements.reduce((total, { max }) => total + max, before.max);
    for (const { serial, max } of reservations) {
      lowest += max;
      if (max > 0n && lowest > limit && !isForced(commissions.get(serial)!.name))
        problems.push(`${serial} imported ${max} into ${holding} beyond its limit ${limit}`);
    }
  }
  for (const { id, key, interval } of holdings.values())
    if (show(interval) !== show(last.get(id) ?? { min: 0n, max: 0n }))
      problems.push(`${key} is ${show(interval)}, its history ends otherwise`);
  judgeOrder({ commissions, history }, problems);
}

function effectsOf(
  {
    commissions,
    done,
  }: Pick<Story, 'commissions'> & {
    readonly done: ReadonlyMap<string, ReadonlySet<bigint>> | undefined;
  },
  holding: string,
): { reservations: readonly Effect[]; settlements: readonly Effect[] } {
  const settled = done?.get('settled') ?? new Set<bigint>();
  const ended = done?.get('ended') ?? new Set<bigint>();
  const atOnce = [...settled].filter((serial) => !ended.has(serial));
  const reserved = [...(done?.get('issued') ?? []), ...atOnce].sort((a, b) => (a < b ? -1 : 1));
  const quantityOf = (serial: bigint) =>
    commissions.get(serial)?.parts.get(holding)?.quantity ?? 0n;
  return {
    reservations: reserved.map((serial) => {
      const quantity = quantityOf(serial);
      return { serial, min: quantity < 0n ? quantity : 0n, max: quantity > 0n ? quantity : 0n };
    }),
    settlements: [...settled].map((serial) => {
      const quantity = quantityOf(serial);
      const isAccepted = commissions.get(serial)?.reason?.startsWith('ACCEPT:') === true;
      // What was reserved on one side becomes real on the other one, or is taken back.
      return isAccepted
        ? { serial, min: quantity > 0n ? quantity : 0n, max: quantity < 0n ? quantity : 0n }
        : { serial, min: quantity < 0n ? -quantity : 0n, max: quantity > 0n ? -quantity : 0n };
    }),
  };
}

/** Positions of the log have the order in which transactions changed each holding. */
function judgeOrder(
  { commissions, history }: Pick<Story, 'commissions' | 'history'>,
  problems: string[],
): void {
  const last = new Map<string, bigint>();
  for (const { transaction, holding, after, limit } of history.changes) {
    const parts = [...(history.done.get(transaction)?.get('settled') ?? [])].flatMap((serial) => {
      const { position, parts } = commissions.get(serial)!;
      const part = parts.get(holding);
      return part === undefined ? [] : [{ position: position!, ...part }];
    });
    parts.sort((a, b) => (a.position < b.position ? -1 : 1));
    const [first] = parts;
    const final = parts.at(-1);
    if (first === undefined || final === undefined) continue;
    if (first.position <= (last.get(holding) ?? 0n))
      problems.push(`The log has position ${first.position} of ${holding} too early`);
    last.set(holding, final.position);
    if (parts.some((part) => part.limit !== limit))
      problems.push(`The log has a limit of ${holding} at ${final.position} that it did not have`);
    // Reservations behind the last settlement of a batch widen the interval, nothing else does.
    if (final.logged!.min < after.min || final.logged!.max > after.max)
      problems.push(`The log says ${show(final.logged!)} of ${holding}, left as ${show(after)}`);
  }
}
