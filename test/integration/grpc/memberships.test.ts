// Goal: memberships over gRPC, where they are more than the documented API shows: pages, enrolling by
// uuid, the log, and failures that programs can tell apart (projects specification, 12). Method: typed
// clients of a running server, people and projects of their own.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  type ProjectMembership,
  ProjectMembership_Action as Action,
  ProjectMembership_State as State,
} from '../../../src/gen/apportion/projects/v1/memberships.js';
import type {
  ActOnMembershipRequest,
  CreateMembershipRequest,
} from '../../../src/gen/apportion/projects/v1/memberships_service.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../../support/grpc-client.js';
import { createPeople, createPerson, type Person } from '../../support/people.js';
import { startStack, type Stack } from '../../support/stack.js';

const FIRST_PAGE = { pageSize: 2, pageToken: '' };
/** Page tokens of no list: a word, a number beyond 64 bits, a negative one, nothing, no token at all. */
const FORGED = ['WyJ4Il0', 'WyI5MjIzMzcyMDM2ODU0Nzc1ODA4Il0', 'WyItMSJd', 'W10', 'nonsense'];

describe('memberships over gRPC', () => {
  let stack: Stack;
  let client: GrpcClient;
  let owner: Person;
  let admin: Person;
  let [one, other]: Person[] = [];

  before(async () => {
    stack = await startStack({ envoy: false });
    client = connectGrpc(stack.addresses[0] ?? '');
    admin = await createPerson(stack, { project_admin: true });
  });
  beforeEach(async () => {
    owner = await createPerson(stack);
    [one, other] = await createPeople(stack, 2);
  });
  after(async () => {
    client.close();
    await stack.stop();
  });

  async function declared(fields: object = {}): Promise<string> {
    const uuid = randomUUID();
    const project = { uuid, name: `p-${uuid}.test`, owner: owner.uuid, ...fields };
    await stack.apply(JSON.stringify({ projects: [project] }));
    return uuid;
  }

  const create = (as: Person, way: CreateMembershipRequest['way']) =>
    client.memberships.createMembership({ way }, { token: as.token });
  const join = async (as: Person, project: string) =>
    (await create(as, { $case: 'join', value: { project } })).id;
  const act = (as: Person, membId: bigint, action: ActOnMembershipRequest['action']) =>
    client.memberships.actOnMembership({ membId, action }, { token: as.token });
  const get = async (as: Person, membId: bigint): Promise<ProjectMembership> => {
    const found = await client.memberships.getMembership({ membId }, { token: as.token });
    if (found.membership === undefined) throw new Error('no membership came');
    return found.membership;
  };
  const refusal = async (call: Promise<unknown>) => {
    const { code, reason, message, facts } = await grpcFailure(call);
    return { code, reason, message, facts };
  };

  it('are made by joining and by enrolling, by address and by uuid [12.4]', async () => {
    const project = await declared();
    const id = await join(one!, project);
    expect(await get(one!, id)).to.deep.include({
      ...{ id, project, user: one!.uuid, state: State.STATE_REQUESTED },
      allowedActions: [Action.ACTION_CANCEL],
      accepted: undefined,
    });
    const byUuid = { project, account: { $case: 'userUuid', value: one!.uuid } } as const;
    expect((await create(owner, { $case: 'enroll', value: byUuid })).id).to.equal(id);
    const email = `${other!.uuid}@example.org`;
    const byEmail = { project, account: { $case: 'user', value: email } } as const;
    const second = (await create(owner, { $case: 'enroll', value: byEmail })).id;
    const membership = await get(owner, second);
    expect(membership).to.include({ state: State.STATE_ACCEPTED, requested: undefined });
    expect(membership.accepted).to.be.instanceOf(Date);
  });

  it('are chosen by which field is set, whatever it says [12.5]', async () => {
    const id = await join(one!, await declared({ leave_policy: 'moderated' }));
    for (const [as, $case, state] of [
      [one!, 'cancel', State.STATE_CANCELLED],
      [owner, 'reject', State.STATE_REJECTED],
      [owner, 'accept', State.STATE_ACCEPTED],
    ] as const) {
      const { project, state: before } = await get(one!, id);
      if (before !== State.STATE_REQUESTED) expect(await join(one!, project)).to.equal(id);
      await act(as, id, { $case, value: '' });
      expect((await get(one!, id)).state).to.equal(state);
    }
    await act(one!, id, { $case: 'leave', value: 'done' });
    expect((await get(admin, id)).allowedActions).to.deep.equal([
      Action.ACTION_LEAVE,
      Action.ACTION_REMOVE,
    ]);
    await act(owner, id, { $case: 'remove', value: '' });
    const { leaveRequested, removed, cancelled, rejected } = await get(one!, id);
    for (const date of [leaveRequested, removed, cancelled, rejected])
      expect(date).to.be.instanceOf(Date);
  });

  it('are listed page by page, each once [12.2]', async () => {
    const members = await createPeople(stack, 5);
    const project = await declared({ members: members.map(({ uuid }) => ({ user: uuid })) });
    const seen: bigint[] = [];
    let pageToken = '';
    do {
      const page = await client.memberships.listMemberships(
        { project, pageSize: 2, pageToken },
        { token: owner.token },
      );
      expect(page.memberships.length).to.be.within(0, 2);
      seen.push(...page.memberships.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(new Set(seen).size).to.equal(5);
    expect(seen).to.deep.equal([...seen].sort((a, b) => Number(a - b)));
    const { memberships } = await client.memberships.listMemberships({}, { token: owner.token });
    expect(memberships.map(({ id }) => id))
      .to.include.members(seen)
      .and.to.have.length(6);
    for (const nothing of ['nope', '', '\0'])
      expect(
        await client.memberships.listMemberships({ project: nothing }, { token: admin.token }),
      ).to.deep.include({ memberships: [], nextPageToken: '' });
  });

  it('have a log for admins and the owner, page by page [12.5]', async () => {
    const id = await join(one!, await declared());
    await act(owner, id, { $case: 'reject', value: 'not yet' });
    await join(one!, (await get(one!, id)).project);
    const read = (as: Person, pageToken = '') =>
      client.memberships.listMembershipLog(
        { membId: id, ...FIRST_PAGE, pageToken },
        { token: as.token },
      );
    const first = await read(owner);
    expect(first.entries.map(({ fromState, toState }) => [fromState, toState])).to.deep.equal([
      [State.STATE_UNSPECIFIED, State.STATE_REQUESTED],
      [State.STATE_REQUESTED, State.STATE_REJECTED],
    ]);
    expect(first.entries[1]).to.include({ actor: owner.uuid, reason: 'not yet' });
    expect(first.entries[0]).to.include({ actor: one!.uuid, reason: undefined });
    const second = await read(admin, first.nextPageToken);
    expect(second.entries.map(({ toState }) => toState)).to.deep.equal([State.STATE_REQUESTED]);
    expect(second.nextPageToken).to.equal('');
    expect(await refusal(read(one!))).to.include({ code: 'PERMISSION_DENIED' });
  });

  it('are refused for reasons that programs can tell apart [12.4, 12.5]', async () => {
    const closed = await declared({ join_policy: 'closed' });
    expect(await refusal(join(one!, closed))).to.deep.include({
      ...{ code: 'FAILED_PRECONDITION', reason: 'POLICY_CLOSED' },
      facts: { project: closed, policy: 'join' },
    });
    const full = await declared({ max_members: 0 });
    const account = { $case: 'userUuid', value: one!.uuid } as const;
    const enroll = (project: string, who: typeof account | undefined = account) =>
      create(owner, { $case: 'enroll', value: { project, account: who } });
    expect(await refusal(enroll(full))).to.deep.include({
      ...{ code: 'FAILED_PRECONDITION', reason: 'PROJECT_FULL' },
      facts: { project: full, max_members: '0' },
    });
    expect(await refusal(enroll('nope'))).to.deep.include({
      ...{ code: 'NOT_FOUND', facts: { kind: 'project', id: 'nope' } },
    });
    const nobody = { $case: 'userUuid', value: 'nobody' } as const;
    expect(await refusal(enroll(full, nobody))).to.deep.include({
      ...{ code: 'NOT_FOUND', facts: { kind: 'user', id: 'nobody' } },
    });
    const asStranger = { $case: 'enroll', value: { project: full, account } } as const;
    expect(await refusal(create(other!, asStranger))).to.include({ code: 'PERMISSION_DENIED' });
  });

  it('are refused when the message says too little or what cannot be [12.4, 12.5]', async () => {
    const project = await declared();
    const id = await join(one!, project);
    const invalid: readonly Promise<unknown>[] = [
      create(one!, undefined),
      create(owner, { $case: 'enroll', value: { project, account: undefined } }),
      create(one!, { $case: 'join', value: { project: 'a\0b' } }),
      act(one!, id, undefined),
      act(one!, id, { $case: 'cancel', value: '\0' }),
      act(one!, id, { $case: 'cancel', value: 'x'.repeat(4097) }),
      ...FORGED.map((pageToken) =>
        client.memberships.listMemberships({ pageSize: 1, pageToken }, { token: one!.token }),
      ),
      client.memberships.listMembershipLog({ membId: id, pageSize: -1 }, { token: owner.token }),
    ];
    for (const refused of await Promise.all(invalid.map(refusal)))
      expect(refused).to.include({ code: 'INVALID_ARGUMENT' });
    for (const membId of [0n, -1n, id + 1_000_000n]) {
      expect(await refusal(get(one!, membId))).to.include({ code: 'NOT_FOUND' });
      const cancel = { $case: 'cancel', value: '' } as const;
      expect(await refusal(act(one!, membId, cancel))).to.include({ code: 'NOT_FOUND' });
    }
    expect((await get(one!, id)).state).to.equal(State.STATE_REQUESTED);
  });

  it('need a token [2.1]', async () => {
    const calls = [
      client.memberships.listMemberships({}),
      client.memberships.getMembership({}),
      client.memberships.createMembership({}),
      client.memberships.actOnMembership({}),
      client.memberships.listMembershipLog({}),
    ];
    for (const refused of await Promise.all(calls.map(refusal)))
      expect(refused).to.include({ code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' });
  });
});
