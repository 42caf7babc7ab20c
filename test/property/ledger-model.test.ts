// Goal: whatever components and operators do, the ledger is what a small model of the specification
// says. Method: random commands go to the real routes and to the model one after the other; each
// answer, and at the end every row, must agree. SEED=… repeats a run.
import { expect } from 'chai';
import fc from 'fast-check';
import type {
  ResolveCommissionResponse,
  ResolveCommissionsResponse,
} from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { Failure } from '../../src/kernel/failure.js';
import type { Quantity } from '../../src/kernel/quantity.js';
import {
  type Ending,
  LedgerModel,
  type ModelIssue,
  type ModelOutcome,
} from '../support/ledger-model.js';
import { ofProject, ofUser, createPerson, type Person } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS = 120;
const LARGEST = 2n ** 63n - 1n;

/** Stands for some commission of the run so far, every eighth for one that never was. */
type SerialRef = number;

type Command =
  | ({ readonly kind: 'issue' } & ModelIssue)
  | { readonly kind: 'resolve-one'; readonly which: SerialRef; readonly how: Ending }
  | {
      readonly kind: 'resolve-many';
      readonly accept: readonly SerialRef[];
      readonly reject: readonly SerialRef[];
    }
  | { readonly kind: 'limit'; readonly holding: number; readonly limit: bigint };

/** Serials that are never drawn; what other runs draw would not do. */
const NEVER = [-1n, 0n, LARGEST];

const HOLDINGS = 4;

const provision = fc.record({
  // One more than there are: a holding that does not exist.
  holding: fc.oneof(
    { arbitrary: fc.nat({ max: HOLDINGS - 1 }), weight: 30 },
    { arbitrary: fc.constant(HOLDINGS), weight: 1 },
  ),
  quantity: fc.oneof(
    { arbitrary: fc.bigInt({ min: -6n, max: 9n }), weight: 40 },
    { arbitrary: fc.constantFrom(LARGEST, -LARGEST - 1n, LARGEST - 5n), weight: 1 },
  ),
});

const rarely = fc.oneof(
  { arbitrary: fc.constant(false), weight: 5 },
  { arbitrary: fc.constant(true), weight: 1 },
);

const serialRefs = fc.array(fc.nat({ max: 63 }), { maxLength: 4 });

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('issue' as const),
      provisions: fc.array(provision, { maxLength: 5 }),
      force: rarely,
      autoAccept: rarely,
      dryRun: rarely,
      requestId: fc.oneof(
        { arbitrary: fc.constant(undefined), weight: 4 },
        { arbitrary: fc.constantFrom('a', 'b'), weight: 1 },
      ),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('resolve-one' as const),
      which: fc.nat({ max: 63 }),
      how: fc.constantFrom<Ending>('accept', 'reject'),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('resolve-many' as const),
      accept: serialRefs,
      reject: serialRefs,
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      holding: fc.nat({ max: HOLDINGS - 1 }),
      limit: fc.oneof(fc.bigInt({ min: 0n, max: 15n }), fc.constant(LARGEST)),
    }),
    weight: 1,
  },
);

describe('the ledger and its model', function () {
  this.timeout(60_000);

  let stack: Stack;

  before(async () => {
    stack = await startWorld({ servers: 0, envoy: false });
  });
  after(() => stack.stop());

  it(`agree on every answer and every row (SEED=${SEED})`, async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
        const run = await LedgerRun.start(stack);
        for (const one of commands) {
          const outcome = await run.execute(one);
          const word = typeof outcome['fails'] === 'string' ? outcome['fails'] : one.kind;
          seen.set(word, (seen.get(word) ?? 0) + 1);
        }
        await run.compareRows();
        await run.replayLog();
      }),
      { seed: SEED, numRuns: RUNS },
    );
    // A model that only ever saw one kind of answer would prove nothing.
    expect([...seen.keys()]).to.include.members([
      ...['issue', 'resolve-one', 'resolve-many', 'limit'],
      ...['NO_CAPACITY', 'NO_QUANTITY', 'NO_HOLDING', 'INVALID_REQUEST'],
      ...['COMMISSION_NOT_FOUND', 'COMMISSION_SETTLED', 'REQUEST_ID_REUSED'],
    ]);
  });
});

