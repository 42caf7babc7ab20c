// Goal: a lab applies, is approved, members join, use quota; the project is suspended, resumed, modified
// and terminated, and it is the same story over REST and with TypeScript stubs. Method: one list of
// steps, told by two drivers through Envoy; the ledger is used over the same face.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { type LedgerFace, ledgerFaces } from '../../support/ledger-faces.js';
import { pairOf } from '../../support/people.js';
import {
  type ProjectsFace,
  projectsFaces,
  Refusal,
  type SeenMembership,
} from '../../support/projects-faces.js';
import { faultsOf } from '../../support/projects-audit.js';
import {
  type Caller,
  createAdmin,
  createCallers,
  INFINITE,
  startProjects,
  type Submitted,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

const FORBIDDEN = 'forbidden: You do not have the permissions to perform this action.';
const END = new Date('2113-05-05T20:20:20.120Z');

describe('the story of a lab', function () {
  this.timeout(60_000);

  let stack: Stack;
  let faces: ReturnType<typeof projectsFaces>;
  let ledgers: Record<string, LedgerFace>;

  before(async () => {
    stack = await startProjects();
    faces = projectsFaces(stack);
    const { REST, gRPC } = ledgerFaces(stack, 'yard-token');
    ledgers = { REST, stubs: gRPC };
  });
  after(async () => {
    for (const face of [...Object.values(faces), ...Object.values(ledgers)]) face.close();
    await stack.stop();
  });

  for (const driver of ['REST', 'stubs']) {
    describe(`over ${driver}`, () => {
      let ledger: LedgerFace;
      let people: Record<'head' | 'mira' | 'tom' | 'eve', Caller>;
      let head: ProjectsFace;
      let mira: ProjectsFace;
      let tom: ProjectsFace;
      let eve: ProjectsFace;
      let admin: ProjectsFace;
      let lab: Submitted;
      let miras: bigint;
      let toms: bigint;
      const name = `lab-${randomUUID()}.test`;

      before(async () => {
        const { of } = faces[driver]!;
        ledger = ledgers[driver]!;
        const [one, two, three, four] = (await createCallers(stack, 4)) as [
          ...[Caller, Caller, Caller, Caller],
        ];
        people = { head: one, mira: two, tom: three, eve: four };
        [head, mira, tom, eve] = [of(one), of(two), of(three), of(four)];
        admin = of(await createAdmin(stack));
      });

      /** What a member may still use, and what is used. */
      const countersOf = async (person: Caller) => {
        const counters = await ledger.quotasOf(person.uuid);
        const found = counters.find((one) => one.project === lab.id && one.resource === 'r11');
        return found && [found.usage, found.limit, found.project_usage, found.project_limit];
      };
      const use = (person: Caller, quantity: bigint) =>
        ledger.issue(pairOf(person, 'r11', quantity, lab.id), { autoAccept: true });
      const refusalOf = async (call: Promise<unknown>) => {
        const error: unknown = await call.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error, String(error)).to.be.instanceOf(Refusal);
        const { kind, message } = error as Refusal;
        return `${kind}: ${message}`;
      };
      const statesIn = async (face: ProjectsFace) =>
        (await face.membershipsIn(lab.id)).map(({ user, state }: SeenMembership) => [user, state]);

      it('the head applies, and only he and admins see it', async () => {
        lab = await head.create({
          ...{ name, description: 'Sequencing — γονίδια', endDate: END, maxMembers: 2n },
          resources: { r11: [10n, 6n], r12: [INFINITE, INFINITE] },
        });
        const seen = await head.project(lab.id);
        expect(seen).to.deep.equal({
          ...{ state: 'uninitialized', owner: people.head.uuid, name },
          ...{ description: 'Sequencing — γονίδια', endDate: END, joinPolicy: 'moderated' },
          ...{ maxMembers: 2n, wasDeactivated: false },
          resources: { r11: [10n, 6n], r12: [INFINITE, INFINITE] },
          application: ['pending', lab.application],
        });
        expect(await admin.project(lab.id)).to.deep.equal(seen);
        expect(await refusalOf(mira.project(lab.id))).to.equal(FORBIDDEN);
        expect(await refusalOf(mira.join(lab.id))).to.equal(
          `conflict: Project ${lab.id} is not alive.`,
        );
      });

      it('is told what is wrong with an application', async () => {
        expect(await refusalOf(head.create({ name, endDate: new Date(0) }))).to.equal(
          `invalid: 'end_date' must be in the future`,
        );
        expect(await refusalOf(head.create({ name: 'plain', endDate: END }))).to.equal(
          'invalid: Project name should be in domain format',
        );
        const resources = { r11: [1n, 2n] as const };
        expect(await refusalOf(head.create({ name, endDate: END, resources }))).to.equal(
          `invalid: Project quota limit is less than member limit for resource 'r11'`,
        );
      });

      it('cannot approve it himself; an admin does, once', async () => {
        expect(await refusalOf(head.judge(lab, 'approve', ''))).to.equal(FORBIDDEN);
        await admin.judge(lab, 'approve', 'welcome');
        expect(await refusalOf(admin.judge(lab, 'approve', ''))).to.equal(
          `conflict: Cannot approve application ${lab.application} in state 'Approved'`,
        );
        const { state, application, resources } = await head.project(lab.id);
        expect([state, application]).to.deep.equal(['active', ['approved', lab.application]]);
        expect(resources).to.deep.include({ r11: [10n, 6n], r12: [INFINITE, INFINITE] });
        expect((await eve.project(lab.id)).application).to.equal(undefined);
        expect(await head.memberOf()).to.deep.equal([`system:${people.head.uuid}`]);
      });

      it('members join and are let in, until it is full', async () => {
        miras = await mira.join(lab.id);
        expect(await mira.membership(miras)).to.deep.equal({
          ...{ id: miras, user: people.mira.uuid, project: lab.id, state: 'requested' },
          ...{ allowed: ['cancel'], dated: ['requested'] },
        });
        expect(await countersOf(people.mira)).to.equal(undefined);
        expect(await refusalOf(mira.move(miras, 'accept', ''))).to.equal(FORBIDDEN);
        await head.move(miras, 'accept', 'welcome');
        toms = await head.enroll(lab.id, people.tom);
        expect((await tom.membership(toms)).dated).to.deep.equal(['accepted']);
        expect(await mira.memberOf()).to.deep.equal([`system:${people.mira.uuid}`, name]);
        expect(await refusalOf(head.enroll(lab.id, people.eve))).to.equal(
          'conflict: You have reached the maximum number of members for this Project.',
        );
        expect(await refusalOf(tom.join(lab.id))).to.equal(
          'conflict: Request or membership already exists.',
        );
        expect(await statesIn(head)).to.deep.equal([
          [people.mira.uuid, 'accepted'],
          [people.tom.uuid, 'accepted'],
        ]);
        expect(await statesIn(tom)).to.deep.equal([[people.tom.uuid, 'accepted']]);
        expect(await statesIn(eve)).to.deep.equal([]);
      });

      it('members use what they share', async () => {
        expect(await countersOf(people.mira)).to.deep.equal([0n, 6n, 0n, 10n]);
        expect(await use(people.mira, 6n)).to.have.property('serial');
        expect(await use(people.mira, 1n)).to.include({ refused: 'NO_CAPACITY' });
        // The pool is smaller than what all members together might want.
        expect(await use(people.tom, 5n)).to.include({ refused: 'NO_CAPACITY' });
        expect(await use(people.tom, 3n)).to.have.property('serial');
        expect(await countersOf(people.tom)).to.deep.equal([3n, 6n, 9n, 10n]);
      });

      it('suspended, it grants nothing, and what is used can be given back', async () => {
        const pending = await ledger.issue(pairOf(people.tom, 'r11', 1n, lab.id));
        expect(await refusalOf(head.act(lab.id, 'suspend', ''))).to.equal(FORBIDDEN);
        await admin.act(lab.id, 'suspend', 'unpaid');
        // What is in flight counts as used.
        expect(await countersOf(people.mira)).to.deep.equal([6n, 0n, 10n, 0n]);
        expect(await use(people.mira, 1n)).to.include({ refused: 'NO_CAPACITY' });
        expect(await use(people.mira, -2n)).to.have.property('serial');
        // A commission in flight is not affected.
        if (!('serial' in pending)) expect.fail('the commission was refused');
        expect(await ledger.settle(pending.serial, 'accept')).to.equal('settled');
        expect(await countersOf(people.tom)).to.deep.equal([4n, 0n, 8n, 0n]);
        expect(await refusalOf(eve.project(lab.id))).to.equal(FORBIDDEN);
        expect((await mira.project(lab.id)).state).to.equal('suspended');
        expect(await mira.memberOf()).to.deep.equal([`system:${people.mira.uuid}`]);
      });

      it('resumed, it grants what it did', async () => {
        await admin.act(lab.id, 'unsuspend', 'paid');
        expect(await countersOf(people.mira)).to.deep.equal([4n, 6n, 8n, 10n]);
        expect(await use(people.mira, 2n)).to.have.property('serial');
        const { state, wasDeactivated } = await head.project(lab.id);
        expect([state, wasDeactivated]).to.deep.equal(['active', true]);
        expect((await mira.project(lab.id)).wasDeactivated).to.equal(false);
      });

      it('modified, it changes when an admin approves, and only what was asked for', async () => {
        const first = await head.modify(lab.id, { maxMembers: 3n });
        const change = await head.modify(lab.id, {
          ...{ maxMembers: 3n, description: 'Sequencing and more', joinPolicy: 'auto' },
          resources: { r11: [20n, 8n] },
        });
        expect(await refusalOf(admin.judge(first, 'approve', ''))).to.equal(
          `conflict: ${first.application} is not a pending application for project ${lab.id}.`,
        );
        expect((await head.project(lab.id)).maxMembers).to.equal(2n);
        expect(await countersOf(people.tom)).to.deep.equal([4n, 6n, 10n, 10n]);
        await admin.judge(change, 'approve', '');
        const seen = await head.project(lab.id);
        expect(seen).to.deep.include({
          ...{ state: 'active', name, endDate: END, maxMembers: 3n, joinPolicy: 'auto' },
          ...{ description: 'Sequencing and more' },
          application: ['approved', change.application],
        });
        expect(seen.resources).to.deep.include({ r11: [20n, 8n], r12: [INFINITE, INFINITE] });
        expect(await countersOf(people.tom)).to.deep.equal([4n, 8n, 10n, 20n]);
        const eves = await eve.join(lab.id);
        expect((await eve.membership(eves)).state).to.equal('accepted');
      });

      it('a member leaves and keeps what he uses', async () => {
        await tom.move(toms, 'leave', 'done');
        expect((await tom.membership(toms)).state).to.equal('removed');
        expect(await refusalOf(tom.move(toms, 'leave', ''))).to.equal(
          'conflict: This is not an accepted membership.',
        );
        expect(await use(people.tom, 1n)).to.include({ refused: 'NO_CAPACITY' });
        expect(await use(people.tom, -4n)).to.have.property('serial');
        expect(await tom.memberOf()).to.deep.equal([`system:${people.tom.uuid}`]);
      });

      it('terminated, it has ended for everybody, and gives its name back', async () => {
        await admin.act(lab.id, 'terminate', 'over');
        expect(await countersOf(people.mira)).to.deep.equal([6n, 0n, 6n, 0n]);
        expect((await head.project(lab.id)).state).to.equal('terminated');
        expect(await refusalOf(tom.project(lab.id))).to.equal(FORBIDDEN);
        expect(await refusalOf(head.enroll(lab.id, people.tom))).to.equal(
          `conflict: Project ${lab.id} is not alive.`,
        );
        const next = await head.create({ name, endDate: END });
        await admin.judge(next, 'approve', '');
        expect(await refusalOf(admin.act(lab.id, 'reinstate', ''))).to.equal(
          `conflict: cannot approve: project with name '${name}' already exists (id: ${next.id})`,
        );
        const both = [lab.id, next.id];
        expect(await faultsOf(stack, both, [people.head.uuid])).to.deep.equal([]);
        await admin.act(next.id, 'terminate', '');
      });

      it('nobody finds what is not there', async () => {
        expect(await refusalOf(head.project('nope'))).to.equal(
          'unknown: There is no project identified by nope.',
        );
        expect(await refusalOf(head.membership(0n))).to.equal(
          'unknown: This is not a valid membership request.',
        );
        expect(await refusalOf(head.judge({ id: lab.id, application: 0n }, 'cancel', ''))).to.equal(
          'unknown: There is no project application identified by 0.',
        );
      });
    });
  }
});
