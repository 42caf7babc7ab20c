// Goal: what runs for every call finds its rows by an index, however large the tables grow.
// Method: tables of a realistic size; the statements of the storage functions are explained by
// Postgres, for given values and for any, and none may read a large table from end to end.
import { expect } from 'chai';
import pg from 'pg';
import { columnTypes } from '../../src/db/int8.js';
import type { Tx } from '../../src/db/tx.js';
import {
  adoptRestoredEvents,
  deleteEventsBefore,
  eventsBetween,
  readHorizon,
} from '../../src/events/storage/outbox.js';
import { hashToken } from '../../src/identity/domain/token.js';
import { findToken } from '../../src/identity/storage/known-tokens.js';
import { usersByUsername, usersByUuid } from '../../src/identity/storage/user-names.js';
import { type Quantity, quantity } from '../../src/kernel/quantity.js';
import { expiredProjects } from '../../src/projects/storage/expired-projects.js';
import { effectiveProjectsOf } from '../../src/projects/storage/projects.js';
import {
  expiredCommissions,
  findCommission,
  listCommissions,
} from '../../src/quotas/storage/commissions.js';
import { findRequests, findSettlements } from '../../src/quotas/storage/earlier-calls.js';
import { HoldingIds } from '../../src/quotas/storage/holding-ids.js';
import { lockCommissions, lockHoldings, writeLedger } from '../../src/quotas/storage/ledger.js';
import { setLimits } from '../../src/quotas/storage/limits.js';
import { readProjectQuotas, readUserQuotas } from '../../src/quotas/storage/readings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectIndexed, ExplainingTx, readFromEndToEnd } from '../support/plans.js';

/** Tables that grow with users and calls. */
const LARGE = [
  'holdings',
  'commissions',
  'settled_commissions',
  'commission_requests',
  'events',
  'tokens',
  'users',
  'projects',
  'project_memberships',
];

const RESOURCES = ['plan.a', 'plan.b'];
const COMPONENT = 1n;
const USER = id(77);
const PROVISION = {
  holder: `user:${USER}`,
  source: `project:${USER}`,
  resource: 'plan.a',
  quantity: quantity(1n),
};
const OWN = { ...PROVISION, holder: `project:${USER}`, source: null };
const ALL = { after: undefined, limit: undefined };
const AT = new Date();

const HOLDING = { limit: quantity(9n), usageMin: quantity(0n), usageMax: quantity(1n) };
const COMMISSION = {
  serial: 4_000_000n,
  componentId: COMPONENT,
  name: '',
  issuedAt: AT,
  holdingIds: [1n],
  quantities: [1n as Quantity],
};

