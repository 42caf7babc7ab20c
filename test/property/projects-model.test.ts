// Goal: whatever people do with projects, they are what a small model of the specification says, and the
// ledger's limits follow. Method: random calls go over REST and to the model one after the other; each
// status, and at the end every row, must agree, and `quota verify` finds nothing. SEED=… repeats a run.
import { expect } from 'chai';
import fc from 'fast-check';
import { LedgerClient, projectProvision, userProvision } from '../support/ledger.js';
import { faultsOf } from '../support/projects-audit.js';
import {
  memberLimit,
  type ModelCommand,
  type ModelFields,
  type ModelPolicy,
  projectLimit,
  ProjectsModel,
} from '../support/projects-model.js';
import {
  type Caller,
  countersOf,
  createAdmin,
  createCallers,
  DISTANT_END,
  expectHeaders,
  fieldOf,
  pendingOf,
  startProjects,
  type Submitted,
} from '../support/projects.js';
import type { RestAnswer } from '../support/rest-client.js';
import type { Stack } from '../support/stack.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS = 10;
/** The last one is the admin. */
const PEOPLE = 4;
const ADMIN = PEOPLE - 1;
const NAMES = ['a', 'b'];

const person = fc.nat({ max: PEOPLE - 1 });
/** Admins and owners do most of what succeeds. */
const actor = fc.oneof(
  { arbitrary: fc.constant(ADMIN), weight: 3 },
  { arbitrary: fc.constant(0), weight: 3 },
  { arbitrary: person, weight: 2 },
);
const project = fc.oneof(
  { arbitrary: fc.constant(0), weight: 5 },
  { arbitrary: fc.nat({ max: 2 }), weight: 2 },
);
/** Whom the projects are about: few enough to meet again. */
const user = fc.oneof(
  { arbitrary: fc.constantFrom(1, 2), weight: 4 },
  { arbitrary: person, weight: 1 },
);
const policy = fc.oneof(
  { arbitrary: fc.constantFrom<ModelPolicy>('auto', 'moderated'), weight: 5 },
  { arbitrary: fc.constant<ModelPolicy>('closed'), weight: 1 },
);
const capacity = fc
  .tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 }))
  .map(([one, two]) => [Math.max(one, two), Math.min(one, two)] as const);
const fields = {
  name: fc.constantFrom(...NAMES),
  owner: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: person, weight: 1 }),
  join: policy,
  leave: policy,
  max: fc.oneof(
    { arbitrary: fc.constant(9), weight: 4 },
    { arbitrary: fc.nat({ max: 2 }), weight: 1 },
  ),
  capacity,
};

const ofKind = <Kind extends ModelCommand['kind'], T extends object>(
  kind: Kind,
  record: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
) => fc.record({ kind: fc.constant(kind), ...record });

const command = fc.oneof(
  { weight: 3, arbitrary: ofKind('create', { by: actor, fields: fc.record(fields) }) },
  {
    weight: 2,
    arbitrary: ofKind('modify', {
      by: actor,
      project,
      fields: fc.record(fields, { requiredKeys: [] }),
    }),
  },
  {
    weight: 5,
    arbitrary: ofKind('judge', {
      ...{ by: actor, project },
      action: fc.constantFrom('approve', 'approve', 'approve', 'deny', 'cancel', 'dismiss'),
      isStale: fc.nat({ max: 5 }).map((n) => n === 0),
    }),
  },
  {
    weight: 3,
    arbitrary: ofKind('act', {
      ...{ by: actor, project },
      // An ended project is revived sooner than an alive one ends, or little else would succeed.
      action: fc.constantFrom(
        'suspend',
        'unsuspend',
        'unsuspend',
        'terminate',
        'reinstate',
        'reinstate',
        'reinstate',
      ),
    }),
  },
  { weight: 5, arbitrary: ofKind('join', { by: user, project }) },
  { weight: 2, arbitrary: ofKind('enroll', { by: actor, project, user }) },
  {
    weight: 8,
    arbitrary: ofKind('move', {
      ...{ by: fc.oneof(actor, person), project, user },
      action: fc.constantFrom('leave', 'cancel', 'accept', 'accept', 'reject', 'remove'),
    }),
  },
  {
    weight: 6,
    arbitrary: ofKind('charge', {
      ...{ project, user },
      quantity: fc.integer({ min: -2, max: 3 }).filter((n) => n !== 0),
    }),
  },
) as fc.Arbitrary<ModelCommand>;

