// Goal: projects over gRPC, where they are more than the documented API shows: pages, histories, and
// failures that programs can tell apart (projects specification, 7 and 10). Method: typed clients of a
// running server, people and projects of their own; long lists are rows put into the table.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  type Project,
  ProjectApplication_State as ApplicationState,
  Project_Policy as Policy,
  Project_State as State,
} from '../../../src/gen/apportion/projects/v1/projects.js';
import {
  type ActOnProjectRequest,
  type CreateProjectRequest,
  ListProjectsRequest_Mode as Mode,
  ListProjectsResponse,
} from '../../../src/gen/apportion/projects/v1/projects_service.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../../support/grpc-client.js';
import { createPerson, type Person } from '../../support/people.js';
import { startProjects } from '../../support/projects.js';
import type { Stack } from '../../support/stack.js';

const END = new Date('2113-05-05T20:20:20Z');

describe('projects over gRPC', () => {
  let stack: Stack;
  let client: GrpcClient;
  let owner: Person;
  let admin: Person;

  before(async () => {
    stack = await startProjects({ envoy: false });
    client = connectGrpc(stack.addresses[0] ?? '');
    admin = await createPerson(stack, { project_admin: true });
  });
  beforeEach(async () => {
    owner = await createPerson(stack);
  });
  after(async () => {
    client.close();
    await stack.stop();
  });

  const as = ({ token }: Person) => ({ token });
  const create = (who: Person, fields: Partial<CreateProjectRequest> = {}) =>
    client.projects.createProject(
      { name: `p-${randomUUID()}.test`, endDate: END, resources: {}, ...fields },
      as(who),
    );
  const act = (who: Person, projectId: string, action: ActOnProjectRequest['action']) =>
    client.projects.actOnProject({ projectId, action }, as(who));
  const approve = (id: string, appId: bigint) =>
    act(admin, id, { $case: 'approve', value: { appId, reason: 'welcome' } });
  const get = async (who: Person, projectId: string): Promise<Project> => {
    const { project } = await client.projects.getProject({ projectId }, as(who));
    if (project === undefined) throw new Error('no project came');
    return project;
  };
  const refusal = async (call: Promise<unknown>) => {
    const { code, reason, message, facts } = await grpcFailure(call);
    return { code, reason, message, facts };
  };

  it('are applied for with typed values, and shown with them [7.1, 7.2]', async () => {
    const startDate = new Date('2031-01-01T00:00:00Z');
    const resources = { r11: { projectCapacity: 4n, memberCapacity: 1n } };
    const { id, application } = await create(owner, {
      ...{ resources, startDate, maxMembers: 0n, private: true, leavePolicy: Policy.POLICY_CLOSED },
    });
    const project = await get(owner, id);
    expect(project).to.deep.include({
      ...{ id, state: State.STATE_UNINITIALIZED, owner: owner.uuid, homepage: '', endDate: END },
      ...{ joinPolicy: Policy.POLICY_MODERATED, leavePolicy: Policy.POLICY_CLOSED },
      ...{ maxMembers: 0n, private: true, systemProject: false, resources },
      deactivationDate: undefined,
    });
    expect(project.lastApplication).to.deep.include({
      ...{ id: application, state: ApplicationState.STATE_PENDING, project: id, startDate },
      ...{ applicant: owner.uuid, comments: '', maxMembers: 0n, response: undefined },
    });
  });

  it('say which limit was reached, so that programs can tell [10]', async () => {
    for (let count = 0; count < 3; count += 1) await create(owner);
    expect(await refusal(create(owner))).to.deep.equal({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'NO_CAPACITY',
      message: 'You have reached the maximum number of pending project applications: 3.',
      facts: {
        ...{ holder: `user:${owner.uuid}`, source: `project:${owner.uuid}`, quantity: '1' },
        ...{ resource: 'astakos.pending_app', usage: '3', limit: '3' },
      },
    });
  });

  it('are for users alone, and refuse values of no known meaning [3]', async () => {
    const asComponent = { token: 'yard-token' };
    expect(await refusal(client.projects.listProjects({}, asComponent))).to.include({
      ...{ code: 'UNAUTHENTICATED', reason: 'TOKEN_UNKNOWN' },
    });
    expect(await refusal(act(owner, 'p', undefined))).to.include({ code: 'INVALID_ARGUMENT' });
    for (const endDate of [new Date(0), new Date(Date.UTC(20_000, 0))])
      expect(await refusal(create(owner, { endDate }))).to.include({ code: 'INVALID_ARGUMENT' });
    expect(await refusal(client.projects.getProject({ projectId: 'a\0b' }, as(owner)))).to.include({
      ...{ code: 'NOT_FOUND', reason: 'NOT_FOUND' },
    });
  });

  describe('in pages', () => {
    async function pages(who: Person, pageSize: number): Promise<readonly ListProjectsResponse[]> {
      const found: ListProjectsResponse[] = [];
      let pageToken = '';
      do {
        const request = { pageSize, pageToken, mode: Mode.MODE_RELATED };
        const page = await client.projects.listProjects(request, as(who));
        found.push(page);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return found;
    }

    it('come in the order of the whole list, each once [7.3]', async () => {
      for (let count = 0; count < 3; count += 1) await create(owner);
      const ids = (found: readonly ListProjectsResponse[]) =>
        found.map(({ projects }) => projects.map(({ id }) => id));
      const [whole] = ids(await pages(owner, 0));
      expect(whole).to.have.lengthOf(4);
      expect(whole?.[0]).to.equal(owner.uuid);
      const paged = ids(await pages(owner, 3));
      expect(paged.map((page) => page.length)).to.deep.equal([3, 1]);
      expect(paged.flat()).to.deep.equal(whole);
      expect(ids(await pages(owner, 2)).map((page) => page.length)).to.deep.equal([2, 2, 0]);
    });

    it('are shorter where texts are long, and lose nothing', async () => {
      await stack.database.query(
        `insert into projects (uuid, realname, state, owner, description, end_date)
         select gen_random_uuid()::text, 'long.test', 'uninitialized', $1, repeat('x', 4096), now()
           from generate_series(1, 1500)`,
        [owner.uuid],
      );
      const found = await pages(owner, 0);
      expect(found.length).to.be.above(1);
      for (const page of found)
        expect(ListProjectsResponse.encode(page).finish().length).to.be.below(4 * 1024 * 1024);
      const ids = found.flatMap(({ projects }) => projects.map(({ id }) => id));
      expect(ids).to.have.lengthOf(1501);
      expect(new Set(ids)).to.have.property('size', 1501);
    });

    it('are not continued by a token of another list', async () => {
      for (const pageToken of ['nonsense', 'W10', 'WyIxIiwiMiJd'])
        expect(await refusal(client.projects.listProjects({ pageToken }, as(owner)))).to.include({
          code: 'INVALID_ARGUMENT',
        });
    });
  });

  describe('keep a history', () => {
    it('of what was applied for and answered [4]', async () => {
      const { id, application } = await create(owner);
      await approve(id, application);
      const modify = (comments: string) =>
        client.projects.modifyProject({ projectId: id, comments, resources: {} }, as(owner));
      const replaced = await modify('first thoughts');
      const cancelled = await modify('second thoughts');
      const value = { appId: cancelled.application, reason: 'none at all' };
      await act(owner, id, { $case: 'cancel', value });
      const list = (who: Person, pageSize = 0, pageToken = '') =>
        client.projects.listProjectApplications({ projectId: id, pageSize, pageToken }, as(who));
      const { applications } = await list(owner);
      expect(applications.map((one) => [one.id, one.state, one.comments])).to.deep.equal([
        [application, ApplicationState.STATE_APPROVED, ''],
        [replaced.application, ApplicationState.STATE_REPLACED, 'first thoughts'],
        [cancelled.application, ApplicationState.STATE_CANCELLED, 'second thoughts'],
      ]);
      expect(applications[0]).to.include({ response: 'welcome', responseActor: admin.uuid });
      expect(applications[0]?.responseDate).to.be.instanceOf(Date);
      expect(applications[1]).to.include({ response: undefined, waiveDate: undefined });
      expect(applications[2]).to.include({ waiveReason: 'none at all', waiveActor: owner.uuid });
      const first = await list(admin, 2);
      const second = await list(admin, 2, first.nextPageToken);
      expect([...first.applications, ...second.applications]).to.deep.equal(applications);
      expect(second.nextPageToken).to.equal('');
      const stranger = await createPerson(stack);
      expect(await refusal(list(stranger))).to.include({ code: 'PERMISSION_DENIED' });
    });

    it('of how they came to stand as they do [8.1, 14]', async () => {
      const { id, application } = await create(owner);
      await approve(id, application);
      await act(admin, id, { $case: 'suspend', value: { reason: 'unpaid' } });
      await act(admin, id, { $case: 'unsuspend', value: { reason: '' } });
      const account = { uuid: owner.uuid, username: `name-${owner.uuid}` };
      const user = { ...account, email: `${owner.uuid}@example.org` };
      await stack.apply(JSON.stringify({ users: [{ ...user, active: false }] }));
      await stack.apply(JSON.stringify({ users: [user] }));
      await stack.apply(JSON.stringify({ projects: [{ uuid: id, state: 'terminated' }] }));
      const { transitions } = await client.projects.listProjectLog({ projectId: id }, as(owner));
      const steps = transitions.map((one) => [one.toState, one.actor, one.reason]);
      expect(steps).to.deep.equal([
        [State.STATE_ACTIVE, admin.uuid, 'welcome'],
        [State.STATE_SUSPENDED, admin.uuid, 'unpaid'],
        [State.STATE_ACTIVE, admin.uuid, undefined],
        [State.STATE_SUSPENDED, undefined, 'user_deactivation'],
        [State.STATE_ACTIVE, undefined, 'user_deactivation'],
        [State.STATE_TERMINATED, undefined, 'state_file'],
      ]);
      transitions.reduce((before, one) => {
        expect(one.fromState).to.equal(before);
        return one.toState;
      }, State.STATE_UNINITIALIZED);
      expect(
        await refusal(client.projects.listProjectLog({ projectId: 'none' }, as(owner))),
      ).to.include({ code: 'NOT_FOUND', message: 'There is no project identified by none.' });
    });

    it('as events for whom they concern [13]', async () => {
      const { id, application } = await create(owner, { comments: 'please' });
      await approve(id, application);
      const modified = await client.projects.modifyProject(
        { projectId: id, maxMembers: 7n, resources: {} },
        as(owner),
      );
      const value = { appId: modified.application, reason: 'too many' };
      await act(admin, id, { $case: 'deny', value });
      await act(admin, id, { $case: 'suspend', value: { reason: 'unpaid' } });
      const events = await stack.database.query<{
        type: string;
        subject: string;
        recipients: string[];
        facts: Record<string, string>;
      }>(
        `select type, subject, recipients, facts from events
          where facts ->> 'project' = $1 order by xact, id`,
        [id],
      );
      const told = events.map(({ type, subject, recipients }) => [type, subject, recipients]);
      const ids = [application, modified.application].map(String);
      expect(told).to.deep.equal([
        ['project.application.submitted', ids[0], ['project_creation']],
        ['project.application.approved', ids[0], [owner.uuid, 'project_notification']],
        ['project.application.modified', ids[1], ['project_modification']],
        ['project.application.denied', ids[1], [owner.uuid]],
        ['project.suspended', id, [owner.uuid]],
      ]);
      expect(events[0]?.facts).to.include({ applicant: owner.uuid, comments: 'please' });
      expect(events[1]?.facts).to.include({ previous_state: 'uninitialized', actor: admin.uuid });
      expect(events[2]?.facts).to.include({ max_members: '7' }).and.not.have.property('name');
      expect(events[2]?.facts['unchanged']).to.include('name,owner');
      expect(events[3]?.facts).to.include({ reason: 'too many' });
      expect(events[4]?.facts).to.include({ reason: 'unpaid' });
    });
  });

  it('release what counters have, and fail on none that lost something [19.7]', async () => {
    const { id, application } = await create(owner);
    await stack.database.query(
      `update holdings set usage_min = 0, usage_max = 0
        where holder = $1 and resource = 'astakos.pending_app'`,
      [`user:${owner.uuid}`],
    );
    await approve(id, application);
    const counters = await stack.database.query(
      `select holder, usage_min::int as usage from holdings
        where holder in ($1, $2) and resource = 'astakos.pending_app' order by holder`,
      [`user:${owner.uuid}`, `project:${owner.uuid}`],
    );
    expect(counters).to.deep.equal([
      { holder: `project:${owner.uuid}`, usage: 0 },
      { holder: `user:${owner.uuid}`, usage: 0 },
    ]);
  });
});
