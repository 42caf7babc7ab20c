import type { Batcher, Submission } from '../../db/batcher.js';
import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { CallContext } from '../../kernel/call-context.js';
import type { Clock } from '../../kernel/clock.js';
import { invalid } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { ComponentPrincipal } from '../../kernel/principal.js';
import { isQuantity } from '../../kernel/quantity.js';
import {
  type Commission,
  commissionNotFound,
  type CommissionSummary,
  type FailedSerial,
  type IssueCommand,
  type Resolution,
  type ResolveCommand,
} from '../domain/commission.js';
import type { Settlement } from '../domain/holding.js';
import { findCommission, listCommissions } from '../storage/commissions.js';
import { findResources } from '../storage/resources.js';
import type { Reading } from './readings.js';
import type { LedgerOperation, LedgerResult } from './ledger.js';

/** What the use cases of commissions need. */
export interface CommissionsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly batcher: Batcher<LedgerOperation, LedgerResult>;
  /** Refuse provisions on other components' resources (section 6.6). */
  readonly strict: boolean;
  readonly servicesOf: (tx: Tx, componentId: bigint) => Promise<readonly string[]>;
}

/** Settle one commission. */
export interface ResolveOneCommand {
  readonly serial: bigint;
  readonly how: Settlement;
  readonly reason: string;
}

/** What became of one commission: settled by this call, or the reason why not. */
export type ResolveOneResult = ResolveOneCommand & { readonly failed: FailedSerial | undefined };

/** Which pending commissions to list. */
export interface ListCommand {
  readonly page: Page<bigint> | undefined;
  /** Issued at least so long ago, in milliseconds. */
  readonly minAgeMs?: number;
  /** Issued at most so long ago, in milliseconds. */
  readonly maxAgeMs?: number;
}

/** The use cases of commissions; each sees the calling component's own only. */
export interface Commissions {
  issue(
    caller: ComponentPrincipal,
    command: Parsed<IssueCommand>,
    call: CallContext,
  ): Promise<bigint>;
  list(
    caller: ComponentPrincipal,
    command: Parsed<ListCommand>,
  ): Promise<Reading<CommissionSummary, bigint>>;
  get(caller: ComponentPrincipal, serial: bigint): Promise<Commission>;
  resolve(
    caller: ComponentPrincipal,
    command: Parsed<ResolveOneCommand>,
    call: CallContext,
  ): Promise<ResolveOneResult>;
  resolveMany(
    caller: ComponentPrincipal,
    command: Parsed<ResolveCommand>,
    call: CallContext,
  ): Promise<Resolution>;
}

/** Returns the use cases of commissions. */
export function createCommissions(deps: CommissionsDeps): Commissions {
  const { database, batcher } = deps;
  const resolveMany: Commissions['resolveMany'] = async (caller, command, call) => {
    const operation = {
      kind: 'resolve',
      componentId: caller.id,
      command: unwrap(command),
    } as const;
    const result = await batcher.submit(operation, submission(caller, call));
    if (result.kind !== 'resolved') throw new Error('A resolve operation was answered otherwise');
    return result.resolution;
  };
  return {
    resolveMany,
    async issue(caller, parsedCommand, call) {
      const command = unwrap(parsedCommand);
      if (deps.strict) await refuseForeignResources(deps, caller, command);
      const operation = { kind: 'issue', componentId: caller.id, command } as const;
      const result = await batcher.submit(operation, submission(caller, call));
      if (result.kind !== 'issued') throw new Error('An issue operation was answered otherwise');
      return result.serial;
    },
    list(caller, command) {
      const { page, minAgeMs, maxAgeMs } = unwrap(command);
      const now = deps.clock.now().getTime();
      const filter = {
        componentId: caller.id,
        after: page?.after,
        limit: page?.size,
        issuedUntil: minAgeMs === undefined ? undefined : before(now, minAgeMs),
        issuedSince: maxAgeMs === undefined ? undefined : before(now, maxAgeMs),
      };
      return Promise.resolve({
        page,
        read: (visit) =>
          database.snapshot(async (tx) => {
            for await (const piece of listCommissions(tx, filter)) visit(piece);
          }),
      });
    },
    async get(caller, serial) {
      const commission = isQuantity(serial)
        ? await database.read((tx) => findCommission(tx, caller.id, serial))
        : undefined;
      if (commission === undefined) throw commissionNotFound(serial);
      return commission;
    },
    async resolve(caller, parsedCommand, call) {
      const command = unwrap(parsedCommand);
      const { serial, how, reason } = command;
      const many: ResolveCommand = { accept: [], reject: [], reason, [how]: [serial] };
      const { failed } = await resolveMany(caller, { ok: true, value: many }, call);
      return { ...command, failed: failed[0] };
    },
  };
}

/** Ages reach back to times that Postgres does not know; nothing was issued before 1970. */
function before(now: number, ageMs: number): Date {
  return new Date(Math.max(0, now - ageMs));
}

async function refuseForeignResources(
  deps: CommissionsDeps,
  caller: ComponentPrincipal,
  command: IssueCommand,
): Promise<void> {
  const names = [...new Set(command.provisions.map(({ resource }) => resource))];
  const [own, resources] = await deps.database.snapshot(async (tx) => [
    new Set(await deps.servicesOf(tx, caller.id)),
    await findResources(tx, names),
  ]);
  const foreign = resources.find(({ service }) => !own.has(service));
  if (foreign !== undefined)
    throw invalid(`Resource '${foreign.name}' belongs to another component`);
}

function submission(caller: ComponentPrincipal, call: CallContext): Submission {
  return {
    callerKey: String(caller.id),
    deadline: call.deadline,
    isCancelled: () => call.isCancelled(),
  };
}
