// Goal: a user in 1,000 projects and a project with 10,000 members are listed by one query each, within a
// second and 100 MiB; approving a change of such a project changes its 20,000 holdings in one statement.
// Method: rows go straight into the tables; a server in a process of its own answers through Envoy while
// the kernel takes down its peak memory; statements are read on their way to Postgres.
import { expect } from 'chai';
import { wrongLimits } from '../support/projects-audit.js';
import { createOperations, type Operations } from '../../src/app.js';
import type { CallContext } from '../../src/kernel/call-context.js';
import type { HttpRequest } from '../../src/rpc/http.js';
import {
  type Caller,
  createAdmin,
  createCaller,
  outcomeOf,
  submitted,
} from '../support/projects.js';
import { forgetPeakOf, memoryOf } from '../support/process-memory.js';
import type { RestAnswer } from '../support/rest-client.js';
import { startStack, type Stack } from '../support/stack.js';
import { type StatementTap, startStatementTap } from '../support/statement-tap.js';

const PROJECTS = 1_000;
const MEMBERS = 10_000;
const MOST_GROWTH_MIB = 100;
const MOST_MILLISECONDS = 1_000;
const BIG = 'aaaaaaaa-0000-4000-8000-000000000000';

describe('large projects and users in many of them', function () {
  this.timeout(120_000);

  let stack: Stack;
  let tap: StatementTap;
  /** The slices on the same database behind the tap; no server and no job runs there. */
  let tapped: Operations;
  let admin: Caller;
  let owner: Caller;
  let busy: Caller;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 1 });
    // With the hidden one of pending applications there are two resources: 20,000 holdings.
    const resources = [{ name: 'bulk.a', project_default: 5, system_default: 5 }];
    const service = { name: 'bulk_service', type: 'bulk', resources };
    await stack.apply(
      JSON.stringify({ components: [{ name: 'bulk', token: 'bulk-token', services: [service] }] }),
    );
    admin = await createAdmin(stack);
    owner = await createCaller(stack);
    busy = await createCaller(stack);
    await fill();
    tap = await startStatementTap(stack.database.url);
    tapped = createOperations({ ...stack.config, databaseUrl: tap.url });
  });
  after(async () => {
    await tapped.close();
    await tap.close();
    await stack.stop();
  });

  describe('the projects of a user who is in 1,000', () => {
    for (const query of ['', '?mode=member', '?mode=related&state=active'])
      it(`are listed within bounds: GET /projects${query}`, async () => {
        expect(await bounded(() => busy.calls.list(query))).to.have.length(PROJECTS + 1);
      });

    it('are listed by one query', async () => {
      await expectOneQuery('ListProjects', busy, ['mode=member', '', 'name=b1.test']);
    });

    it('and memberships are listed within bounds, by one query', async () => {
      expect(await bounded(() => busy.calls.memberships())).to.have.length(PROJECTS + 1);
      await expectOneQuery('ListMemberships', busy, ['', `project=${BIG}`]);
    });
  });

  describe('the members of a project that has 10,000', () => {
    for (const [who, caller] of [
      ['owner', () => owner],
      ['admin', () => admin],
    ] as const)
      it(`are listed to its ${who} within bounds`, async () => {
        const entries = await bounded(() => caller().calls.memberships(`?project=${BIG}`));
        expect(entries).to.have.length(MEMBERS);
        expect(entries[0]).to.include({ project: BIG, state: 'accepted' });
      });

    it('are listed by one query', async () => {
      await expectOneQuery('ListMemberships', owner, [`project=${BIG}`, 'project=nope']);
    });

    it('get new limits by one statement when a change is approved', async () => {
      const resources = { 'bulk.a': { project_capacity: 90_000, member_capacity: 9 } };
      const { application } = await submitted(owner.calls.modify(BIG, { resources }));
      const approve = { $case: 'approve', value: { appId: application, reason: '' } };
      const statements = await tap.during(() => act(approve));
      expect(await memberLimits()).to.deep.include({
        ...{ resource: 'bulk.a', limit: '9', n: String(MEMBERS) },
      });
      expectFewWrites(statements);
      expect(await wrongLimits(stack)).to.deep.equal([]);
    });

    it('lose and regain 20,000 limits, each time by one statement', async () => {
      const before = await memberLimits();
      const none = before.map((row) => ({ ...row, limit: '0' }));
      for (const $case of ['suspend', 'unsuspend', 'terminate', 'reinstate'] as const) {
        const statements = await tap.during(() => act({ $case, value: { reason: '' } }));
        const isOn = $case === 'unsuspend' || $case === 'reinstate';
        expect(await memberLimits(), $case).to.deep.equal(isOn ? before : none);
        expectFewWrites(statements);
      }
      expect(await wrongLimits(stack)).to.deep.equal([]);
    });
  });

  /** Runs a call on the other process within the time and memory that are allowed. */
  async function bounded(call: () => Promise<RestAnswer>): Promise<readonly unknown[]> {
    const { pid = 0 } = stack.processes[0] ?? {};
    // The first call fills caches and compiles what it runs.
    expect(outcomeOf(await call())).to.equal('200');
    const before = memoryOf(pid, 'VmRSS');
    forgetPeakOf(pid);
    const times: number[] = [];
    let answer: RestAnswer | undefined;
    // The machine may be busy with something else; the call itself is what is measured.
    while (times.length < 3) {
      const start = performance.now();
      answer = await call();
      times.push(performance.now() - start);
    }
    expect(Math.min(...times)).to.be.below(MOST_MILLISECONDS);
    expect((memoryOf(pid, 'VmHWM') - before) / 1024).to.be.below(MOST_GROWTH_MIB);
    return JSON.parse(answer?.text ?? '') as readonly unknown[];
  }

  /** The REST face of a list takes the same statements whatever it finds, one of them to read. */
  async function expectOneQuery(
    rpc: string,
    caller: Caller,
    queries: readonly string[],
  ): Promise<void> {
    for (const query of queries) {
      const read = async () => {
        const request = { query: new URLSearchParams(query) } as unknown as HttpRequest;
        const answer = await routeOf(rpc).answerRest(request, credentialsOf(caller), CONTEXT);
        expect(answer.status).to.equal(200);
      };
      // Tokens are looked up once.
      await read();
      const statements = await tap.during(read);
      const reading = statements.filter((one) => /project_memberships|from projects/.test(one));
      expect(reading.length, statements.map(firstWords).join('\n')).to.equal(1);
      expect(statements.length, statements.map(firstWords).join('\n')).to.be.at.most(5);
    }
  }

  async function act(action: object): Promise<void> {
    const route = routeOf('ActOnProject');
    await route.answerGrpc({ projectId: BIG, action }, credentialsOf(admin), {
      ...CONTEXT,
      face: 'grpc',
    });
  }

  function routeOf(rpc: string) {
    const methods = tapped.projects.services.flatMap((service) => service.methods);
    const route = methods.find((method) => method.rpc.endsWith(`/${rpc}`))?.route;
    if (route === undefined) throw new Error(`There is no ${rpc}`);
    return route;
  }

  function expectFewWrites(statements: readonly string[]): void {
    const printed = statements.map(firstWords).join('\n');
    const limits = statements.filter((one) => /insert into holdings/.test(one));
    expect(limits.length, printed).to.equal(1);
    expect(statements.length, printed).to.be.below(30);
  }

  /** How many members have which limit of which resource. */
  function memberLimits() {
    return stack.database.query<{ resource: string; limit: string; n: string }>(
      `select resource, "limit", count(*) as n from holdings
        where source = $1 group by resource, "limit" order by resource, "limit"`,
      [`project:${BIG}`],
    );
  }

  async function fill(): Promise<void> {
    const uuid = `lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000'`;
    await stack.database.query(
      `insert into users (uuid, username, email)
         select ${uuid}, 'bulk-' || n, n || '@bulk.org' from generate_series(1, ${MEMBERS}) as n`,
    );
    await stack.database.query(
      `insert into projects (uuid, realname, name, state, owner, end_date, private)
         select $2, 'big.test', 'big.test', 'active', $1, now() + interval '1 year', true
         union all
         select 'b' || n, 'b' || n || '.test', 'b' || n || '.test', 'active', $1,
                now() + interval '1 year', true
           from generate_series(1, ${PROJECTS}) as n`,
      [owner.uuid, BIG],
    );
    await stack.database.query(
      `insert into project_quotas (project_id, resource, project_capacity, member_capacity)
         select p.id, r.name, 5, 5 from projects p cross join resources r where p.owner = $1
             on conflict do nothing`,
      [owner.uuid],
    );
    await stack.database.query(
      `insert into project_memberships (project_id, user_uuid, state, initialized)
         select (select id from projects where uuid = $1), u.uuid, 'accepted', true
           from users u where u.username like 'bulk-%'
         union all
         select p.id, $2, 'accepted', true from projects p where p.realname like 'b%.test' and p.uuid <> $1`,
      [BIG, busy.uuid],
    );
    await stack.database.query(
      `insert into project_membership_log (membership_id, to_state, at)
         select id, 'accepted', now() from project_memberships m
          where not exists (select from project_membership_log l where l.membership_id = m.id);
       insert into holdings (holder, source, resource, "limit")
         select 'project:' || p.uuid, null, q.resource, q.project_capacity
           from projects p join project_quotas q on q.project_id = p.id
             on conflict do nothing;
       insert into holdings (holder, source, resource, "limit")
         select 'user:' || m.user_uuid, 'project:' || p.uuid, q.resource, q.member_capacity
           from project_memberships m join projects p on p.id = m.project_id
           join project_quotas q on q.project_id = p.id
             on conflict do nothing`,
    );
    await stack.database.query('vacuum analyze');
  }
});

const CONTEXT: CallContext = {
  ...{ requestId: '', face: 'rest', deadline: Infinity, isCancelled: () => false },
};

function credentialsOf({ token }: Caller) {
  return { authToken: token, authorization: undefined, header: () => undefined };
}

function firstWords(statement: string): string {
  return statement.replace(/\s+/g, ' ').trim().slice(0, 120);
}
