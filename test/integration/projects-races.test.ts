// Goal: of calls on one project that exclude each other exactly one wins, and nothing is left half done
// (projects specification, section 15). Method: calls on connections of their own, through Envoy, to two
// server processes; afterwards rows, logs, counters and limits have to be of one piece.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { RestAnswer } from '../support/rest-client.js';
import { faultsOf } from '../support/projects-audit.js';
import {
  approved,
  bodyOf,
  type Caller,
  createAdmin,
  createCaller,
  createCallers,
  done,
  listOf,
  membershipFrom,
  outcomeOf,
  pendingOf,
  refusals,
  startProjects,
  submitted,
  type Submitted,
  textOf,
} from '../support/projects.js';
import type { Stack } from '../support/stack.js';

const ROUNDS = 4;

describe('races about projects, between two processes', function () {
  this.timeout(60_000);

  let stack: Stack;
  let admin: Caller;
  let owner: Caller;

  before(async () => {
    stack = await startProjects({ servers: 0, processes: 2 });
    admin = await createAdmin(stack);
  });
  after(() => stack.stop());
  beforeEach(async () => {
    owner = await createCaller(stack);
  });

  /** Sends calls at once, and returns their outcomes; none may be a fault of the server. */
  async function race(...calls: readonly Promise<RestAnswer>[]): Promise<readonly string[]> {
    const outcomes = (await Promise.all(calls)).map(outcomeOf);
    expect(outcomes.filter((outcome) => /^5/.test(outcome))).to.deep.equal([]);
    return outcomes;
  }

  const winners = (outcomes: readonly string[]) =>
    outcomes.filter((outcome) => outcome === '200' || outcome === '201').length;

  const stateOf = async ({ id }: Submitted) =>
    textOf((await bodyOf(admin.calls.retrieve(id)))['state']);

  async function expectWhole(projects: readonly Submitted[], applicants: readonly Caller[] = []) {
    const faults = await faultsOf(
      stack,
      projects.map(({ id }) => id),
      [owner, admin, ...applicants].map(({ uuid }) => uuid),
    );
    expect(faults).to.deep.equal([]);
  }

  it('approving twice succeeds once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const project = await submitted(owner.calls.create());
      const approve = () => admin.calls.judge(project, 'approve');
      const outcomes = await race(approve(), approve(), approve(), approve());
      expect(winners(outcomes)).to.equal(1);
      const late = `409 conflict Cannot approve application ${project.application} in state 'Approved'`;
      expect(outcomes.filter((outcome) => outcome === late)).to.have.length(3);
      await expectWhole([project]);
    }
    expect(await pendingOf(stack, owner)).to.equal(0n);
  });

  it('of approving and cancelling one succeeds, and the project follows it', async () => {
    for (let round = 0; round < 2 * ROUNDS; round += 1) {
      const project = await submitted(owner.calls.create());
      const calls = [
        () => admin.calls.judge(project, 'approve'),
        () => owner.calls.judge(project, 'cancel'),
      ];
      if (round % 2 === 1) calls.reverse();
      const outcomes = await race(...calls.map((call) => call()));
      expect(winners(outcomes)).to.equal(1);
      expect(await stateOf(project)).to.equal(
        outcomes[calls.length - 1 - (round % 2)] === '200' ? 'deleted' : 'active',
      );
      await expectWhole([project]);
    }
    expect(await pendingOf(stack, owner)).to.equal(0n);
  });

  it('of approving, denying and cancelling a change one succeeds', async () => {
    const { id } = await approved(owner, admin);
    for (let round = 0; round < ROUNDS; round += 1) {
      const change = await submitted(owner.calls.modify(id, { description: `round ${round}` }));
      const outcomes = await race(
        admin.calls.judge(change, 'approve'),
        admin.calls.judge(change, 'deny'),
        owner.calls.judge(change, 'cancel'),
      );
      expect(winners(outcomes)).to.equal(1);
      const body = await bodyOf(owner.calls.retrieve(id));
      const isApproved = outcomes[0] === '200';
      expect(body['description'] === `round ${round}`).to.equal(isApproved);
      await expectWhole([change]);
    }
  });

  it('of two who ask for the last seat one gets it, the other one waits', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const people = await createCallers(stack, 2);
      const project = await approved(owner, admin, { join_policy: 'auto', max_members: 1 });
      expect(winners(await race(...people.map(({ calls }) => calls.join(project.id))))).to.equal(2);
      expect(await membershipStates(project)).to.deep.equal(['accepted', 'requested']);
      await expectWhole([project]);
    }
  });

  it('of two who are brought to the last seat one gets it, the other one is refused', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [one, two, three] = await createCallers(stack, 3);
      const project = await approved(owner, admin, { max_members: 1 });
      const m = await membershipFrom(three!.calls.join(project.id));
      const outcomes = await race(
        owner.calls.enroll(project.id, one!),
        admin.calls.enroll(project.id, two!),
        owner.calls.move(m, 'accept'),
      );
      expect(winners(outcomes)).to.equal(1);
      const full = '409 conflict You have reached the maximum number of members for this Project.';
      expect(outcomes.filter((outcome) => outcome === full)).to.have.length(2);
      const states = await membershipStates(project);
      expect(states.filter((state) => state === 'accepted')).to.have.length(1);
      await expectWhole([project]);
    }
  });

  it('behaviour 51: of fifty who join where ten fit in, ten are accepted and forty wait', async () => {
    const people = await createCallers(stack, 50);
    const resources = { r11: { project_capacity: 40, member_capacity: 4 } };
    const project = await approved(owner, admin, {
      ...{ join_policy: 'auto', max_members: 10, resources },
    });
    const outcomes = await race(...people.map(({ calls }) => calls.join(project.id)));
    expect(winners(outcomes)).to.equal(50);
    const states = await membershipStates(project);
    expect(states.filter((state) => state === 'accepted')).to.have.length(10);
    expect(states.filter((state) => state === 'requested')).to.have.length(40);
    await expectWhole([project]);
    const rows = await stack.database.query(
      `select 1 from holdings where source = $1 and resource = 'r11' and "limit" = 4`,
      [`project:${project.id}`],
    );
    expect(rows).to.have.length(10);
  });

  it('joining twice at once makes one membership', async () => {
    const project = await approved(owner, admin, { join_policy: 'auto' });
    const member = await createCaller(stack);
    const outcomes = await race(
      ...[1, 2, 3, 4].map(() => member.calls.join(project.id)),
      owner.calls.enroll(project.id, member),
    );
    expect(winners(outcomes)).to.equal(1);
    expect(await membershipStates(project)).to.deep.equal(['accepted']);
    await expectWhole([project]);
  });

  it('of moves of one request one succeeds', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const project = await approved(owner, admin);
      const member = await createCaller(stack);
      const m = await membershipFrom(member.calls.join(project.id));
      const outcomes = await race(
        owner.calls.move(m, 'accept'),
        owner.calls.move(m, 'reject'),
        member.calls.move(m, 'cancel'),
        admin.calls.move(m, 'accept'),
      );
      expect(winners(outcomes)).to.equal(1);
      await expectWhole([project]);
    }
  });

  describe('behaviour 52', () => {
    it('of two approvals under one name one succeeds, the other one meets its name', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = `race-${randomUUID()}.test`;
        const projects = [
          await submitted(owner.calls.create({ name })),
          await submitted(owner.calls.create({ name })),
        ];
        const outcomes = await race(...projects.map((one) => admin.calls.judge(one, 'approve')));
        expect(winners(outcomes)).to.equal(1);
        const winner = projects[outcomes.indexOf('200')]!;
        const loser = projects.find((one) => one !== winner)!;
        expect(outcomes).to.include(refusals.nameTaken(name, winner.id));
        expect(await stateOf(loser)).to.equal('uninitialized');
        expect(await pendingOf(stack, owner)).to.equal(1n);
        await expectWhole(projects);
        await done(admin.calls.judge(loser, 'deny'));
      }
    });

    it('of approving and reinstating under one name one succeeds', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = `race-${randomUUID()}.test`;
        const ended = await approved(owner, admin, { name });
        await done(admin.calls.act(ended.id, 'terminate'));
        const fresh = await submitted(owner.calls.create({ name }));
        const calls = [
          () => admin.calls.judge(fresh, 'approve'),
          () => admin.calls.act(ended.id, 'reinstate'),
        ];
        if (round % 2 === 1) calls.reverse();
        const outcomes = await race(...calls.map((call) => call()));
        expect(winners(outcomes)).to.equal(1);
        const states = [await stateOf(ended), await stateOf(fresh)];
        expect(states).to.be.deep.oneOf([
          ['active', 'uninitialized'],
          ['terminated', 'active'],
        ]);
        await expectWhole([ended, fresh]);
        if (states[1] === 'uninitialized') await done(admin.calls.judge(fresh, 'deny'));
      }
    });

    it('of two that are renamed alike, also crosswise, none takes what another one has', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const names = [randomUUID(), randomUUID()].map((id) => `race-${id}.test`);
        const projects = [
          await approved(owner, admin, { name: names[0] }),
          await approved(owner, admin, { name: names[1] }),
        ];
        const common = `race-${randomUUID()}.test`;
        const changes = await Promise.all(
          projects.map(({ id }, at) =>
            submitted(owner.calls.modify(id, { name: round % 2 === 0 ? common : names[1 - at] })),
          ),
        );
        const outcomes = await race(...changes.map((one) => admin.calls.judge(one, 'approve')));
        expect(winners(outcomes)).to.equal(round % 2 === 0 ? 1 : 0);
        await expectWhole(projects);
        for (const [at, one] of changes.entries())
          if (outcomes[at] !== '200') await done(admin.calls.judge(one, 'deny'));
      }
    });
  });

  it('of two submissions at the limit one is accepted', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const one = await createCaller(stack);
      for (let count = 0; count < 2; count += 1) await submitted(one.calls.create());
      const outcomes = await race(one.calls.create(), one.calls.create(), one.calls.create());
      expect(winners(outcomes)).to.equal(1);
      expect(outcomes.filter((outcome) => outcome === refusals.pendingLimit(3n))).to.have.length(2);
      expect(await pendingOf(stack, one)).to.equal(3n);
      const projects = await listOf(admin.calls.list(`?owner=${one.uuid}`));
      expect(projects).to.have.length(3);
    }
  });

  it('submissions for one project leave one pending', async () => {
    const { id } = await approved(owner, admin);
    for (let round = 0; round < ROUNDS; round += 1) {
      const outcomes = await race(
        ...[1, 2, 3].map((max_members) => owner.calls.modify(id, { max_members })),
        admin.calls.modify(id, { max_members: 4 }),
      );
      expect(winners(outcomes)).to.equal(4);
      const rows = await stack.database.query(
        `select 1 from project_applications a join projects p on p.id = a.project_id
          where p.uuid = $1 and a.state = 'pending'`,
        [id],
      );
      expect(rows).to.have.length(1);
      await expectWhole([{ id, application: 0n }]);
    }
  });

  it('modifying and terminating both take place, in some order', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const project = await approved(owner, admin);
      const before = await submitted(owner.calls.modify(project.id, { description: 'before' }));
      const outcomes = await race(
        owner.calls.modify(project.id, { description: 'changed' }),
        admin.calls.act(project.id, 'terminate'),
        admin.calls.judge(before, 'approve'),
      );
      expect(outcomes[0]).to.equal('201');
      const state = await stateOf(project);
      // An approval that came after the end revives the project; one before it leaves it ended.
      expect(state).to.be.oneOf(['terminated', 'active']);
      if (outcomes[2] !== '200') {
        expect(outcomes[2]).to.equal(refusals.notLast(before));
        expect(state).to.equal('terminated');
      }
      await expectWhole([project]);
      // What is still pending counts towards the limit.
      const { application } = await submitted(owner.calls.modify(project.id, {}));
      await done(owner.calls.judge({ ...project, application }, 'cancel'));
    }
  });

  it('actions on one project take place one after the other', async () => {
    const project = await approved(owner, admin, { join_policy: 'auto' });
    const members = await createCallers(stack, 6);
    for (let round = 0; round < ROUNDS; round += 1) {
      await race(
        admin.calls.act(project.id, 'suspend'),
        admin.calls.act(project.id, 'unsuspend'),
        admin.calls.act(project.id, 'terminate'),
        admin.calls.act(project.id, 'reinstate'),
        owner.calls.modify(project.id, { max_members: round }),
        ...members.map(({ calls }) => calls.join(project.id)),
        ...members.map((member) => owner.calls.enroll(project.id, member)),
      );
      await expectWhole([project]);
    }
  });

  it('crossing memberships of the same people in two projects do not lock each other out', async () => {
    const projects = [
      await approved(owner, admin, { join_policy: 'auto' }),
      await approved(owner, admin, { join_policy: 'auto' }),
    ];
    const people = await createCallers(stack, 12);
    const outcomes = await race(
      ...people.map(({ calls }) => calls.join(projects[0]!.id)),
      ...people.toReversed().map(({ calls }) => calls.join(projects[1]!.id)),
      admin.calls.act(projects[1]!.id, 'suspend'),
      admin.calls.act(projects[0]!.id, 'suspend'),
    );
    expect(outcomes.filter((outcome) => outcome !== '200')).to.deep.equal([]);
    await expectWhole(projects);
  });

  async function membershipStates({ id }: Submitted): Promise<readonly string[]> {
    const entries = await listOf(admin.calls.memberships(`?project=${id}`));
    return entries.map(({ state }) => textOf(state)).sort();
  }
});