/** One run: a user of its own, so that runs share the database without seeing each other. */
class LedgerRun {
  readonly #model: LedgerModel;
  readonly #serials: bigint[] = [];

  private constructor(
    private readonly stack: Stack,
    private readonly user: Person,
    limits: readonly bigint[],
  ) {
    this.#model = new LedgerModel(limits);
  }

  static async start(stack: Stack): Promise<LedgerRun> {
    const run = new LedgerRun(stack, await createPerson(stack), [10n, 20n, 12n, 25n]);
    for (const [holding, { limit }] of run.#model.holdings.entries())
      await run.#setLimit(holding, limit);
    return run;
  }

  /** Runs a command on both, compares the answers and returns them. */
  async execute(one: Command): Promise<ModelOutcome> {
    const [actual, expected] = await this.#both(one);
    expect(actual, JSON.stringify(one, bigintsAsText)).to.deep.equal(expected);
    return expected;
  }

  async #both(one: Command): Promise<[actual: ModelOutcome, expected: ModelOutcome]> {
    switch (one.kind) {
      case 'issue': {
        const actual = await this.#issue(one);
        const drawn = typeof actual['serial'] === 'bigint' ? actual['serial'] : 0n;
        const isNew = !('fails' in actual) && drawn > (this.#serials.at(-1) ?? 0n);
        if (isNew) this.#serials.push(drawn);
        return [actual, this.#model.issue(one, drawn)];
      }
      case 'resolve-one': {
        const serial = this.#serial(one.which);
        return [await this.#resolveOne(serial, one.how), this.#model.resolveOne(serial, one.how)];
      }
      case 'resolve-many': {
        const accept = one.accept.map((which) => this.#serial(which));
        const reject = one.reject.map((which) => this.#serial(which));
        return [await this.#resolveMany(accept, reject), this.#model.resolveMany(accept, reject)];
      }
      case 'limit':
        await this.#setLimit(one.holding, one.limit);
        this.#model.setLimit(one.holding, one.limit);
        return [{}, {}];
    }
  }

  /** Every holding is what the model says, which is accepted and pending quantities added up. */
  async compareRows(): Promise<void> {
    for (const [holding, { limit, least, most }] of this.#model.holdings.entries()) {
      const accepted = this.#model.accepted[holding] ?? 0n;
      let [imports, releases] = [0n, 0n];
      for (const provisions of this.#model.pending.values())
        for (const one of provisions.filter((found) => found.holding === holding)) {
          if (one.quantity > 0n) imports += one.quantity;
          else releases += one.quantity;
        }
      expect([least, most]).to.deep.equal([accepted + releases, accepted + imports]);
      expect(0n <= least && least <= most).to.equal(true);
      expect(await this.#row(holding)).to.deep.equal({ limit, least, most });
    }
    const pending = await this.stack.database.query<{ serial: string }>(
      'select serial from commissions where serial = any($1) order by serial',
      [this.#serials],
    );
    expect(pending.map(({ serial }) => BigInt(serial))).to.deep.equal([
      ...this.#model.pending.keys(),
    ]);
  }

  /** What was accepted by the log, and what pending commissions hold, is what the holdings say. */
  async replayLog(): Promise<void> {
    const log = await this.stack.database.query<Record<string, string>>(
      `select serial, holder, source, resource, delta_quantity, usage_min, usage_max, reason
         from provision_log where serial = any($1) order by position`,
      [this.#serials],
    );
    const accepted = this.#model.holdings.map(() => 0n);
    for (const row of log) {
      const holding = this.#names().findIndex(
        (name) =>
          name.holder === row['holder'] &&
          (name.source ?? null) === row['source'] &&
          name.resource === row['resource'],
      );
      const how = row['reason'] === 'ACCEPT:' ? 'accept' : 'reject';
      expect(this.#model.endings.get(BigInt(row['serial'] ?? ''))).to.equal(how);
      if (how === 'accept') accepted[holding]! += BigInt(row['delta_quantity'] ?? '');
      expect(BigInt(row['usage_min'] ?? '') <= BigInt(row['usage_max'] ?? '')).to.equal(true);
    }
    expect(accepted).to.deep.equal(this.#model.accepted);
    expect(new Set(log.map(({ serial }) => serial)).size).to.be.at.most(this.#model.endings.size);
  }

  async #issue(issue: ModelIssue): Promise<ModelOutcome> {
    const { force, autoAccept, dryRun, requestId } = issue;
    const provisions = issue.provisions.map(({ holding, quantity }) => ({
      ...this.#name(holding),
      quantity,
    }));
    const id = requestId && `${this.user.uuid} ${requestId}`;
    const request = { provisions, force, autoAccept, dryRun, requestId: id, name: '' };
    return this.#answer('IssueCommission', request, (response) => ({
      serial: (response as { serial: bigint }).serial,
    }));
  }

  #resolveOne(serial: bigint, how: Ending): Promise<ModelOutcome> {
    const action = { $case: how, value: { reason: '' } };
    return this.#answer('ResolveCommission', { serial, action }, (response) => {
      const { alreadySettled } = response as ResolveCommissionResponse;
      return { settled: alreadySettled ? 'before' : 'now' };
    });
  }

  #resolveMany(accept: readonly bigint[], reject: readonly bigint[]): Promise<ModelOutcome> {
    return this.#answer('ResolveCommissions', { accept, reject, reason: '' }, (response) => {
      const { accepted, rejected, failed, alreadySettled } = response as ResolveCommissionsResponse;
      return {
        accepted,
        rejected,
        failed: failed.map(({ serial, reason }) => [serial, reason]),
        before: alreadySettled.map(({ serial, outcome }) => [
          serial,
          outcome.replace('OUTCOME_', ''),
        ]),
      };
    });
  }

  async #setLimit(holding: number, limit: bigint): Promise<void> {
    const { holder, source, resource } = this.#name(holding);
    const entry = { holder, source: source ?? null, resource, limit: limit as Quantity };
    const { database, quotas } = this.stack.operations;
    await database.transact((tx) => quotas.setLimits(tx, [entry]));
  }

  /** Calls a route as its gRPC face does, and turns failures into the words of the model. */
  async #answer(
    rpc: string,
    request: object,
    read: (response: unknown) => ModelOutcome,
  ): Promise<ModelOutcome> {
    const methods = this.stack.operations.quotas.services.flatMap((service) => service.methods);
    const route = methods.find((method) => method.rpc.endsWith(`/${rpc}`))?.route;
    if (route === undefined) throw new Error(`There is no ${rpc}`);
    const credentials = {
      authToken: 'nimbus-token',
      authorization: undefined,
      header: () => undefined,
    };
    const context = {
      requestId: '',
      face: 'grpc',
      deadline: Infinity,
      isCancelled: () => false,
    } as const;
    try {
      return read(await route.answerGrpc(request, credentials, context));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return this.#outcomeOf(error);
    }
  }

