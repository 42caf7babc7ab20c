// Goal: whatever writers of allocations and of inventories do at the same time, the rows keep their
// invariants and bear out every answer (sections 2, 8, 15 and 20 of the placement specification).
// Method: random commands on 8 connections to two server processes; then the rows are audited and
// generations compared with the writes that succeeded. SEED=… repeats the commands.
import { expect } from 'chai';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { ConsumerClaim } from '../../src/gen/apportion/allocations/v1/allocations.js';
import { auditAllocations, createProvider, NOAUTH, usedOf } from '../support/allocation-stage.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { type Stack, startStack } from '../support/stack.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const CONNECTIONS = 8;
/** Commands that one connection has under way at a time, so that batches have more than one. */
const LANES = 4;
const COMMANDS_PER_LANE = 40;

const PROVIDERS = 4;
const CONSUMERS = 10;
/** The first providers are tight. */
const TOTALS = [6, 20, 400, 400];

const ADMIN = { token: 'admin' };

const EXPECTED = [
  ...['CAPACITY_EXCEEDED', 'UNIT_VIOLATED', 'NO_INVENTORY', 'GENERATION_CONFLICT'],
  ...['UNKNOWN_PROVIDER', 'UNKNOWN_RESOURCE_CLASS', 'NOT_FOUND', 'INVENTORY_IN_USE'],
];

const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 25 }, { arbitrary: rare, weight: 1 });

const resources = fc.dictionary(
  rarely(fc.constantFrom('VCPU', 'DISK_GB'), fc.constantFrom('COWS', 'MEMORY_MB')),
  rarely(fc.bigInt({ min: 1n, max: 4n }), fc.constant(1_000n)),
  { minKeys: 1, maxKeys: 2 },
);

