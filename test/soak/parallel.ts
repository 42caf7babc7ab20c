/** Random callers on connections of their own, two servers, one database: then everything must agree. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { IssueCommissionRequest } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { Settlement_Outcome } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { quantity } from '../../src/kernel/quantity.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { auditLedger, recordHistory } from '../support/ledger-audit.js';
import { createPeople, createProject } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';
import { type IssueAnswer, judgeAnswers, type SettleAnswer } from './answers.js';
import {
  type Cast,
  type Command,
  command,
  isForced,
  type IssueSketch,
  issueSketch,
  PROJECTS,
  REPEATED_CALLS,
  requestFrom,
  RESOURCES,
  type SerialRef,
  USERS,
} from './parallel-commands.js';

/** How much is done. */
export interface ParallelOptions {
  readonly seed: number;
  readonly connections: number;
  readonly commandsPerConnection: number;
}

/** Commands that one connection has under way at a time, so that batches have more than one. */
const LANES = 6;

const COMPONENTS = ['nimbus', 'orbit'] as const;

type Component = (typeof COMPONENTS)[number];
type Request = ReturnType<typeof requestFrom> & Pick<Partial<IssueCommissionRequest>, 'requestId'>;

/** Declares the test; it starts everything it needs. */
export function itKeepsTheLedgerConsistent(title: string, options: ParallelOptions): void {
  it(`${title} (SEED=${options.seed})`, async () => {
    const stack = await startWorld({ servers: 0, processes: 2, envoy: false });
    const run = await ParallelRun.start(stack, options);
    try {
      await run.execute();
      await run.judge();
    } finally {
      run.close();
      await stack.stop();
    }
  });
}

class ParallelRun {
  readonly #issues: IssueAnswer[] = [];
  readonly #settlements: SettleAnswer[] = [];
  /** Serials in the order in which they are answered. */
  readonly #serials: Record<Component, bigint[]> = { nimbus: [], orbit: [] };
  readonly #reasons = new Map<string, number>();
  readonly #clients: readonly GrpcClient[];
  readonly #repeated: readonly IssueSketch[];
  #count = 0;

