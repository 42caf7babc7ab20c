// Goal: calls on projects race with what goes on around them, the ledger, accounts and the catalogue of
// resources, and nothing is left half done (projects specification, 9, 14 and 15). Method: calls on
// connections of their own, through Envoy, to two server processes, beside state files.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { LedgerClient, projectProvision, userProvision } from '../support/ledger.js';
import { wrongLimits } from '../support/projects-audit.js';
import {
  approved,
  type Caller,
  createAdmin,
  createCaller,
  createCallers,
  done,
  emailOf,
  membershipFrom,
  outcomeOf,
  pendingOf,
  startProjects,
  submitted,
} from '../support/projects.js';
import type { RestAnswer } from '../support/rest-client.js';
import type { Stack } from '../support/stack.js';

const ROUNDS = 4;
const NAMED = { r11: { project_capacity: 40, member_capacity: 4 } };

describe('races of project calls with what goes on around them', function () {
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
  afterEach(async () => {
    expect(await wrongLimits(stack)).to.deep.equal([]);
  });

  const outcomes = async (calls: readonly Promise<RestAnswer>[]) => {
    const found = (await Promise.all(calls)).map(outcomeOf);
    expect(found.filter((outcome) => /^5/.test(outcome))).to.deep.equal([]);
    return found;
  };

  it('commissions are granted or refused while their project rests and returns', async () => {
    const ledger = new LedgerClient(stack.rest, 'yard-token');
    const project = await approved(owner, admin, { resources: NAMED });
    const members = await createCallers(stack, 3);
    for (const member of members) await membershipFrom(owner.calls.enroll(project.id, member));
    let isOver = false;
    let granted = 0;
    const charging = async ({ uuid }: Caller) => {
      const both = (quantity: number) => [
        userProvision(uuid, project.id, 'r11', quantity),
        projectProvision(project.id, 'r11', quantity),
      ];
      while (!isOver) {
        const answer = await ledger.send(both(2));
        expect(answer.status, answer.text).to.be.oneOf([201, 413]);
        if (answer.status === 413) continue;
        granted += 1;
        const { serial } = answer.json as unknown as { serial: bigint };
        await ledger.settle(serial, 'accept');
        // What was accepted is given back, whether the project rests or not.
        const back = await ledger.send(both(-2), { auto_accept: true });
        expect(back.status, back.text).to.equal(201);
      }
    };
    const charged = Promise.all(members.map(charging));
    for (let round = 0; round < ROUNDS; round += 1) {
      await done(admin.calls.act(project.id, 'suspend'));
      await done(admin.calls.act(project.id, 'unsuspend'));
      const change = await submitted(owner.calls.modify(project.id, { resources: NAMED }));
      await done(admin.calls.judge(change, 'approve'));
      await done(admin.calls.act(project.id, 'terminate'));
      await done(admin.calls.act(project.id, 'reinstate'));
    }
    isOver = true;
    await charged;
    expect(granted).to.be.at.least(1);
  });

  it('admins change the system projects of each other crosswise', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [one, two] = [await createAdmin(stack), await createAdmin(stack)];
      const changes = [
        await submitted(one.calls.modify(two.uuid, { max_members: 5 })),
        await submitted(two.calls.modify(one.uuid, { max_members: 5 })),
      ];
      const found = await outcomes([
        ...changes.map((change) => admin.calls.judge(change, 'approve')),
        one.calls.create(),
        two.calls.create(),
      ]);
      expect(found).to.deep.equal(['200', '200', '201', '201']);
      expect(await pendingOf(stack, one)).to.equal(1n);
      expect(await pendingOf(stack, two)).to.equal(1n);
    }
  });

  it('a resource that is registered meanwhile is in every project and for every member', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `late-${randomUUID()}`;
      const members = await createCallers(stack, 4);
      const waiting = [
        await submitted(owner.calls.create()),
        await submitted(owner.calls.create()),
      ];
      const open = await approved(owner, admin, { join_policy: 'auto' });
      await Promise.all([
        outcomes([
          ...waiting.map((project) => admin.calls.judge(project, 'approve')),
          ...members.map(({ calls }) => calls.join(open.id)),
        ]),
        stack.apply(
          JSON.stringify({
            components: [
              {
                name,
                token: name,
                services: [{ name, type: 'late', resources: [{ name, project_default: 3 }] }],
              },
            ],
          }),
        ),
      ]);
      const rows = await stack.database.query<{ holder: string }>(
        'select holder from holdings where resource = $1 and (holder = any($2) or source = $3)',
        [name, [...waiting, open].map(({ id }) => `project:${id}`), `project:${open.id}`],
      );
      expect(rows).to.have.length(3 + members.length);
    }
  });

  it('nothing of a deactivated account is active or effective in the end', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const member = await createCaller(stack);
      const leaver = await createCaller(stack);
      const open = await approved(owner, admin, { join_policy: 'auto' });
      const moderated = await approved(owner, admin);
      const request = await membershipFrom(member.calls.join(moderated.id));
      const waiting = await submitted(leaver.calls.create());
      const ended = await approved(leaver, admin);
      await done(admin.calls.act(ended.id, 'terminate'));
      const handed = await submitted(owner.calls.modify(open.id, { owner: leaver.uuid }));
      await Promise.all([
        deactivate(member, leaver),
        outcomes([
          owner.calls.move(request, 'accept'),
          member.calls.join(open.id),
          owner.calls.enroll(open.id, member),
          admin.calls.judge(waiting, 'approve'),
          admin.calls.act(ended.id, 'reinstate'),
          admin.calls.judge(handed, 'approve'),
        ]),
      ]);
      const left = await stack.database.query<{ what: string }>(
        `select 'membership of ' || p.realname as what
           from project_memberships m join projects p on p.id = m.project_id
          where m.user_uuid = any($1) and m.state in ('accepted', 'leave_requested')
          union all
         select 'project ' || uuid from projects where uuid = any($1) and state = 'active'`,
        [[member.uuid, leaver.uuid]],
      );
      expect(left).to.deep.equal([]);
    }
  });

  function deactivate(...callers: readonly Caller[]): Promise<void> {
    const users = callers.map(({ uuid, token }) => ({
      ...{ uuid, username: `name-${uuid}`, email: emailOf({ uuid, token }), active: false },
    }));
    return stack.apply(JSON.stringify({ users }));
  }
});