/** What runs for every call, by what it is for, and the table it must reach by an index. */
const HOT: Record<string, readonly [table: string, run: (tx: Tx) => Promise<unknown>]> = {
  'looking up a token': ['tokens', (tx) => findToken(tx, hashToken('token-77'))],
  'translating ids of users': ['users', (tx) => usersByUuid(tx, [USER, id(78)])],
  'translating names of users': ['users', (tx) => usersByUsername(tx, ['name-77'])],
  "finding a user's projects": ['project_memberships', (tx) => effectiveProjectsOf(tx, USER)],
  'finding holdings by name': ['holdings', (tx) => new HoldingIds().find(tx, [PROVISION, OWN])],
  'locking holdings': ['holdings', (tx) => lockHoldings(tx, [5n, 70_000n, 199_999n], 1)],
  'locking commissions': [
    'commissions',
    (tx) =>
      lockCommissions(tx, [
        { serial: 5n, componentId: COMPONENT },
        { serial: 49_000n, componentId: COMPONENT },
      ]),
  ],
  'finding earlier settlements': [
    'settled_commissions',
    (tx) => findSettlements(tx, [1_000_001n, 1_040_000n], new Date(0)),
  ],
  'finding earlier requests': [
    'commission_requests',
    (tx) => findRequests(tx, [{ componentId: COMPONENT, requestId: 'request-77' }]),
  ],
  'writing a batch': [
    'holdings',
    (tx) => {
      const commission = { ...COMMISSION, isSettled: false, expiresAt: null, request: null };
      writeLedger(tx, {
        holdings: new Map([
          [5n, HOLDING],
          [199_999n, HOLDING],
        ]),
        commissions: [commission],
        settlements: [
          { commission: { ...COMMISSION, serial: 5n }, holdings: [HOLDING], reason: 'ACCEPT:' },
        ],
        at: AT,
      });
      return Promise.resolve();
    },
  ],
  'setting limits': [
    'holdings',
    (tx) =>
      setLimits(tx, [
        { ...PROVISION, limit: quantity(7n) },
        { ...OWN, limit: quantity(7n) },
      ]),
  ],
  'reading one commission': ['commissions', (tx) => findCommission(tx, COMPONENT, 77n)],
  'listing a page of pending commissions': [
    'commissions',
    (tx) => drain(listCommissions(tx, { ...EVERY_AGE, after: 20_000n, limit: 100 })),
  ],
  'finding expired commissions': ['commissions', (tx) => expiredCommissions(tx, AT, 500)],
  'reading the quotas of a user': [
    'holdings',
    (tx) =>
      drain(
        readUserQuotas(tx, {
          ...ALL,
          users: [USER],
          projects: [USER, id(78)],
          resources: RESOURCES,
        }),
      ),
  ],
  'reading the quotas of some users': [
    'holdings',
    (tx) => {
      const users = Array.from({ length: 20 }, (_, index) => id(index * 100 + 1));
      return drain(
        readUserQuotas(tx, { ...ALL, users, projects: undefined, resources: RESOURCES }),
      );
    },
  ],
  'reading a page of the quotas of all users': [
    'holdings',
    (tx) => {
      const after = [id(20_000), id(20_000), 'plan.a'];
      const filter = { users: undefined, projects: undefined, resources: RESOURCES };
      return drain(readUserQuotas(tx, { ...filter, after, limit: 100 }));
    },
  ],
  'reading the quotas of some projects': [
    'holdings',
    (tx) =>
      drain(readProjectQuotas(tx, { ...ALL, projects: [USER, id(78)], resources: RESOURCES })),
  ],
  'finding expired projects': ['projects', (tx) => expiredProjects(tx, AT, undefined, 500)],
  // It has a row on every real transaction.
  'looking how far events can be read': ['events', (tx) => readHorizon(tx).catch(() => undefined)],
  'reading new events': ['events', (tx) => eventsBetween(tx, RECENTLY, NOW, EVERY_EVENT, 1_000)],
  'reading events about one thing': [
    'events',
    (tx) => eventsBetween(tx, LONG_AGO, NOW, { ...EVERY_EVENT, subject: 'thing-77' }, 1_000),
  ],
  'reading new events of some types': [
    'events',
    (tx) => eventsBetween(tx, RECENTLY, NOW, { ...EVERY_EVENT, typePrefix: 'plan.t7.' }, 1_000),
  ],
  'reading all events of some types': [
    'events',
    (tx) => eventsBetween(tx, LONG_AGO, NOW, { ...EVERY_EVENT, typePrefix: 'plan.t7.' }, 1_000),
  ],
  'forgetting events': ['events', (tx) => deleteEventsBefore(tx, AT, 1_000)],
  'adopting events': ['events', (tx) => adoptRestoredEvents(tx, 1_000)],
  'reading a page of the quotas of all projects': [
    'holdings',
    (tx) => {
      const after = [id(20_000), 'plan.a'];
      return drain(
        readProjectQuotas(tx, { projects: undefined, resources: RESOURCES, after, limit: 100 }),
      );
    },
  ],
};