  private constructor(
    private readonly stack: Stack,
    private readonly cast: Cast,
    private readonly options: ParallelOptions,
  ) {
    const { addresses } = stack;
    this.#clients = Array.from({ length: options.connections }, (_, index) =>
      connectGrpc(addresses[index % addresses.length] ?? ''),
    );
    this.#repeated = fc.sample(issueSketch, { seed: options.seed, numRuns: REPEATED_CALLS });
  }

  static async start(stack: Stack, options: ParallelOptions): Promise<ParallelRun> {
    await recordHistory(stack.database);
    const people = await createPeople(stack, USERS);
    const resources = Object.fromEntries(
      RESOURCES.map((resource) => [resource, { project_capacity: 200, member_capacity: 80 }]),
    );
    const projects: string[] = [];
    for (let count = 0; count < PROJECTS; count += 1)
      projects.push(await createProject(stack, people[0]!, people, resources));
    return new ParallelRun(stack, { users: people.map(({ uuid }) => uuid), projects }, options);
  }

  async execute(): Promise<void> {
    const { seed, commandsPerConnection } = this.options;
    await Promise.all(
      this.#clients.flatMap((client, index) => {
        const sample = { seed: seed + index + 1, numRuns: commandsPerConnection };
        const commands = fc.sample(command, sample).values();
        const component = COMPONENTS[Math.floor(index / 2) % 2 === 0 ? 0 : 1];
        const lane = async () => {
          for (const one of commands) await this.#do(one, client, component);
        };
        return Array.from({ length: LANES }, lane);
      }),
    );
  }

  async judge(): Promise<void> {
    const { commissions } = await auditLedger(this.stack.database, isForced);
    judgeAnswers({ issues: this.#issues, settlements: this.#settlements }, commissions);
    // A run that only ever saw one kind of answer would prove nothing.
    expect([...this.#reasons.keys()]).to.include.members([
      ...['NO_CAPACITY', 'NO_QUANTITY', 'NO_HOLDING', 'REQUEST_ID_REUSED'],
      ...['COMMISSION_SETTLED', 'COMMISSION_NOT_FOUND', 'SERIAL_CONFLICT'],
    ]);
    const reasons = [...commissions.values()].map(({ reason }) => reason ?? 'pending');
    expect(reasons).to.include.members(['pending', 'ACCEPT:', 'REJECT:EXPIRED']);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #do(one: Command, client: GrpcClient, component: Component): Promise<void> {
    switch (one.kind) {
      case 'issue':
        return this.#issue(requestFrom(one, this.cast, this.#label('call')), client, component);
      case 'repeat': {
        const sketch = { ...this.#repeated[one.which]!, dryRun: false };
        const label = one.isOther ? this.#label('other') : `repeated ${one.which}`;
        const request = requestFrom(sketch, this.cast, label);
        return this.#issue({ ...request, requestId: `id ${one.which}` }, client, component);
      }
      case 'settle': {
        const serial = this.#serialAt(one.ref, component);
        return serial === undefined ? undefined : this.#settle(serial, one.how, client, component);
      }
      case 'resolve':
        return this.#resolve(one, client, component);
      case 'read':
        return this.#read(client, component);
      case 'capacity':
      case 'suspend':
      case 'sweep':
        return this.#operate(one);
    }
  }

  async #issue(request: Request, client: GrpcClient, component: Component): Promise<void> {
    const { provisions, name, requestId, autoAccept = false, dryRun = false } = request;
    const call = client.commissions.issueCommission(request, { token: `${component}-token` });
    const began = (this.#count += 1);
    let reusedBy: bigint | undefined;
    const serial = await call.then(
      (response) => response.serial,
      async () => {
        const { reason = '', facts } = await this.#refused(call);
        if (reason === 'REQUEST_ID_REUSED') reusedBy = BigInt(facts['serial']!);
        if (reason.startsWith('NO_') && reason !== 'NO_HOLDING') {
          const usage = BigInt(facts['usage']!) + BigInt(facts['quantity']!);
          const isTrue = reason === 'NO_QUANTITY' ? usage < 0n : usage > BigInt(facts['limit']!);
          expect(isTrue).to.equal(true);
        }
        return undefined;
      },
    );
    if (dryRun) {
      expect(serial ?? 0n).to.equal(0n);
      return;
    }
    const ended = (this.#count += 1);
    const asked = { component, name, provisions, autoAccept, requestId };
    this.#issues.push({ ...asked, serial, reusedBy, began, ended });
    if (serial !== undefined) this.#serials[component].push(serial);
  }

  async #settle(
    serial: bigint,
    how: 'accept' | 'reject',
    client: GrpcClient,
    component: Component,
  ): Promise<void> {
    const reason = this.#label(how);
    const call = client.commissions.resolveCommission(
      { serial, action: { $case: how, value: { reason } } },
      { token: `${component}-token` },
    );
    const tell = (said: SettleAnswer['said'], isFresh: boolean) =>
      this.#settlements.push({ component, serial, said, isFresh, reason });
    await call.then(
      ({ alreadySettled }) => tell(how === 'accept' ? 'accepted' : 'rejected', !alreadySettled),
      async () => {
        const failure = await this.#refused(call);
        if (failure.reason === 'COMMISSION_NOT_FOUND') tell('not found', false);
        else tell(failure.facts['outcome'] === 'ACCEPTED' ? 'accepted' : 'rejected', false);
      },
    );
  }

  async #resolve(
    refs: { readonly accept: readonly SerialRef[]; readonly reject: readonly SerialRef[] },
    client: GrpcClient,
    component: Component,
  ): Promise<void> {
    const serials = (of: readonly SerialRef[]) =>
      of.map((ref) => this.#serialAt(ref, component)).filter((serial) => serial !== undefined);
    const accept = serials(refs.accept);
    const reject = serials(refs.reject);
    const reason = this.#label('many');
    const answer = await client.commissions.resolveCommissions(
      { accept, reject, reason },
      { token: `${component}-token` },
    );
    const earlier = new Map(answer.alreadySettled.map((one) => [one.serial, one]));
    const settled = [...answer.accepted, ...answer.rejected];
    for (const serial of settled) {
      const said = answer.accepted.includes(serial) ? 'accepted' : 'rejected';
      const isFresh = !earlier.has(serial);
      this.#settlements.push({ component, serial, said, isFresh, reason });
    }
    for (const { serial, reason: why } of answer.failed) {
      this.#tally(why);
      const isConflict = accept.includes(serial) && reject.includes(serial);
      expect(why === 'SERIAL_CONFLICT').to.equal(isConflict);
      if (isConflict) continue;
      const outcome = earlier.get(serial)?.outcome;
      expect(why).to.equal(outcome === undefined ? 'COMMISSION_NOT_FOUND' : 'COMMISSION_SETTLED');
      const said =
        outcome === undefined
          ? 'not found'
          : outcome === Settlement_Outcome.OUTCOME_ACCEPTED
            ? 'accepted'
            : 'rejected';
      this.#settlements.push({ component, serial, said, isFresh: false, reason });
    }
    const told = [...settled, ...answer.failed.map(({ serial }) => serial)];
    expect(told.length).to.equal(new Set([...accept, ...reject]).size);
    expect(new Set(told)).to.deep.equal(new Set([...accept, ...reject]));
  }

  async #read(client: GrpcClient, component: Component): Promise<void> {
    const caller = { token: `${component}-token` };
    const { serials } = await client.commissions.listCommissions({}, caller);
    expect(serials).to.deep.equal([...serials].sort((a, b) => (a < b ? -1 : 1)));
    const { quotas } = await client.quotas.listServiceQuotas({}, { token: 'nimbus-token' });
    for (const { usage, pending } of quotas)
      expect(pending >= 0n && usage >= pending).to.equal(true);
  }

  /** What operators do, with as many connections as they like. */
  async #operate(one: Extract<Command, { kind: 'capacity' | 'suspend' | 'sweep' }>): Promise<void> {
    const { database, projects, quotas } = this.stack.operations;
    if (one.kind === 'sweep') {
      await quotas.sweeps.find(({ name }) => name === 'quotas.reject_expired')!.run();
      return;
    }
    const project = this.cast.projects[one.project]!;
    if (one.kind === 'capacity') {
      const projectCapacity = quantity(BigInt(Math.max(one.ofProject, one.ofMember)));
      const memberCapacity = quantity(BigInt(one.ofMember));
      const capacities = { [RESOURCES[one.resource]!]: { projectCapacity, memberCapacity } };
      await database.transact((tx) => projects.setCapacities(tx, project, capacities));
      return;
    }
    for (const state of ['suspended', 'active'] as const)
      await database
        .transact((tx) => projects.setProjectState(tx, project, state))
        .catch((error: unknown) => {
          // Somebody else was faster: it is in that state already.
          if ((error as { reason?: string }).reason !== 'WRONG_STATE') throw error;
        });
  }

  async #refused(call: Promise<unknown>) {
    const failure = await grpcFailure(call);
    this.#tally(failure.reason ?? failure.code);
    expect(failure.reason, `${failure.code} ${failure.message}`).to.be.oneOf([
      ...['NO_CAPACITY', 'NO_QUANTITY', 'NO_HOLDING', 'REQUEST_ID_REUSED'],
      ...['COMMISSION_SETTLED', 'COMMISSION_NOT_FOUND'],
    ]);
    return failure;
  }

  #serialAt(ref: SerialRef, component: Component): bigint | undefined {
    const others = component === 'nimbus' ? 'orbit' : 'nimbus';
    const serials = this.#serials[ref % 8 === 7 ? others : component];
    return serials[serials.length - 1 - ref];
  }

  #label(text: string): string {
    return `${text} ${(this.#count += 1)}`;
  }

  #tally(reason: string): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }
}
