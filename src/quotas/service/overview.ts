import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { Identity } from '../../identity/index.js';
import type { Clock } from '../../kernel/clock.js';
import { isQuantity } from '../../kernel/quantity.js';
import {
  commissionNotFound,
  type CommissionSummary,
  type EarlierSettlement,
  type Provision,
  settlementFrom,
} from '../domain/commission.js';
import { type Counters, countersOf } from '../domain/counters.js';
import {
  type AnyProvision,
  findAnyCommission,
  issuersOfPending,
  listHoldings,
  listPending,
} from '../storage/overview.js';
import { findResources, type StoredResource } from '../storage/resources.js';

/** What the overview needs. */
export interface OverviewDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'componentsOfServices' | 'servicesOf'>;
}

/** Which holdings to show; what is undefined lets everything pass. */
export interface HoldingsQuery {
  /** Uuid of a user: only his. */
  readonly user?: string;
  /** Uuid of a project: only its own, and those of users against it. */
  readonly project?: string;
  readonly resource?: string;
  /** Only those that use, or may come to use, more than their limit. */
  readonly isOverLimit?: boolean;
  /** At most this many. */
  readonly limit?: number;
}

/** A holding as operators see it. */
export type ShownHolding = Omit<Provision, 'quantity'> & Counters;

/** Which pending commissions to show. */
export interface PendingQuery {
  /** Name of their component. */
  readonly component?: string;
  /** Issued at least so long ago, in milliseconds. */
  readonly minAgeMs?: number;
}

/** A pending commission as operators see it. */
export interface ShownPending extends CommissionSummary {
  readonly component: string;
  readonly ageMs: number;
  readonly provisionCount: number;
}

/** A commission, pending or settled, as operators see it. */
export interface ShownCommission extends CommissionSummary {
  readonly component: string;
  /** Null while it is pending. */
  readonly settled: EarlierSettlement | null;
  readonly provisions: readonly (Provision & {
    /** Counters of the holding right after the settlement. */
    readonly after: Counters | null;
  })[];
}

/** What operators may see of the ledger: everything, of all components. */
export interface Overview {
  /** Returns holdings by holder, source and resource. */
  holdings(query: HoldingsQuery): Promise<readonly ShownHolding[]>;
  /** Returns pending commissions by serial. */
  pending(query: PendingQuery): Promise<readonly ShownPending[]>;
  /** Returns a commission; throws COMMISSION_NOT_FOUND when there never was one of this serial. */
  commission(serial: bigint): Promise<ShownCommission>;
  /** Returns every registered resource, hidden ones included, by name. */
  resources(): Promise<readonly StoredResource[]>;
}

/** Returns what operators may see of the ledger. */
export function createOverview({ database, clock, identity }: OverviewDeps): Overview {
  return {
    holdings: ({ user, project, resource, isOverLimit = false, limit }) =>
      database.snapshot(async (tx) => {
        const holder = user === undefined ? undefined : `user:${user}`;
        const pool = project === undefined ? undefined : `project:${project}`;
        const filter = { holder, pool, resource, isOverLimit, limit };
        const shown: ShownHolding[] = [];
        for await (const piece of listHoldings(tx, filter))
          for (const { holder, source, resource, ...counters } of piece)
            shown.push({ holder, source, resource, ...countersOf(counters) });
        return shown;
      }),
    pending: ({ component, minAgeMs }) =>
      database.snapshot(async (tx) => {
        const names = await componentNames(tx, identity, await issuersOfPending(tx));
        const componentIds = [...names.keys()].filter(
          (id) => component === undefined || names.get(id) === component,
        );
        const now = clock.now().getTime();
        const issuedUntil = minAgeMs === undefined ? undefined : new Date(now - minAgeMs);
        const shown: ShownPending[] = [];
        for await (const piece of listPending(tx, { componentIds, issuedUntil }))
          for (const { componentId, ...commission } of piece)
            shown.push({
              ...commission,
              component: names.get(componentId) ?? '',
              ageMs: now - commission.issuedAt.getTime(),
            });
        return shown;
      }),
    commission: (serial) =>
      database.snapshot(async (tx) => {
        const found = isQuantity(serial) ? await findAnyCommission(tx, serial) : undefined;
        if (found === undefined) throw commissionNotFound(serial);
        const { componentId, settled, provisions, ...summary } = found;
        const names = await componentNames(tx, identity, [componentId]);
        return {
          ...summary,
          component: names.get(componentId) ?? '',
          settled: settled && { ...settlementFrom(settled.reason), at: settled.at },
          provisions: provisions.map(shownProvision),
        };
      }),
    resources: () => database.read((tx) => findResources(tx, null)),
  };
}

/**
 * Returns what each component is called; one that offers no service, whose name nobody can look up,
 * goes by its number.
 */
async function componentNames(
  tx: Tx,
  identity: OverviewDeps['identity'],
  ids: readonly bigint[],
): Promise<ReadonlyMap<bigint, string>> {
  const names = new Map<bigint, string>();
  for (const id of ids) {
    const services = (await identity.servicesOf(tx, id)).slice(0, 1);
    const [name] = (await identity.componentsOfServices(tx, services)).values();
    names.set(id, name ?? `#${id}`);
  }
  return names;
}

function shownProvision({ after, ...provision }: AnyProvision) {
  return { ...provision, after: after && countersOf(after) };
}
