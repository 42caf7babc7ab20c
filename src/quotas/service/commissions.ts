import type { Batcher, Submission } from '../../db/batcher.js';
import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { CallContext } from '../../kernel/call-context.js';
import { invalid } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { ComponentPrincipal } from '../../kernel/principal.js';
import { isQuantity } from '../../kernel/quantity.js';
import {
  type Commission,
  commissionNotFound,
  type IssueCommand,
  type Resolution,
  type ResolveCommand,
} from '../domain/commission.js';
import type { Settlement } from '../domain/holding.js';
import { findCommission, listCommissions } from '../storage/commissions.js';
import { findResources } from '../storage/resources.js';
import type { LedgerOperation, LedgerResult } from './ledger.js';

/** What the use cases of commissions need. */
export interface CommissionsDeps {
  readonly database: Database;
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

/** A page of pending serials. */
export interface SerialPage {
  readonly serials: readonly bigint[];
  /** The last serial when there may be more behind it. */
  readonly next: bigint | undefined;
}

/** The use cases of commissions; each sees the calling component's own only. */
export interface Commissions {
  issue(
    caller: ComponentPrincipal,
    command: Parsed<IssueCommand>,
    call: CallContext,
  ): Promise<bigint>;
  list(caller: ComponentPrincipal, page: Parsed<Page<bigint> | undefined>): Promise<SerialPage>;
  get(caller: ComponentPrincipal, serial: bigint): Promise<Commission>;
  resolve(
    caller: ComponentPrincipal,
    command: Parsed<ResolveOneCommand>,
    call: CallContext,
  ): Promise<void>;
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
    async list(caller, parsedPage) {
      const page = unwrap(parsedPage);
      const size = page?.size ?? null;
      const serials = await database.read((tx) =>
        listCommissions(tx, caller.id, page?.after ?? 0n, size),
      );
      return { serials, next: serials.length === size ? serials.at(-1) : undefined };
    },
    async get(caller, serial) {
      const commission = isQuantity(serial)
        ? await database.read((tx) => findCommission(tx, caller.id, serial))
        : undefined;
      if (commission === undefined) throw commissionNotFound(serial);
      return commission;
    },
    async resolve(caller, parsedCommand, call) {
      const { serial, how, reason } = unwrap(parsedCommand);
      const many: ResolveCommand = { accept: [], reject: [], reason, [how]: [serial] };
      const { failed } = await resolveMany(caller, { ok: true, value: many }, call);
      const failure = failed[0]?.failure;
      if (failure !== undefined) throw failure;
    },
  };
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