  #outcomeOf({ reason, facts }: Failure): ModelOutcome {
    const { holder, source, resource, request_id: id, ...others } = facts;
    const holding = [...this.#names(), this.#name(HOLDINGS)].findIndex(
      (name) => name.holder === holder && name.source === source && name.resource === resource,
    );
    return {
      fails: reason,
      ...(holder !== undefined && { holding }),
      ...(id !== undefined && { request_id: String(id).split(' ')[1] }),
      ...others,
    };
  }

  #serial(which: SerialRef): bigint {
    const issued = this.#serials[which % this.#serials.length];
    return which % 8 === 7 || issued === undefined ? (NEVER[which % 3] ?? 0n) : issued;
  }

  #name(holding: number) {
    return this.#names()[holding] ?? ofUser(this.user, 'nobody.knows', 0n);
  }

  #names() {
    return [
      ofUser(this.user, 'nimbus.vm', 0n),
      ofUser(this.user, 'nimbus.ram', 0n),
      ofProject(this.user.uuid, 'nimbus.vm', 0n),
      ofProject(this.user.uuid, 'nimbus.ram', 0n),
    ];
  }

  async #row(holding: number) {
    const { holder, source, resource } = this.#name(holding);
    const [row] = await this.stack.database.query<Record<string, string>>(
      `select "limit", usage_min, usage_max from holdings
        where holder = $1 and source is not distinct from $2 and resource = $3`,
      [holder, source ?? null, resource],
    );
    const number = (name: string) => BigInt(row?.[name] ?? '-1');
    return { limit: number('limit'), least: number('usage_min'), most: number('usage_max') };
  }
}

function bigintsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