/** A project to begin with, or most calls would find none. */
function beginning(first: Required<ModelFields>): readonly ModelCommand[] {
  return [
    { kind: 'create', by: 0, fields: first },
    { kind: 'judge', by: ADMIN, project: 0, action: 'approve', isStale: false },
    { kind: 'enroll', by: ADMIN, project: 0, user: 1 },
  ];
}

describe('projects and their model', function () {
  this.timeout(90_000);

  let stack: Stack;

  before(async () => {
    stack = await startProjects();
  });
  after(() => stack.stop());

  it(`agree on every answer and every row (SEED=${SEED})`, async () => {
    const seen = new Set<string>();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record(fields),
        fc.array(command, { minLength: 45, maxLength: 60, size: 'max' }),
        async (first, commands) => {
          run += 1;
          const one = await ProjectsRun.start(stack, `r${run}-${SEED}`);
          for (const each of [...beginning(first), ...commands])
            seen.add(`${each.kind} ${String(await one.execute(each))}`);
          await one.compareRows();
        },
      ),
      { seed: SEED, numRuns: RUNS, endOnFailure: true },
    );
    // A model that only ever saw one kind of answer would prove nothing.
    expect([...seen]).to.include.members([
      ...['create 201', 'modify 201', 'judge 200', 'act 200', 'join 200', 'enroll 200'],
      ...['move 200', 'charge 201', 'judge 403', 'judge 409', 'move 409', 'join 409'],
    ]);
    expect(seen.size, [...seen].join(', ')).to.be.at.least(18);
  });
});

/** One run: people and names of its own, so that runs share the database without seeing each other. */
class ProjectsRun {
  readonly #model = new ProjectsModel(PEOPLE, 3);
  readonly #projects: { readonly id: string; readonly applications: bigint[] }[] = [];
  /** Ids of memberships by project and person. */
  readonly #memberships = new Map<string, bigint>();
  readonly #ledger: LedgerClient;

  private constructor(
    private readonly stack: Stack,
    private readonly people: readonly Caller[],
    private readonly suffix: string,
  ) {
    this.#ledger = new LedgerClient(stack.rest, 'yard-token');
  }

  static async start(stack: Stack, suffix: string): Promise<ProjectsRun> {
    const people = await createCallers(stack, PEOPLE - 1);
    return new ProjectsRun(stack, [...people, await createAdmin(stack)], suffix);
  }

  /** Runs a command on both, compares the statuses and returns them. */
  async execute(one: ModelCommand): Promise<number | undefined> {
    const expected = this.#model.run(one);
    if (expected === undefined) return undefined;
    const answer = await this.#send(one);
    expectHeaders(answer);
    expect(answer.status, `${JSON.stringify(one)} → ${answer.text}`).to.equal(expected);
    this.#remember(one, answer);
    return expected;
  }

