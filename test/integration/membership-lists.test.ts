// Goal: a user with 1,000 memberships, a project with 10,000 members, and an admin who sees them all,
// list in under a second, below 100 MiB, in one statement that reaches every row by an index
// (projects specification, 12.1 and 12.2). Method: rows go straight into the tables; a server in a
// process of its own answers through Envoy while the kernel takes down its peak memory; statements
// are read on their way to Postgres, and explained by it.
import { expect } from 'chai';
import pg from 'pg';
import { createOperations, type Operations } from '../../src/app.js';
import { columnTypes } from '../../src/db/int8.js';
import { readMemberships } from '../../src/projects/storage/membership-list.js';
import type { HttpRequest } from '../../src/rpc/http.js';
import { ExplainingTx } from '../support/plans.js';
import { forgetPeakOf, memoryOf } from '../support/process-memory.js';
import type { RestAnswer } from '../support/rest-client.js';
import { startStack, type Stack } from '../support/stack.js';
import { startStatementTap, type StatementTap } from '../support/statement-tap.js';

const MEMBERS = 10_000;
const PROJECTS = 1_000;
const MOST_MILLISECONDS = 1_000;
/** The best of these counts: other tests may have the machine for a moment. */
const ROUNDS = 3;
const MOST_GROWTH_MIB = 100;
const TARGET = '/account/v1.0/projects/memberships';
const LARGE = ['project_memberships', 'project_membership_log', 'projects', 'users'];

describe(`memberships of ${MEMBERS} people and in ${PROJECTS} projects`, function () {
  this.timeout(120_000);

  let stack: Stack;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 1 });
    const users = ['owner', 'busy', 'admin'].map((uuid) => ({
      ...{
        uuid,
        username: uuid,
        email: `${uuid}@example.org`,
        tokens: [{ value: `${uuid}-token` }],
      },
      project_admin: uuid === 'admin',
    }));
    await stack.apply(JSON.stringify({ users }));
    await fill(stack);
  });
  after(() => stack.stop());

  /** Whose list, how many memberships it has, and where it is asked for. */
  const LISTS: readonly (readonly [who: string, count: number, query: string])[] = [
    ['busy', PROJECTS + 1, ''],
    ['owner', MEMBERS + 1, ''],
    ['owner', MEMBERS, '?project=large'],
  ];

  for (const [who, count, query] of LISTS) {
    it(`the ${count} that ${who} sees${query} take under ${MOST_MILLISECONDS} ms and ${MOST_GROWTH_MIB} MiB [12.2]`, async () => {
      const { pid = 0 } = stack.processes[0] ?? {};
      const token = `${who}-token`;
      await stack.rest.get(`${TARGET}?project=nothing`, { token });
      const before = memoryOf(pid, 'VmRSS');
      forgetPeakOf(pid);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const startedAt = performance.now();
        const answer = await stack.rest.get(TARGET + query, { token });
        times.push(performance.now() - startedAt);
        expect(idsOf(answer)).to.have.length(count);
      }
      expect(Math.min(...times), times.join(', ')).to.be.below(MOST_MILLISECONDS);
      expect((memoryOf(pid, 'VmHWM') - before) / 1024).to.be.below(MOST_GROWTH_MIB);
    });
  }

  it('are all of them for an admin [12.2]', async () => {
    const answer = await stack.rest.get(TARGET, { token: 'admin-token' });
    expect(idsOf(answer)).to.have.length(2 * MEMBERS + 2 * PROJECTS + 3);
  });

  it('are in the order of their ids, with the dates of their log [12.1]', async () => {
    const answer = await stack.rest.get(`${TARGET}?project=large`, { token: 'owner-token' });
    const ids = idsOf(answer);
    expect(ids).to.deep.equal([...ids].sort((a, b) => a - b));
    const [first] = JSON.parse(answer.text) as [object];
    expect(first).to.deep.include({
      user: 'm-1',
      state: 'accepted',
      requested: '2031-01-03T00:00:00+00:00',
      accepted: '2031-01-04T00:00:00+00:00',
      cancelled: '2031-01-02T00:00:00+00:00',
      allowed_actions: ['remove'],
    });
  });

  describe('in statements', () => {
    let tap: StatementTap;
    let operations: Operations;

    before(async () => {
      tap = await startStatementTap(stack.database.url);
      operations = createOperations({ ...stack.config, databaseUrl: tap.url });
    });
    after(async () => {
      await operations.close();
      await tap.close();
    });

    it('cost one, however many they are', async () => {
      for (const who of ['owner', 'busy', 'admin']) {
        // Whose token it is comes first, and is remembered.
        await read(who, '');
        const statements = await tap.during(() => read(who, ''));
        expect(
          statements.map((text) => text.trim().split(/\s/)[0]),
          statements.join('\n'),
        ).to.deep.equal(['begin', 'with', 'commit']);
      }
    });

    async function read(who: string, query: string): Promise<void> {
      const methods = operations.projects.services.flatMap((service) => service.methods);
      const route = methods.find(({ rpc }) => rpc.endsWith('/ListMemberships'))?.route;
      const authToken = `${who}-token`;
      const answer = await route?.answerRest(
        { query: new URLSearchParams(query) } as unknown as HttpRequest,
        { authToken, authorization: undefined, header: () => undefined },
        { requestId: '', face: 'rest', deadline: Infinity, isCancelled: () => false },
      );
      expect(answer?.status).to.equal(200);
    }
  });

  describe('as Postgres plans them', () => {
    let client: pg.Client;

    before(async () => {
      client = new pg.Client({ connectionString: stack.database.url, types: columnTypes });
      await client.connect();
    });
    after(() => client.end());

    const FILTERS = {
      'of one user': { concerning: 'm-1' },
      'of an owner who has a few': { concerning: 'small-1' },
      'of one project for its owner': { concerning: 'small-1', project: 'p-1' },
      'of one project for an admin': { project: 'p-1' },
      'by its id': { id: 77n },
      'on a page for an admin': { after: 500n, limit: 100 },
    };
    for (const [which, filter] of Object.entries(FILTERS))
      it(`are reached by indexes, ${which} [12.2]`, async () => {
        const tx = new ExplainingTx(client);
        for await (const piece of readMemberships(tx, filter)) piece;
        const scans = (await tx.plans()).flatMap((plan) => plan.scans);
        expect(scans).to.not.be.empty;
        const whole = scans.filter((scan) =>
          LARGE.some((table) => scan === `Seq Scan on ${table}`),
        );
        expect(whole, scans.join(', ')).to.deep.equal([]);
      });
  });
});

