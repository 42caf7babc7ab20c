// Goal: behaviour 55 of the projects specification: a deactivated user's memberships and projects rest,
// and return with him, unless an admin had suspended them. Method: state files change the account, the
// rest is seen over REST.
import { expect } from 'chai';
import {
  approved,
  bodyOf,
  type Caller,
  createAdmin,
  createCallers,
  done,
  emailOf,
  limitsOf,
  listOf,
  membershipFrom,
  outcomeOf,
  startProjects,
} from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

describe('behaviour 55: deactivating an account', function () {
  this.timeout(60_000);

  let stack: Stack;
  let [admin, owner, member]: Caller[] = [];

  before(async () => {
    stack = await startProjects();
    admin = await createAdmin(stack);
  });
  after(() => stack.stop());
  beforeEach(async () => {
    [owner, member] = await createCallers(stack, 2);
  });

  const setActive = ({ uuid }: Caller, active: boolean) =>
    stack.apply(
      JSON.stringify({
        users: [{ uuid, username: `name-${uuid}`, email: emailOf({ uuid, token: '' }), active }],
      }),
    );
  const stateOf = async (id: string) => (await bodyOf(admin!.calls.retrieve(id)))['state'];
  const membershipState = async (id: bigint) =>
    (await bodyOf(admin!.calls.membership(id)))['state'];
  const resources = { r11: { project_capacity: 40, member_capacity: 4 } };

  it('suspends memberships, which return with the account', async () => {
    const { id } = await approved(owner!, admin!, { leave_policy: 'moderated', resources });
    const m = await membershipFrom(owner!.calls.enroll(id, member!));
    await done(member!.calls.move(m, 'leave'));
    await setActive(member!, false);
    expect(await membershipState(m)).to.equal('suspended');
    expect(await stateOf(member!.uuid)).to.equal('suspended');
    expect(await limitsOf(stack, id)).to.include({ [`user:${member!.uuid} r11`]: 0n });
    expect(outcomeOf(await member!.calls.list())).to.equal('401 unauthorized User inactive');
    expect(await bodyOf(owner!.calls.membership(m))).to.deep.include({
      allowed_actions: ['remove'],
    });
    await setActive(member!, true);
    expect(await membershipState(m)).to.equal('accepted');
    expect(await stateOf(member!.uuid)).to.equal('active');
    expect(await limitsOf(stack, id)).to.include({ [`user:${member!.uuid} r11`]: 4n });
    const shown = await bodyOf(member!.calls.membership(m));
    expect(shown).to.include.all.keys('accepted', 'leave_requested', 'suspended');
  });

  it('suspends active projects of the owner, but leaves what an admin suspended', async () => {
    const [active, resting, ended] = await Promise.all([
      approved(owner!, admin!, { resources }),
      approved(owner!, admin!, { resources }),
      approved(owner!, admin!, { resources }),
    ]);
    await membershipFrom(owner!.calls.enroll(active.id, member!));
    await done(admin!.calls.act(resting.id, 'suspend'));
    await done(admin!.calls.act(ended.id, 'terminate'));
    const states = () => Promise.all([active, resting, ended].map(({ id }) => stateOf(id)));
    await setActive(owner!, false);
    expect(await states()).to.deep.equal(['suspended', 'suspended', 'terminated']);
    expect(await limitsOf(stack, active.id)).to.include({
      [`project:${active.id} r11`]: 0n,
      [`user:${member!.uuid} r11`]: 0n,
    });
    await setActive(owner!, true);
    expect(await states()).to.deep.equal(['active', 'suspended', 'terminated']);
    expect(await limitsOf(stack, active.id)).to.include({
      [`project:${active.id} r11`]: 40n,
      [`user:${member!.uuid} r11`]: 4n,
    });
  });

  it('leaves suspended members their seats and their sight of the project (sections 3 and 12.5)', async () => {
    const { id } = await approved(owner!, admin!, { private: true, max_members: 2, resources });
    const m = await membershipFrom(owner!.calls.enroll(id, member!));
    await membershipFrom(owner!.calls.enroll(id, owner!));
    // An operator may suspend one membership; the account stays active.
    const members = [{ user: member!.uuid, state: 'suspended' }];
    await stack.apply(JSON.stringify({ projects: [{ uuid: id, members }] }));
    expect((await bodyOf(member!.calls.retrieve(id)))['state']).to.equal('active');
    const seen = async (query: string) =>
      (await listOf(member!.calls.list(query))).map((project) => project['id']);
    expect(await seen('?state=active')).to.include(id);
    expect(await seen('?mode=related')).to.include(id);
    expect(await seen('?mode=member')).to.not.include(id);
    expect(await limitsOf(stack, id)).to.include({ [`user:${member!.uuid} r11`]: 0n });
    const full = '409 conflict You have reached the maximum number of members for this Project.';
    expect(outcomeOf(await owner!.calls.enroll(id, admin!))).to.equal(full);
    const again = '409 conflict Request or membership already exists.';
    expect(outcomeOf(await member!.calls.join(id))).to.equal(again);
    await done(member!.calls.move(m, 'leave'));
    await membershipFrom(owner!.calls.enroll(id, admin!));
  });

  it('keeps out who is inactive (sections 12.4 and 12.5)', async () => {
    const { id } = await approved(owner!, admin!);
    const m = await membershipFrom(member!.calls.join(id));
    await setActive(member!, false);
    const inactive = '409 conflict User account is not active.';
    expect(outcomeOf(await owner!.calls.move(m, 'accept'))).to.equal(inactive);
    expect(outcomeOf(await owner!.calls.enroll(id, member!))).to.equal(inactive);
    expect(await bodyOf(owner!.calls.membership(m))).to.deep.include({
      state: 'requested',
      allowed_actions: ['reject'],
    });
    await done(owner!.calls.move(m, 'reject'));
    // The state of the membership is judged before the account.
    const answer = outcomeOf(await owner!.calls.move(m, 'accept'));
    expect(answer).to.equal('409 conflict This is not a valid membership request.');
  });
});
