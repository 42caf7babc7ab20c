// Goal: the concurrency claims of section 16 of the quota specification (63 to 67, 70) hold with two
// server processes' worth of batchers on one database. Method: real parallel connections, over REST
// through Envoy and over gRPC; what counts in the end are the rows.
import { expect } from 'chai';
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';
import type { Quantity } from '../../src/kernel/quantity.js';
import { type Issued, type LedgerFace, ledgerFaces } from '../support/ledger-faces.js';
import {
  createPeople,
  createPerson,
  createProject,
  ofProject,
  ofUser,
  pairOf,
  type Person,
} from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { intervalOf } from '../support/stored-ledger.js';
import { startWorld } from '../support/world.js';

describe('races on the ledger', function () {
  this.timeout(60_000);

  let stack: Stack;
  let faces: ReturnType<typeof ledgerFaces>;

  before(async () => {
    stack = await startWorld({ servers: 2 });
    faces = ledgerFaces(stack, 'nimbus-token');
  });
  after(async () => {
    for (const face of Object.values(faces)) face.close();
    await stack.stop();
  });

  async function setLimits(limits: readonly (readonly [of: Provision, limit: bigint])[]) {
    const { database, quotas } = stack.operations;
    await database.transact((tx) =>
      quotas.setLimits(
        tx,
        limits.map(([{ holder, source, resource }, limit]) => ({
          ...{ holder, source: source ?? null, resource },
          limit: limit as Quantity,
        })),
      ),
    );
  }

  async function issued(face: LedgerFace, provisions: readonly Provision[]): Promise<bigint> {
    const outcome = await face.issue(provisions);
    if ('serial' in outcome) return outcome.serial;
    throw new Error(`Refused: ${outcome.refused}`);
  }

  for (const name of ['REST', 'gRPC'] as const) {
    describe(`over ${name}`, () => {
      let face: LedgerFace;
      let user: Person;

      beforeEach(async () => {
        face = faces[name];
        user = await createPerson(stack);
      });

      const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);

      it('63: of 50 parallel issues against a limit of 10 exactly 10 succeed', async () => {
        await setLimits([[vm(0n), 10n]]);
        const outcomes = await Promise.all(times(50, () => face.issue([vm(1n)])));
        const serials = outcomes.flatMap((one) => ('serial' in one ? [one.serial] : []));
        const refusals = outcomes.flatMap((one) => ('refused' in one ? [one.refused] : []));
        expect(new Set(serials).size).to.equal(10);
        expect(refusals).to.deep.equal(Array(40).fill('NO_CAPACITY'));
        expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 10n]);
        const [counters] = (await face.quotasOf(user.uuid)).filter(
          ({ resource }) => resource === 'nimbus.vm',
        );
        expect(counters).to.include({ limit: 10n, usage: 10n, pending: 10n });
        // Otherwise nobody raced with anybody.
        for (const app of stack.apps)
          expect(await app.metrics()).to.match(/^apportion_ledger_batch_size_count [1-9]/m);
      });

      it('64: of an accept and a reject of one serial at once, one wins and the other is told', async () => {
        for (let round = 0; round < 15; round += 1) {
          const [before] = await intervalOf(stack, vm(0n));
          const serial = await issued(face, [vm(1n)]);
          const endings = (round % 2 === 0 ? ['accept', 'reject'] : ['reject', 'accept']) as [
            'accept',
            'reject',
          ];
          const outcomes = await Promise.all(endings.map((how) => face.settle(serial, how)));
          expect([...outcomes].sort()).to.deep.equal(['settled', 'too late']);
          const winner = endings[outcomes.indexOf('settled')];
          const expected = before + (winner === 'accept' ? 1n : 0n);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([expected, expected]);
        }
      });

      it('64: of ten parallel accepts of one serial exactly one settles it', async () => {
        const serial = await issued(face, [vm(3n)]);
        const outcomes = await Promise.all(times(10, () => face.settle(serial, 'accept')));
        expect(outcomes.filter((one) => one === 'settled')).to.have.length(1);
        expect(outcomes.filter((one) => one === 'too late')).to.have.length(9);
        expect(await intervalOf(stack, vm(0n))).to.deep.equal([3n, 3n]);
      });

      it('65: parallel resolves of overlapping lists in opposite order settle each serial once', async () => {
        const people = await createPeople(stack, 10);
        for (let round = 0; round < 4; round += 1) {
          // Neighbours share holdings, so that batches need each other's rows in any order.
          const serials = await Promise.all(
            people.map((one, index) =>
              issued(face, [
                ofUser(one, 'nimbus.vm', 1n),
                ofUser(people[(index + 1) % people.length]!, 'nimbus.vm', 1n),
              ]),
            ),
          );
          const backwards = [...serials].reverse();
          const half = serials.length / 2;
          const answers = await Promise.all(
            times(3, () => [
              face.resolve(serials, []),
              face.resolve([], backwards),
              face.resolve(backwards.slice(half), serials.slice(half)),
              face.resolve(serials.slice(half), backwards.slice(half)),
            ]).flat(),
          );
          const settled = answers.flatMap(({ accepted, rejected }) => [...accepted, ...rejected]);
          expect(settled.sort(ascending)).to.deep.equal([...serials].sort(ascending));
          for (const answer of answers) {
            const told = [answer.accepted, answer.rejected, answer.failed].flat();
            expect(told.sort(ascending)).to.deep.equal([...serials].sort(ascending));
          }
        }
        await expectLogToAddUp(people);
      });

      it('66: limits that change all the time make no issue or accept fail and lose no usage', async () => {
        const people = await createPeople(stack, 6);
        const holdings = people.flatMap((one) => [
          ofUser(one, 'nimbus.vm', 0n),
          ofUser(one, 'nimbus.ram', 0n),
          ofProject(one.uuid, 'nimbus.vm', 0n),
        ]);
        let isOver = false;
        const synchronising = times(2, async (worker) => {
          for (let round = 0; !isOver; round += 1) {
            const order = (round + worker) % 2 === 0 ? holdings : [...holdings].reverse();
            // A holding of a new resource appears now and then, as when a project is joined.
            const project = `project:new-${worker}-${round}`;
            await setLimits([
              ...order.map((holding) => [holding, BigInt(1000 + (round % 7))] as const),
              [{ ...holdings[0]!, source: project }, 5n],
            ]);
          }
        });
        const settled = await Promise.all(
          people.map(async (one, index) => {
            let sum = 0n;
            for (let round = 0; round < 12; round += 1) {
              const other = people[(index + round) % people.length]!;
              const serial = await issued(face, [
                ...pairOf(one, 'nimbus.vm', 2n),
                ofUser(other, 'nimbus.ram', 1n),
              ]);
              const how = round % 3 === 0 ? 'reject' : 'accept';
              expect(await face.settle(serial, how)).to.equal('settled');
              if (how === 'accept') sum += 2n;
            }
            return sum;
          }),
        ).finally(() => {
          isOver = true;
        });
        await Promise.all(synchronising);
        for (const [index, one] of people.entries())
          for (const of of pairOf(one, 'nimbus.vm', 0n))
            expect(await intervalOf(stack, of)).to.deep.equal([settled[index], settled[index]]);
        await expectLogToAddUp(people);
      });

      it('67: parallel refusals tell each caller of its own provision', async () => {
        const people = await createPeople(stack, 4);
        const calls = times(60, (index) => {
          const one = people[index % people.length]!;
          const quantity = BigInt(200_000 + index);
          const kind = index % 3;
          if (kind === 0) return ofUser(one, 'nimbus.vm', quantity);
          if (kind === 1) return ofUser(one, 'nimbus.ram', -quantity);
          return ofUser(one, `unknown.${index}`, quantity);
        });
        const outcomes = await Promise.all(calls.map((provision) => face.issue([provision])));
        for (const [index, outcome] of outcomes.entries())
          expect(outcome).to.deep.equal(expectedRefusal(calls[index]!));
      });

      it('70: counters of user and project are always of one moment', async () => {
        const other = await createPerson(stack);
        const project = await createProject(stack, user, [user, other], {
          'nimbus.vm': { project_capacity: 1_000_000, member_capacity: 1_000_000 },
        });
        let isOver = false;
        const writing = Promise.all(
          times(4, async (writer) => {
            for (let round = 0; round < 25; round += 1) {
              const target = writer % 2 === 0 ? project : user.uuid;
              const serial = await issued(face, pairOf(user, 'nimbus.vm', 1n, target));
              await face.settle(serial, round % 2 === 0 ? 'accept' : 'reject');
            }
          }),
        ).finally(() => {
          isOver = true;
        });
        const seen = new Set<string>();
        await Promise.all(
          times(4, async () => {
            while (!isOver) {
              for (const counters of await face.quotasOf(user.uuid)) {
                const { usage, pending, project_usage, project_pending } = counters;
                expect([project_usage, project_pending]).to.deep.equal([usage, pending]);
                seen.add(`${counters.project} ${usage} ${pending}`);
              }
            }
          }),
        );
        await writing;
        // Readers that only saw the beginning and the end would prove nothing.
        expect(seen.size).to.be.greaterThan(20);
      });

      /** Accepted provisions by the log are the usage of the rows, and nothing is pending. */
      async function expectLogToAddUp(people: readonly Person[]): Promise<void> {
        const rows = await stack.database.query<{ holder: string; usage: string; logged: string }>(
          `select h.holder, h.usage_min || '/' || h.usage_max as usage,
                  coalesce(sum(l.delta_quantity) filter (where l.reason like 'ACCEPT:%'), 0) as logged
             from holdings h left join provision_log l on l.holding_id = h.id
            where h.holder = any($1) and h.resource = 'nimbus.vm'
            group by h.id`,
          [people.map(({ uuid }) => `user:${uuid}`)],
        );
        expect(rows.length).to.be.at.least(people.length);
        for (const { usage, logged } of rows) expect(usage).to.equal(`${logged}/${logged}`);
      }
    });
  }
});

function expectedRefusal(provision: Provision): Issued {
  const { holder, source = '', resource, quantity } = provision;
  const facts = { holder, source, resource, quantity: String(quantity) };
  if (resource === 'nimbus.vm')
    return { refused: 'NO_CAPACITY', facts: { ...facts, usage: '0', limit: '100' } };
  if (resource === 'nimbus.ram')
    return { refused: 'NO_QUANTITY', facts: { ...facts, usage: '0', limit: '0' } };
  return { refused: 'NO_HOLDING', facts };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