/** The ids in a list. */
function idsOf(answer: RestAnswer): number[] {
  expect(answer.status).to.equal(200);
  return (JSON.parse(answer.text) as { id: number }[]).map(({ id }) => id);
}

/**
 * One project with 10,000 members, every second one a request; 1,000 projects of as many owners with
 * the busy user in each; 10,000 system projects. Everybody has asked, given up and asked again.
 */
async function fill({ database }: Stack): Promise<void> {
  await database.query(`
    insert into users (uuid, username, email)
      select u, u, u || '@example.org' from (
        select 'm-' || n as u from generate_series(1, ${MEMBERS}) as n
        union all select 'small-' || n from generate_series(1, ${PROJECTS}) as n) as people;
    insert into projects (uuid, realname, name, state, owner, end_date, max_members, is_system)
      select 'large', 'large', 'large', 'active', 'owner', '9999-12-31'::timestamptz, 9000000, false
      union all select 'p-' || n, 'p-' || n, 'p-' || n, 'active', 'small-' || n, '9999-12-31', 5, false
                  from generate_series(1, ${PROJECTS}) as n
      union all select 'm-' || n, 'm-' || n, 'm-' || n, 'active', null, '9999-12-31', 1, true
                  from generate_series(1, ${MEMBERS}) as n
      union all select 'small-' || n, 'small-' || n, 'small-' || n, 'active', null, '9999-12-31', 1, true
                  from generate_series(1, ${PROJECTS}) as n;
    insert into project_memberships (project_id, user_uuid, state, initialized)
      select p.id, 'm-' || n, case n % 2 when 0 then 'requested' else 'accepted' end, n % 2 = 1
        from projects p, generate_series(1, ${MEMBERS}) as n where p.uuid = 'large' order by n;
    insert into project_memberships (project_id, user_uuid, state, initialized)
      select id, 'busy', 'accepted', true from projects where uuid like 'p-%';
    insert into project_memberships (project_id, user_uuid, state, initialized)
      select id, uuid, 'accepted', true from projects
       where is_system and (uuid like 'm-%' or uuid like 'small-%');
    insert into project_membership_log (membership_id, from_state, to_state, at)
      select m.id, s.before, s.after, '2030-12-31T00:00:00Z'::timestamptz + s.day * interval '1 day'
        from project_memberships m
       cross join (values (1, null::text, 'requested'), (2, 'requested', 'cancelled'),
                          (3, 'cancelled', 'requested'), (4, 'requested', 'accepted'))
                  as s (day, before, after)
       where m.state = 'accepted' or s.day < 4`);
  await database.query('vacuum analyze');
}
