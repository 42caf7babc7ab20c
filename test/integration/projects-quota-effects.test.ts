// Goal: each row of the table of section 9 of the projects specification: which event changes which
// limits, and that none changes usage. Method: REST, through Envoy; all counters of one project are
// compared after each event, with usage and commissions in flight on them.
import { expect } from 'chai';
import { LedgerClient, projectProvision, userProvision } from '../support/ledger.js';
import { wrongLimits } from '../support/projects-audit.js';
import {
  approved,
  bodyOf,
  type Caller,
  type Counter,
  countersOf,
  createAdmin,
  createCallers,
  done,
  limitsOf,
  membershipFrom,
  startProjects,
  submitted,
} from '../support/projects.js';
import type { Stack } from '../support/stack.js';

const NAMED = { r11: { project_capacity: 40, member_capacity: 4 } };

describe('effects of project calls on quota (section 9)', function () {
  this.timeout(60_000);

  let stack: Stack;
  let ledger: LedgerClient;
  let admin: Caller;
  let owner: Caller;
  let member: Caller;
  let other: Caller;

  before(async () => {
    stack = await startProjects();
    ledger = new LedgerClient(stack.rest, 'yard-token');
    admin = await createAdmin(stack);
  });
  after(() => stack.stop());
  beforeEach(async () => {
    [owner, member, other] = (await createCallers(stack, 3)) as [Caller, Caller, Caller];
  });
  afterEach(async () => {
    expect(await wrongLimits(stack)).to.deep.equal([]);
  });

  /** Limits of a project and its members, with all four resources in the order r11 … r13, pending. */
  const expectedLimits = (
    project: readonly [string, bigint | null],
    ...members: readonly (readonly [Caller, bigint])[]
  ) => {
    const [id, capacity] = project;
    if (capacity === null) return {};
    const isOn = capacity > 0n;
    const all = (holder: string, r11: bigint, others: boolean) => ({
      [`${holder} r11`]: r11,
      [`${holder} r12`]: others ? 9n : 0n,
      [`${holder} r13`]: others ? 11n : 0n,
      // The default of what nobody sees is infinite.
      [`${holder} astakos.pending_app`]: others ? 9223372036854775807n : 0n,
    });
    return Object.assign(
      all(`project:${id}`, capacity, isOn),
      ...members.map(([{ uuid }, limit]) => all(`user:${uuid}`, limit, limit > 0n)),
    ) as Record<string, bigint>;
  };

  const use = async (id: string, who: Caller, quantity: number) =>
    ledger.issue([
      userProvision(who.uuid, id, 'r11', quantity),
      projectProvision(id, 'r11', quantity),
    ]);

  it('submit, deny, cancel and dismiss make no counters', async () => {
    const denied = await submitted(owner.calls.create({ resources: NAMED }));
    const cancelled = await submitted(owner.calls.create({ resources: NAMED }));
    await done(admin.calls.judge(denied, 'deny'));
    await done(owner.calls.judge(denied, 'dismiss'));
    await done(owner.calls.judge(cancelled, 'cancel'));
    for (const { id } of [denied, cancelled]) expect(await countersOf(stack, id)).to.deep.equal({});
  });

  it('submitting, denying and cancelling a change changes no limit', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    await membershipFrom(owner.calls.enroll(id, member));
    const before = await countersOf(stack, id);
    const resources = { r11: { project_capacity: 1, member_capacity: 1 } };
    const denied = await submitted(owner.calls.modify(id, { resources }));
    await done(admin.calls.judge(denied, 'deny'));
    await done(owner.calls.judge(denied, 'dismiss'));
    const cancelled = await submitted(owner.calls.modify(id, { resources }));
    await done(owner.calls.judge(cancelled, 'cancel'));
    expect(await countersOf(stack, id)).to.deep.equal(before);
  });

  it('the first approval makes those of the project, for every registered resource', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    expect(await limitsOf(stack, id)).to.deep.equal(expectedLimits([id, 40n]));
  });

  it('enrolling, accepting and joining at once make those of the member', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED, join_policy: 'auto' });
    await membershipFrom(owner.calls.enroll(id, member));
    await membershipFrom(other.calls.join(id));
    expect(await limitsOf(stack, id)).to.deep.equal(
      expectedLimits([id, 40n], [member, 4n], [other, 4n]),
    );
    const moderated = await approved(owner, admin, { resources: NAMED });
    const m = await membershipFrom(member.calls.join(moderated.id));
    await done(owner.calls.move(m, 'accept'));
    expect(await limitsOf(stack, moderated.id)).to.deep.equal(
      expectedLimits([moderated.id, 40n], [member, 4n]),
    );
  });

  it('enrolling whoever had asked makes them, too, and they follow later changes (19, row 9)', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    const m = await membershipFrom(member.calls.join(id));
    expect(await membershipFrom(owner.calls.enroll(id, member))).to.equal(m);
    const resources = { r11: { project_capacity: 50, member_capacity: 5 } };
    const change = await submitted(owner.calls.modify(id, { resources }));
    await done(admin.calls.judge(change, 'approve'));
    expect(await limitsOf(stack, id)).to.deep.equal(expectedLimits([id, 50n], [member, 5n]));
  });

  it('asking to join, rejecting, cancelling and asking to leave change none', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED, leave_policy: 'moderated' });
    const m = await membershipFrom(owner.calls.enroll(id, member));
    const limits = expectedLimits([id, 40n], [member, 4n]);
    const asked = await membershipFrom(other.calls.join(id));
    expect(await limitsOf(stack, id)).to.deep.equal(limits);
    await done(owner.calls.move(asked, 'reject'));
    await membershipFrom(other.calls.join(id));
    await done(other.calls.move(asked, 'cancel'));
    await done(member.calls.move(m, 'leave'));
    expect(await limitsOf(stack, id)).to.deep.equal(limits);
  });

  it('removing and leaving set those of the member to 0, and keep what he uses', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    const [one, two] = [
      await membershipFrom(owner.calls.enroll(id, member)),
      await membershipFrom(owner.calls.enroll(id, other)),
    ];
    await ledger.settle(await use(id, member, 3), 'accept');
    await done(owner.calls.move(one, 'remove'));
    await done(other.calls.move(two, 'leave'));
    expect(await limitsOf(stack, id)).to.deep.equal(
      expectedLimits([id, 40n], [member, 0n], [other, 0n]),
    );
    expect((await countersOf(stack, id))[`user:${member.uuid} r11`]?.usage).to.deep.equal([3n, 3n]);
    await ledger.settle(await use(id, member, -3), 'accept');
  });

  it('suspending and terminating set all to 0; resuming and reviving bring them back', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    await membershipFrom(owner.calls.enroll(id, member));
    const gone = await membershipFrom(owner.calls.enroll(id, other));
    await done(owner.calls.move(gone, 'remove'));
    const on = expectedLimits([id, 40n], [member, 4n], [other, 0n]);
    const off = expectedLimits([id, 0n], [member, 0n], [other, 0n]);
    for (const [action, limits] of [
      ['suspend', off],
      ['unsuspend', on],
      ['suspend', off],
      ['terminate', off],
      ['reinstate', on],
      ['terminate', off],
    ] as const) {
      await done(admin.calls.act(id, action));
      expect(await limitsOf(stack, id), action).to.deep.equal(limits);
    }
    const change = await submitted(owner.calls.modify(id, {}));
    expect(await limitsOf(stack, id)).to.deep.equal(off);
    await done(admin.calls.judge(change, 'approve'));
    expect(await limitsOf(stack, id)).to.deep.equal(on);
  });

  it('approving a change replaces the limits that it names, of all members', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    await membershipFrom(owner.calls.enroll(id, member));
    const gone = await membershipFrom(owner.calls.enroll(id, other));
    await done(owner.calls.move(gone, 'remove'));
    await ledger.settle(await use(id, member, 3), 'accept');
    const resources = { r11: { project_capacity: 2, member_capacity: 1 } };
    const change = await submitted(owner.calls.modify(id, { resources, max_members: 0 }));
    await done(admin.calls.judge(change, 'approve'));
    // Below what is used, and with more members than are allowed: nobody is removed.
    expect(await limitsOf(stack, id)).to.deep.equal(
      expectedLimits([id, 2n], [member, 1n], [other, 0n]),
    );
    expect((await countersOf(stack, id))[`project:${id} r11`]?.usage).to.deep.equal([3n, 3n]);
  });

  it('who is accepted into a suspended project gets 0, until it is resumed', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    await done(admin.calls.act(id, 'suspend'));
    await membershipFrom(owner.calls.enroll(id, member));
    expect(await limitsOf(stack, id)).to.deep.equal(expectedLimits([id, 0n], [member, 0n]));
    await done(admin.calls.act(id, 'unsuspend'));
    expect(await limitsOf(stack, id)).to.deep.equal(expectedLimits([id, 40n], [member, 4n]));
  });

  it('commissions in flight are settled as if nothing had happened', async () => {
    const { id } = await approved(owner, admin, { resources: NAMED });
    const m = await membershipFrom(owner.calls.enroll(id, member));
    await ledger.settle(await use(id, member, 1), 'accept');
    const serials = await Promise.all([1, 1, -1].map((quantity) => use(id, member, quantity)));
    const keys = [`user:${member.uuid} r11`, `project:${id} r11`];
    const usages = async () => {
      const counters = await countersOf(stack, id);
      return keys.map((key) => (counters[key] as Counter).usage);
    };
    const inFlight = [0n, 3n] as const;
    for (const action of ['suspend', 'unsuspend', 'terminate', 'reinstate'] as const) {
      await done(admin.calls.act(id, action));
      expect(await usages()).to.deep.equal([inFlight, inFlight]);
    }
    const change = await submitted(
      owner.calls.modify(id, { resources: { r11: { project_capacity: 1, member_capacity: 1 } } }),
    );
    await done(admin.calls.judge(change, 'approve'));
    await done(owner.calls.move(m, 'remove'));
    expect(await usages()).to.deep.equal([inFlight, inFlight]);
    await ledger.settle(serials[0]!, 'accept');
    await ledger.settle(serials[1]!, 'reject');
    await ledger.settle(serials[2]!, 'accept');
    expect(await usages()).to.deep.equal([
      [1n, 1n],
      [1n, 1n],
    ]);
    expect((await bodyOf(owner.calls.membership(m)))['state']).to.equal('removed');
  });
});
