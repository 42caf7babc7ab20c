// Goal: dates of projects, applications and memberships are those of what happened, printed as section
// 1.4 of the projects specification has it. Method: the clock of the server stands at chosen moments.
import { expect } from 'chai';
import {
  approved,
  bodyOf,
  type Caller,
  createAdmin,
  createCallers,
  done,
  membershipFrom,
  startProjects,
  submitted,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

describe('dates of the projects API', function () {
  this.timeout(60_000);

  let stack: Stack;
  let [admin, owner, member]: Caller[] = [];
  let now = new Date('2031-01-01T00:00:00Z');

  before(async () => {
    stack = await startProjects({ clock: { now: () => now } });
    admin = await createAdmin(stack);
    [owner, member] = await createCallers(stack, 2);
  });
  after(() => stack.stop());

  /** Sets the clock to a moment of the same day. */
  const at = (time: string) => {
    now = new Date(`2031-01-02T${time}Z`);
  };
  const printed = (time: string) => `2031-01-02T${time}+00:00`;

  it('behaviour 26: of a membership are when it last entered each state', async () => {
    at('08:00:00');
    const { id } = await approved(owner!, admin!);
    const showing = async (m: bigint) => {
      const {
        user,
        project,
        id: shown,
        allowed_actions,
        ...rest
      } = await bodyOf(owner!.calls.membership(m));
      expect([user, project, shown]).to.deep.equal([member!.uuid, id, m]);
      expect(allowed_actions).to.be.an('array');
      return rest;
    };
    at('09:00:00');
    const m = await membershipFrom(member!.calls.join(id));
    expect(await showing(m)).to.deep.equal({ state: 'requested', requested: printed('09:00:00') });
    at('09:10:00.120');
    await done(member!.calls.move(m, 'cancel'));
    at('09:20:00.001');
    expect(await membershipFrom(member!.calls.join(id))).to.equal(m);
    expect(await showing(m)).to.deep.equal({
      state: 'requested',
      requested: printed('09:20:00.001000'),
      cancelled: printed('09:10:00.120000'),
    });
    at('09:30:00');
    await done(owner!.calls.move(m, 'reject'));
    at('09:40:00');
    expect(await membershipFrom(member!.calls.join(id))).to.equal(m);
    at('09:50:00');
    await done(owner!.calls.move(m, 'accept'));
    at('10:00:00');
    await done(owner!.calls.move(m, 'remove'));
    at('10:10:00');
    expect(await membershipFrom(owner!.calls.enroll(id, member!))).to.equal(m);
    expect(await showing(m)).to.deep.equal({
      state: 'accepted',
      requested: printed('09:40:00'),
      cancelled: printed('09:10:00.120000'),
      rejected: printed('09:30:00'),
      accepted: printed('10:10:00'),
      removed: printed('10:00:00'),
    });
  });

  it('behaviour 29: of who joins and is let in at once are one moment', async () => {
    at('11:00:00.5');
    const { id } = await approved(owner!, admin!, { join_policy: 'auto' });
    const m = await membershipFrom(member!.calls.join(id));
    expect(await bodyOf(member!.calls.membership(m))).to.include({
      state: 'accepted',
      requested: printed('11:00:00.500000'),
      accepted: printed('11:00:00.500000'),
    });
  });

  it('behaviour 40: of deactivation stay after the project is active again', async () => {
    at('12:00:00');
    const project = await submitted(owner!.calls.create());
    at('12:01:00');
    await done(admin!.calls.judge(project, 'approve'));
    const shown = async () => {
      const { creation_date, deactivation_date } = await bodyOf(owner!.calls.retrieve(project.id));
      return [creation_date, deactivation_date];
    };
    const created = printed('12:00:00');
    expect(await shown()).to.deep.equal([created, undefined]);
    at('12:10:00');
    await done(admin!.calls.act(project.id, 'suspend'));
    expect(await shown()).to.deep.equal([created, printed('12:10:00')]);
    at('12:20:00');
    await done(admin!.calls.act(project.id, 'unsuspend'));
    expect(await shown()).to.deep.equal([created, printed('12:10:00')]);
    at('12:30:00');
    await done(admin!.calls.act(project.id, 'terminate'));
    at('12:40:00');
    await done(admin!.calls.act(project.id, 'reinstate'));
    expect(await shown()).to.deep.equal([created, printed('12:30:00')]);
    at('12:50:00');
    await done(admin!.calls.act(project.id, 'suspend'));
    const change = await submitted(owner!.calls.modify(project.id, {}));
    at('12:55:00');
    await done(admin!.calls.judge(change, 'approve'));
    expect(await shown()).to.deep.equal([created, printed('12:50:00')]);
  });

  it('behaviour 45: an end is in the future of the moment of submission', async () => {
    at('13:00:00');
    const answer = await owner!.calls.create({ end_date: '2031-01-02T12:59:59Z' });
    expect(answer.status, answer.text).to.equal(400);
    const { id } = await submitted(owner!.calls.create({ end_date: '2031-01-02T13:00:01Z' }));
    const { end_date } = await bodyOf(owner!.calls.retrieve(id));
    expect(end_date).to.equal(printed('13:00:01'));
  });
});