const LONG_AGO = { xact: 0n, id: 0n };
const RECENTLY = { xact: 99_900n, id: 0n };
const NOW = { xact: 100_000n, id: 100_000n };
const EVERY_EVENT = { typePrefix: '', subject: '' };
const EVERY_AGE = { componentId: COMPONENT, issuedUntil: undefined, issuedSince: undefined };

describe('the plans of hot statements', function () {
  this.timeout(120_000);

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

  for (const [purpose, [table, run]] of Object.entries(HOT)) {
    it(`reach ${table} by an index when ${purpose}`, async () => {
      await expectIndexed(client, run, { table, large: LARGE });
    });
  }

  it('would be found out if they read a table from end to end', async () => {
    const tx = new ExplainingTx(client);
    await tx.query(
      { name: 'test.bad', text: 'select id from holdings where usage_max = $1::bigint' },
      [3],
    );
    const plans = await tx.plans();
    expect(plans.map((plan) => readFromEndToEnd(plan, LARGE))).to.deep.equal([
      ['Seq Scan on holdings'],
      ['Seq Scan on holdings'],
    ]);
  });
});

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  for await (const piece of pieces) piece;
}

function id(n: number): string {
  return `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

/** 50,000 users with base projects and tokens, 200,000 holdings, 50,000 pending and settled each. */
async function fill(database: TestDatabase): Promise<void> {
  const uuid = `lpad(n::text, 8, '0') || '-0000-4000-8000-000000000000'`;
  await database.query(`
    insert into components (name) select 'component-' || n from generate_series(1, 50) as n;
    insert into resources (name, service, ui_visible, api_visible, system_default, project_default)
      select 'plan.' || r, 'astakos_account', true, true, 5, 5 from unnest(array['a', 'b']) as r;
    insert into users (uuid, username, email)
      select ${uuid}, 'name-' || n, n || '@example.org' from generate_series(1, 50000) as n;
    insert into tokens (hash, user_id)
      select sha256(convert_to('token-' || n, 'UTF8')), u.id
        from generate_series(1, 50000) as n join users u on u.username = 'name-' || n;
    insert into projects (uuid, realname, name, state, end_date, is_system)
      select ${uuid}, 'p' || n, 'p' || n, 'active', '9999-12-31', true
        from generate_series(1, 50000) as n;
    insert into project_memberships (project_id, user_uuid, state, initialized)
      select id, uuid, 'accepted', true from projects where is_system;
    insert into holdings (holder, source, resource, "limit")
      select kind || ':' || uuid, case kind when 'user' then 'project:' || uuid end, resource, 5
        from (select ${uuid} as uuid from generate_series(1, 50000) as n) as people
       cross join unnest(array['user', 'project']) as kind
       cross join unnest(array['plan.a', 'plan.b']) as resource;
    insert into commissions (serial, component_id, name, issued_at, holding_ids, quantities, expires_at)
      select n, 1 + n % 50, '', now(), array[n], array[1],
             case when n % 10 = 0 then now() + n * interval '1 minute' end
        from generate_series(1, 50000) as n;
    insert into settled_commissions (serial, component_id, name, issued_at, settled_at, reason,
                                     holding_ids, quantities, limits, usage_mins, usage_maxs)
      select 1000000 + n, 1 + n % 50, '', now(), now(), 'ACCEPT:', array[n], array[1], array[5],
             array[1], array[1]
        from generate_series(1, 50000) as n;
    insert into commission_requests (component_id, request_id, fingerprint, serial, created_at)
      select 1 + n % 50, 'request-' || n, sha256('x'), n, now() - n * interval '1 second'
        from generate_series(1, 50000) as n;
    insert into events (xact, at, type, subject, recipients, facts)
      select n::text::xid8, now() - (100000 - n) * interval '1 minute',
             'plan.t' || n % 300 || '.done', 'thing-' || n % 5000, '{}', '{}'
        from generate_series(1, 100000) as n`);
  await database.query('vacuum analyze');
}