  async #send(one: ModelCommand): Promise<RestAnswer> {
    if (one.kind === 'create')
      return this.people[one.by]!.calls.create({
        ...this.#sent(one.fields),
        end_date: DISTANT_END,
      });
    const { id, applications } = this.#projects[one.project]!;
    if (one.kind === 'charge') {
      const { uuid } = this.people[one.user]!;
      const provisions = [
        userProvision(uuid, id, 'r11', one.quantity),
        projectProvision(id, 'r11', one.quantity),
      ];
      return this.#ledger.send(provisions, { auto_accept: true });
    }
    const { calls } = this.people[one.by]!;
    switch (one.kind) {
      case 'modify':
        return calls.modify(id, this.#sent(one.fields));
      case 'judge': {
        const application = one.isStale ? applications[0]! : applications.at(-1)!;
        return calls.judge({ id, application }, one.action);
      }
      case 'act':
        return calls.act(id, one.action);
      case 'join':
        return calls.join(id);
      case 'enroll':
        return calls.enroll(id, this.people[one.user]!);
      case 'move':
        return calls.move(this.#memberships.get(`${one.project} ${one.user}`)!, one.action);
    }
  }

  #remember(one: ModelCommand, answer: RestAnswer): void {
    if (answer.status >= 400) return;
    if (one.kind === 'create') {
      const { id, application } = answer.json as unknown as Submitted;
      this.#projects.push({ id, applications: [application] });
    } else if (one.kind === 'modify') {
      const application = fieldOf(answer.json, 'application') as bigint;
      this.#projects[one.project]!.applications.push(application);
    } else if (one.kind === 'join' || one.kind === 'enroll') {
      const user = one.kind === 'join' ? one.by : one.user;
      const key = `${one.project} ${user}`;
      const id = fieldOf(answer.json, 'id') as bigint;
      // It stays the same however often he comes back.
      expect(this.#memberships.get(key) ?? id).to.equal(id);
      this.#memberships.set(key, id);
    }
  }

  #sent({ name, owner, join, leave, max, capacity: pair }: ModelFields): object {
    return {
      name: name && this.#name(name),
      owner: owner === undefined ? undefined : this.people[owner]!.uuid,
      join_policy: join,
      leave_policy: leave,
      max_members: max,
      ...(pair && { resources: { r11: { project_capacity: pair[0], member_capacity: pair[1] } } }),
    };
  }

  #name(name: string): string {
    return `${name}.${this.suffix}.test`;
  }

  /** States, members, counters and limits are what the model says, and of one piece. */
  async compareRows(): Promise<void> {
    for (const [at, { id }] of this.#projects.entries()) {
      const expected = this.#model.projects[at]!;
      const { json } = await this.people[ADMIN]!.calls.retrieve(id);
      expect(json).to.deep.include({
        state: expected.state,
        name: this.#name(expected.name),
        owner: this.people[expected.owner]!.uuid,
        join_policy: expected.join,
        leave_policy: expected.leave,
        max_members: BigInt(expected.max),
      });
      const last = expected.applications.at(-1)!;
      expect(fieldOf(json, 'last_application/state')).to.equal(last.state);
      const { json: listed } = await this.people[ADMIN]!.calls.memberships(`?project=${id}`);
      const states = (listed as unknown as { user: string; state: string }[]).map(
        ({ user, state }) => [user, state],
      );
      expect(Object.fromEntries(states)).to.deep.equal(
        Object.fromEntries(
          [...expected.members].map(([who, { state }]) => [this.people[who]!.uuid, state]),
        ),
      );
      await this.#compareCounters(at);
    }
    for (const [who, pending] of this.#model.pending.entries())
      expect(await pendingOf(this.stack, this.people[who]!)).to.equal(BigInt(pending));
    const ids = this.#projects.map(({ id }) => id);
    const uuids = this.people.map(({ uuid }) => uuid);
    const faults = await faultsOf(this.stack, ids, uuids);
    expect(faults, faults.join('\n')).to.deep.equal([]);
  }

  async #compareCounters(at: number): Promise<void> {
    const { id } = this.#projects[at]!;
    const model = this.#model.projects[at]!;
    const counter = (limit: number, usage: number) => ({
      limit: BigInt(limit),
      usage: [BigInt(usage), BigInt(usage)] as const,
    });
    const expected = Object.fromEntries(
      ['uninitialized', 'deleted'].includes(model.state)
        ? []
        : [
            [`project:${id} r11`, counter(projectLimit(model), model.usage)],
            ...[...model.members]
              .filter(([, { isInitialized }]) => isInitialized)
              .map(
                ([who, { state, usage }]) =>
                  [
                    `user:${this.people[who]!.uuid} r11`,
                    counter(memberLimit(model, state), usage),
                  ] as const,
              ),
          ],
    );
    const stored = Object.entries(await countersOf(this.stack, id));
    const r11 = Object.fromEntries(stored.filter(([key]) => key.endsWith(' r11')));
    expect(r11).to.deep.equal(expected);
  }
}
