// Goal: every filter of the lists of projects and memberships, and what their actions look up, finds its
// rows by an index, however large the tables grow. Method: tables of a realistic size; the statements
// of the storage functions are explained by Postgres, and none may read a large table from end to end.
import pg from 'pg';
import { columnTypes } from '../../src/db/int8.js';
import type { Tx } from '../../src/db/tx.js';
import {
  findMembership,
  membershipLog,
  readMemberships,
} from '../../src/projects/storage/membership-list.js';
import { findProject, readProjects } from '../../src/projects/storage/project-list.js';
import { holdersOfNames, lockProjects } from '../../src/projects/storage/projects.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectIndexed } from '../support/plans.js';

/** Tables that grow with users, projects and what happens to them. */
const LARGE = [
  ...['users', 'projects', 'project_quotas', 'project_memberships', 'project_membership_log'],
  ...['project_applications', 'project_application_grants', 'project_log', 'holdings'],
];

const RESOURCES = ['plan.a', 'plan.b'];
const USER = id(77);
/** An ordinary project; the ids of system projects are those of their users. */
const PROJECT = id(1_000_077);
const PEOPLE = 20_000;
const PROJECTS = 4_000;

type Run = (tx: Tx) => Promise<unknown>;

const listed =
  (filter: Parameters<typeof readProjects>[1]): Run =>
  (tx) =>
    drain(readProjects(tx, filter, RESOURCES));
const memberships =
  (filter: Parameters<typeof readMemberships>[1]): Run =>
  (tx) =>
    drain(readMemberships(tx, filter));
const of = (how: 'default' | 'member' | 'related' | 'active') => ({ user: USER, how });

/** What is asked for, and the table it must reach by an index. */
const ASKED: Readonly<Record<string, readonly [table: string, run: Run]>> = {
  'one project': ['projects', (tx) => findProject(tx, PROJECT, USER, RESOURCES)],
  'projects in a rare state': ['projects', listed({ state: 'deleted' })],
  'projects of an owner': ['projects', listed({ owner: USER })],
  'projects of a name': ['projects', listed({ name: 'p77.test' })],
  'projects of a name, as a user': [
    'projects',
    listed({ name: 'p77.test', related: of('default') }),
  ],
  'what a user may see': ['projects', listed({ related: of('default') })],
  'what a user belongs to': ['project_memberships', listed({ related: of('member') })],
  'what concerns a user': ['project_memberships', listed({ related: of('related') })],
  'what is open to everybody': ['projects', listed({ related: of('active') })],
  'deleted projects of a user': ['projects', listed({ state: 'deleted', related: of('default') })],
  'a page of all projects': ['projects', listed({ after: PROJECT, limit: 100 })],
  'a page of what a user belongs to': [
    'project_memberships',
    listed({ after: PROJECT, limit: 100, related: of('member') }),
  ],
  'one membership': ['project_memberships', (tx) => findMembership(tx, 77n)],
  'memberships of a project': ['project_memberships', memberships({ project: PROJECT })],
  'memberships that concern a user': ['project_memberships', memberships({ concerning: USER })],
  'memberships of a project that concern a user': [
    'project_memberships',
    memberships({ concerning: USER, project: PROJECT }),
  ],
  'a page of all memberships': ['project_memberships', memberships({ after: 77n, limit: 100 })],
  'the steps of a membership': ['project_membership_log', (tx) => membershipLog(tx, 77n, 0n, 100)],
  'who holds a name': ['projects', (tx) => holdersOfNames(tx, ['p77.test'])],
  'the row of a project': ['projects', (tx) => lockProjects(tx, [PROJECT])],
};

describe('the plans of lists of projects and memberships', function () {
  this.timeout(60_000);

  let database: TestDatabase;
  let client: pg.Client;

  before(async () => {
    database = await createTestDatabase();
    await fill(database);
    client = new pg.Client({ connectionString: database.url, types: columnTypes });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  for (const [what, [table, run]] of Object.entries(ASKED)) {
    it(`reach ${table} by an index when asked for ${what}`, async () => {
      await expectIndexed(client, run, { table, large: LARGE });
    });
  }
});

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  for await (const piece of pieces) piece;
}

function id(n: number): string {
  return `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

/** Users with system projects, and projects in all states with applications, members and logs. */
async function fill(database: TestDatabase): Promise<void> {
  const uuid = (n: string) => `lpad((${n})::text, 8, '0') || '-0000-4000-8000-000000000000'`;
  await database.query(`
    insert into resources (name, service, ui_visible, api_visible, system_default, project_default)
      select 'plan.' || r, 'astakos_account', true, true, 5, 5 from unnest(array['a', 'b']) as r;
    insert into users (uuid, username, email)
      select ${uuid('n')}, 'name-' || n, n || '@example.org' from generate_series(1, ${PEOPLE}) as n;
    insert into projects (uuid, realname, name, state, end_date, is_system, private)
      select ${uuid('n')}, 'system' || n, 'system' || n, 'active', '9999-12-31', true, true
        from generate_series(1, ${PEOPLE}) as n;
    insert into projects (uuid, realname, name, state, end_date, owner, private, max_members)
      select ${uuid('1000000 + n')}, 'p' || n || '.test',
             case when s in ('active', 'suspended') then 'p' || n || '.test' end,
             s, now() + interval '1 year', ${uuid('1 + n % 5000')}, n % 10 > 0, 25
        from generate_series(1, ${PROJECTS}) as n
       cross join lateral (select case when n % 400 = 0 then 'deleted' when n % 7 = 0 then 'terminated'
                                       when n % 11 = 0 then 'suspended' else 'active' end as s) as states;
    insert into project_applications (project_id, applicant, state, name, issued_at, responded_at)
      select id, owner, 'approved', realname, now(), now() from projects where not is_system;
    update projects p set last_application = a.id
      from project_applications a where a.project_id = p.id;
    insert into project_application_grants (application_id, resource, project_capacity, member_capacity)
      select a.id, r.name, 5, 5 from project_applications a cross join resources r;
    insert into project_quotas (project_id, resource, project_capacity, member_capacity)
      select p.id, r.name, 5, 5 from projects p cross join resources r;
    insert into project_log (project_id, from_state, to_state, at)
      select id, 'uninitialized', 'active', now() from projects where not is_system;
    insert into project_memberships (project_id, user_uuid, state, initialized)
      select id, uuid, 'accepted', true from projects where is_system;
    insert into project_memberships (project_id, user_uuid, state, initialized)
      select p.id, ${uuid('1 + (p.id * 13 + k) % ' + String(PEOPLE))},
             case when k = 1 then 'requested' else 'accepted' end, k > 1
        from projects p cross join generate_series(1, 10) as k where not p.is_system;
    insert into project_membership_log (membership_id, to_state, at)
      select id, state, now() from project_memberships`);
  await database.query('vacuum analyze');
}