const claim = fc.record({
  consumer: fc.nat({ max: CONSUMERS - 1 }),
  guard: fc.constantFrom('none', 'none', 'absent', 'last'),
  type: fc.constantFrom(undefined, 'PONY'),
  // One more than there are: a provider that does not exist.
  takes: fc.dictionary(
    rarely(fc.integer({ min: 0, max: PROVIDERS - 1 }), fc.constant(PROVIDERS)).map(String),
    resources,
    { minKeys: 0, maxKeys: 3 },
  ),
});
type Claim = typeof claim extends fc.Arbitrary<infer T> ? T : never;

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), claim }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      claims: fc.uniqueArray(claim, {
        minLength: 1,
        maxLength: 4,
        selector: ({ consumer }) => consumer,
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      consumer: fc.nat({ max: CONSUMERS - 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('grow' as const),
      provider: fc.nat({ max: PROVIDERS - 1 }),
      more: fc.integer({ min: 0, max: 3 }),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

describe('allocations under many hands', function () {
  this.timeout(120_000);

  it(`keep their invariants, and every answer is true (SEED=${SEED})`, async () => {
    const stack = await startStack({ servers: 0, processes: 2, envoy: false, settings: NOAUTH });
    const clients = Array.from({ length: CONNECTIONS }, (_, index) =>
      connectGrpc(stack.addresses[index % stack.addresses.length] ?? ''),
    );
    try {
      const run = await Run.start(stack, clients);
      await run.execute();
      await run.judge();
    } finally {
      for (const client of clients) client.close();
      await stack.stop();
    }
  });
});

class Run {
  readonly #consumers = Array.from({ length: CONSUMERS }, () => randomUUID());
  /** The generation that was answered last, by consumer. */
  readonly #last = new Map<number, bigint>();
  readonly #seen = new Map<string, number>();
  /** Successful writes that surely moved the generation of a provider, and those that may have. */
  readonly #moved: number[];
  #mayHaveMoved = 0;

  private constructor(
    private readonly stack: Stack,
    private readonly clients: readonly GrpcClient[],
    private readonly providers: readonly string[],
  ) {
    this.#moved = providers.map(() => 0);
  }

  static async start(stack: Stack, clients: readonly GrpcClient[]): Promise<Run> {
    const providers: string[] = [];
    for (const total of TOTALS)
      providers.push(
        await createProvider(stack.database, {
          VCPU: { total, maxUnit: 400 },
          DISK_GB: { total: 2 * total, stepSize: 2, maxUnit: 400 },
        }),
      );
    return new Run(stack, clients, providers);
  }

  async execute(): Promise<void> {
    const lanes = CONNECTIONS * LANES;
    const commands = fc.sample(command, { seed: SEED, numRuns: lanes * COMMANDS_PER_LANE });
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const client = this.clients[lane % CONNECTIONS]!;
        const own = commands.slice(lane * COMMANDS_PER_LANE, (lane + 1) * COMMANDS_PER_LANE);
        for (const one of own) await this.#run(client, one);
      }),
    );
  }

  async judge(): Promise<void> {
    await auditAllocations(this.stack.database);
    for (const [index, provider] of this.providers.entries()) {
      const { generation } = await usedOf(this.stack.database, provider);
      const moved = this.#moved[index] ?? 0;
      expect(generation).to.be.within(moved, moved + this.#mayHaveMoved);
    }
    const [row] = await this.stack.database.query<{ deadlocks: string }>(
      'select deadlocks from pg_stat_database where datname = current_database()',
    );
    expect(Number(row?.deadlocks)).to.equal(0);
    // A run that only ever saw one kind of answer would prove nothing.
    expect([...this.#seen.keys()]).to.include.members([
      ...['write', 'batch', 'remove', 'grow', 'CAPACITY_EXCEEDED', 'GENERATION_CONFLICT'],
      ...['UNIT_VIOLATED', 'NOT_FOUND', 'UNKNOWN_PROVIDER', 'UNKNOWN_RESOURCE_CLASS'],
    ]);
  }

  async #run(client: GrpcClient, one: Command): Promise<void> {
    const call = this.#call(client, one);
    const failed = await call.then(
      () => false,
      () => true,
    );
    const word = failed ? ((await grpcFailure(call)).reason ?? 'nothing') : one.kind;
    if (failed) expect(word).to.be.oneOf(EXPECTED);
    this.#seen.set(word, (this.#seen.get(word) ?? 0) + 1);
  }

  #call(client: GrpcClient, one: Command): Promise<void> {
    switch (one.kind) {
      case 'write':
        return this.#write(client, one.claim);
      case 'batch':
        return this.#writeMany(client, one.claims);
      case 'remove':
        return client.allocations
          .deleteAllocations({ consumerUuid: this.#consumers[one.consumer]! }, ADMIN)
          .then(() => undefined);
      case 'grow':
        return this.#grow(client, one.provider, one.more);
    }
  }

  async #write(client: GrpcClient, given: Claim): Promise<void> {
    const sent = this.#claim(given);
    const { consumerGeneration } = await client.allocations.replaceAllocations(
      { consumerUuid: this.#consumers[given.consumer]!, claim: sent },
      ADMIN,
    );
    this.#succeeded([given]);
    this.#expectGeneration(given, sent, consumerGeneration);
  }

  async #writeMany(client: GrpcClient, claims: readonly Claim[]): Promise<void> {
    const sent = claims.map((given) => this.#claim(given));
    const { consumerGenerations } = await client.allocations.replaceAllocationsBatch(
      {
        consumers: Object.fromEntries(
          claims.map(({ consumer }, index) => [this.#consumers[consumer]!, sent[index]!]),
        ),
      },
      ADMIN,
    );
    this.#succeeded(claims);
    for (const [index, given] of claims.entries())
      this.#expectGeneration(
        given,
        sent[index]!,
        consumerGenerations[this.#consumers[given.consumer]!],
      );
  }

  #expectGeneration(given: Claim, sent: ConsumerClaim, answered: bigint | undefined): void {
    if (Object.keys(given.takes).length === 0) {
      expect(answered).to.equal(undefined);
      return;
    }
    const { precondition } = sent;
    if (precondition?.$case === 'consumerGeneration')
      expect(answered).to.equal(precondition.value + 1n);
    if (precondition?.$case === 'consumerAbsent') expect(answered).to.equal(1n);
    expect(Number(answered)).to.be.at.least(1);
    this.#last.set(given.consumer, answered ?? 0n);
  }

  async #grow(client: GrpcClient, index: number, more: number): Promise<void> {
    const uuid = this.providers[index]!;
    const found = await client.inventories.listInventories({ uuid }, ADMIN);
    const inventories = Object.fromEntries(
      Object.entries(found.inventories).map(([name, inventory]) => [
        name,
        { ...inventory, total: inventory.total + BigInt(more) },
      ]),
    );
    const { resourceProviderGeneration } = found;
    await client.inventories.replaceInventories(
      { uuid, resourceProviderGeneration, inventories },
      ADMIN,
    );
    this.#moved[index]! += 1;
  }

  #claim({ consumer, guard, type, takes }: Claim): ConsumerClaim {
    const last = this.#last.get(consumer);
    const allocations = Object.fromEntries(
      Object.entries(takes).map(([index, amounts]) => [
        this.providers[Number(index)] ?? randomUUID(),
        { resources: amounts },
      ]),
    );
    const precondition =
      guard === 'absent'
        ? ({ $case: 'consumerAbsent', value: true } as const)
        : guard === 'last' && last !== undefined
          ? ({ $case: 'consumerGeneration', value: last } as const)
          : undefined;
    return { allocations, projectId: 'p', userId: 'u', precondition, consumerType: type };
  }

  /** Counts, per provider once, what a successful write did to generations (section 2). */
  #succeeded(claims: readonly Claim[]): void {
    const named = new Set(claims.flatMap(({ takes }) => Object.keys(takes).map(Number)));
    for (const index of named) this.#moved[index]! += 1;
    if (claims.some(({ takes }) => Object.keys(takes).length === 0)) this.#mayHaveMoved += 1;
  }
}
