/**
 * Components at work while servers, database and connections break: whatever was answered must be
 * true afterwards, and what was not answered must have happened whole or not at all.
 */
import { expect } from 'chai';
import { status } from '@grpc/grpc-js';
import type { IssueCommissionRequest } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';
import { eventually } from '../support/eventually.js';
import type { GrpcClient } from '../support/grpc-client.js';
import { auditLedger, recordHistory } from '../support/ledger-audit.js';
import { WORLD } from '../support/world.js';
import { type IssueAnswer, judgeAnswers, type SettleAnswer } from './answers.js';
import { CrashSite, type Fault, FAULTS } from './crash-site.js';
import { type Chance, createChance } from './seed.js';

/** How much goes wrong. */
export interface CrashOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly faults?: readonly Fault[];
}

/** Callers at work at a time. */
const LANES = 16;

/** Answers that must come after a fault before a round ends. */
const ANSWERS_AFTERWARDS = 60;

/** The codes of gRPC, as plain numbers. */
const code: Readonly<Record<'RESOURCE_EXHAUSTED' | 'UNAVAILABLE' | 'ABORTED', number>> = status;

const CALLER = { token: 'nimbus-token' };
const PROJECT = 'p-crash';
const MEMBERS = ['m-0', 'm-1', 'm-2', 'm-3'];

/** Every commission charges this holding with 1; it never is full. */
const TALLY = { holder: `project:${PROJECT}`, source: undefined, resource: 'nimbus.total_ram' };

const PEOPLE = JSON.stringify({
  users: MEMBERS.map((uuid) => ({ uuid, username: uuid, email: `${uuid}@example.org` })),
  projects: [
    {
      ...{ uuid: PROJECT, name: 'crash.example.org', owner: MEMBERS[0] },
      ...{ end_date: '2090-01-01T00:00:00Z', max_members: 10 },
      resources: {
        'nimbus.vm': { project_capacity: 40, member_capacity: 15 },
        'nimbus.total_ram': { project_capacity: 1_000_000_000, member_capacity: 0 },
      },
      members: MEMBERS.map((user) => ({ user, state: 'accepted' })),
    },
  ],
});

/** Declares the rounds, one test each, on one site. */
export function describeCrashRounds({ seed, rounds, faults = FAULTS }: CrashOptions): void {
  describe(`crashes (SEED=${seed})`, () => {
    let site: CrashSite;
    let work: Work;

    before(async () => {
      site = await CrashSite.open();
      await site.apply(WORLD);
      await site.apply(PEOPLE);
      await recordHistory(site.database);
      work = new Work(site);
    });
    after(() => site.stop());

    const chance = createChance(seed);
    let left: Fault[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      if (left.length === 0) left = [...faults];
      const [fault] = left.splice(Math.floor(chance.below(left.length)), 1);
      const own = createChance(seed + round);
      it(`${round}: what was answered is true when ${fault!}`, () => work.round(fault!, own));
    }

    it('what expired meanwhile is rejected in the end', () => work.expire());
  });
}

type Request = Pick<IssueCommissionRequest, 'provisions' | 'name' | 'autoAccept' | 'expiresIn'> & {
  readonly requestId?: string;
};

class Work {
  readonly #issues: IssueAnswer[] = [];
  readonly #unanswered: IssueAnswer[] = [];
  readonly #settlements: SettleAnswer[] = [];
  readonly #requests: Request[] = [];
  #answers = 0;
  #count = 0;

  constructor(private readonly site: CrashSite) {}

  async round(fault: Fault, chance: Chance): Promise<void> {
    let isOver = false;
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      const own = createChance(Math.floor(chance.below(2 ** 31)));
      while (!isOver) await this.#once(lane, own);
    });
    const working = Promise.all(lanes);
    try {
      await Promise.race([working, this.#gets(30 + Math.floor(chance.below(150)))]);
      const goesOn = () => Promise.race([working.then(() => undefined), this.#gets(5)]);
      await this.site.inflict(fault, chance, goesOn);
      await Promise.race([working, this.#gets(ANSWERS_AFTERWARDS)]);
    } finally {
      isOver = true;
      await working;
    }
    await this.site.settle();
    await this.#judge();
    await this.#repeatSome(chance);
  }

  async #gets(answers: number): Promise<void> {
    const enough = this.#answers + answers;
    await eventually(() => this.#answers >= enough, { timeout: 60_000, interval: 5 });
  }

  /** One commission from its beginning to its end, or as far as it is taken. */
  async #once(lane: number, chance: Chance): Promise<void> {
    const request = this.#sketch(chance);
    // Some callers have no request id, and know nothing when they are not answered.
    if (chance.below(8) < 1) return this.#issueOnce(lane, request);
    const safe = { ...request, requestId: request.name };
    this.#requests.push(safe);
    const serial = await this.#issue(lane, safe);
    if (serial === undefined || request.autoAccept || request.expiresIn !== undefined) return;
    if (chance.below(8) < 1) return;
    await this.#settle(lane, serial, chance.below(2) < 1 ? 'accept' : 'reject');
  }

  #sketch(chance: Chance): Request {
    const name = `commission ${(this.#count += 1)}`;
    const provisions: Provision[] = [{ ...TALLY, quantity: 1n }];
    if (chance.below(3) < 2) {
      const quantity = BigInt(Math.floor(chance.below(9)) - 4);
      const source = `project:${PROJECT}`;
      const resource = 'nimbus.vm';
      provisions.push(
        { holder: `user:${chance.of(MEMBERS)}`, source, resource, quantity },
        { holder: source, source: undefined, resource, quantity },
      );
    }
    // Some are left to expire; who settles them shall not be left to chance.
    const expiresIn = chance.below(6) < 1 ? { seconds: 1n, nanos: 0 } : undefined;
    return { name, provisions, autoAccept: chance.below(2) < 1, expiresIn };
  }

  async #issue(lane: number, request: Request): Promise<bigint | undefined> {
    const outcome = await this.#insist(lane, (client) =>
      client.commissions.issueCommission(request, deadline()),
    );
    const serial = 'refused' in outcome ? undefined : outcome.answer.serial;
    if ('refused' in outcome)
      expect(outcome.refused, outcome.text).to.equal(code.RESOURCE_EXHAUSTED);
    this.#issues.push(answerTo(request, serial));
    return serial;
  }

  async #issueOnce(lane: number, request: Request): Promise<void> {
    try {
      const answer = await this.site.client(lane).commissions.issueCommission(request, deadline());
      this.#issues.push(answerTo(request, answer.serial));
    } catch (error) {
      if (codeOf(error) === code.RESOURCE_EXHAUSTED)
        this.#issues.push(answerTo(request, undefined));
      else if (codeOf(error) === code.UNAVAILABLE)
        this.#unanswered.push(answerTo(request, undefined));
      else throw error;
    }
    this.#answers += 1;
  }

  async #settle(lane: number, serial: bigint, how: 'accept' | 'reject'): Promise<void> {
    const reason = `${how} ${(this.#count += 1)}`;
    const outcome = await this.#insist(lane, (client) =>
      client.commissions.resolveCommission(
        { serial, action: { $case: how, value: { reason } } },
        deadline(),
      ),
    );
    if ('refused' in outcome) throw new Error(`Serial ${serial} cannot be settled`);
    // Nobody else settles it: if it was settled before, it was by an earlier try of this call.
    if (outcome.tries === 1) expect(outcome.answer.alreadySettled).to.equal(false);
    const said = how === 'accept' ? 'accepted' : 'rejected';
    this.#settlements.push({ component: 'nimbus', serial, said, isFresh: true, reason });
  }

  /** Calls one server after the other until one of them answers, whatever the answer is. */
  async #insist<T>(
    lane: number,
    call: (client: GrpcClient) => Promise<T>,
  ): Promise<
    | { readonly answer: T; readonly tries: number }
    | { readonly refused: number; readonly text: string }
  > {
    let tries = 0;
    const outcome = await eventually(
      async () => {
        tries += 1;
        try {
          return { answer: await call(this.site.client(lane + tries)), tries };
        } catch (error) {
          const found = codeOf(error);
          if (found === code.UNAVAILABLE || found === code.ABORTED) return false;
          return { refused: found, text: String(error) };
        }
      },
      { timeout: 60_000, interval: 20 },
    );
    this.#answers += 1;
    return outcome;
  }

  async #judge(): Promise<void> {
    const { commissions, accepted } = await auditLedger(this.site.database);
    judgeAnswers(
      { issues: this.#issues, settlements: this.#settlements, unanswered: this.#unanswered },
      commissions,
    );
    const known = new Set(
      this.#issues.flatMap(({ requestId, serial }) => (serial && requestId ? [requestId] : [])),
    );
    const charged = [...commissions.values()].filter(({ name }) => known.has(name));
    expect(charged.length).to.equal(known.size);
    const acceptedOnes = [...commissions.values()].filter(({ reason }) =>
      reason?.startsWith('ACCEPT:'),
    );
    expect(accepted.get(`${TALLY.holder} ${TALLY.resource}`)).to.equal(BigInt(acceptedOnes.length));
  }

  /** What expired is rejected by whoever has survived. */
  async expire(): Promise<void> {
    await eventually(
      async () => {
        const overdue = await this.site.database.query(
          `select from commissions where expires_at < now()`,
        );
        return overdue.length === 0;
      },
      { timeout: 60_000, interval: 200 },
    );
    await this.site.settle();
    await this.#judge();
    const rows = await this.site.database.query(
      `select from settled_commissions where reason = 'REJECT:EXPIRED'`,
    );
    expect(rows.length).to.be.greaterThan(0);
  }

  /** Calls made long ago are still known, and charge nothing. */
  async #repeatSome(chance: Chance): Promise<void> {
    const serials = new Map(this.#issues.map(({ name, serial }) => [name, serial]));
    const before = await this.#charged();
    for (let count = 0; count < 10; count += 1) {
      const request = chance.of(this.#requests);
      const serial = serials.get(request.name);
      if (serial === undefined) continue;
      const again = await this.site.client(count).commissions.issueCommission(request, deadline());
      expect(again.serial).to.equal(serial);
    }
    expect(await this.#charged()).to.equal(before);
  }

  /** How many commissions have ever charged anything; what expires meanwhile does not change it. */
  async #charged(): Promise<number> {
    const [row] = await this.site.database.query<{ n: number }>(
      `select ((select count(*) from commissions)
             + (select count(*) from settled_commissions))::int as n`,
    );
    return row!.n;
  }
}

/** Nothing may hang: a call that takes longer fails the test with DEADLINE_EXCEEDED. */
function deadline() {
  return { ...CALLER, deadline: Date.now() + 30_000 };
}

function codeOf(error: unknown): number {
  const found = (error as { code?: unknown }).code;
  if (typeof found !== 'number') throw error;
  return found;
}

function answerTo(request: Request, serial: bigint | undefined): IssueAnswer {
  const { name, provisions, autoAccept, requestId } = request;
  return {
    ...{ component: 'nimbus', name, provisions, autoAccept, requestId, serial },
    ...{ reusedBy: undefined, began: 0, ended: 0 },
  };
}
