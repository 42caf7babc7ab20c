/**
 * Goal: projects end when their end date has passed, with a reason in the log, and nothing stops the
 * others when one of them cannot be ended (projects specification, 14 and 19.11).
 * Method: declared projects on a clock of the test's own; the sweep run by hand, and by a server.
 */
import { expect } from 'chai';
import pg from 'pg';
import { createOperations, type Operations } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type LogLine, startStack } from '../support/stack.js';
import { applyStateText } from '../../src/state/apply.js';
import { WORLD } from '../support/world.js';

const OWNER = 'owner-of-all';
const END = '2031-06-01T12:30:00Z';

describe('the end of projects', () => {
  let database: TestDatabase;
  let operations: Operations;
  let now: Date;

  const settings = () =>
    loadConfig({ DATABASE_URL: database.url, SERVER_ADDRESS: '127.0.0.1:0', LOG_LEVEL: 'silent' });
  const apply = (state: object) => applyStateText(operations, JSON.stringify(state), 'test.yaml');

  beforeEach(async () => {
    now = new Date('2031-01-01T00:00:00Z');
    database = await createTestDatabase();
    operations = createOperations(settings(), { clock: { now: () => now } });
    await applyStateText(operations, WORLD, 'world.yaml');
    await apply({ users: [{ uuid: OWNER, username: 'olga', email: 'olga@example.org' }] });
  });
  afterEach(async () => {
    await operations.close();
    await database.drop();
  });

  /** Declares projects of these ids, named after them. */
  const declare = (...uuids: string[]) => declareWith({}, ...uuids);
  async function declareWith(fields: object, ...uuids: string[]): Promise<void> {
    const projects = uuids.map((uuid) => ({
      ...{ uuid, name: `${uuid}.test`, owner: OWNER, end_date: END },
      resources: { 'nimbus.vm': { project_capacity: 40, member_capacity: 4 } },
      members: [{ user: OWNER }],
      ...fields,
    }));
    await apply({ projects });
  }

  const after = (end: string, milliseconds = 1) => {
    now = new Date(Date.parse(end) + milliseconds);
  };
  const sweep = async () => {
    const found = operations.projects.sweeps.find(
      ({ name }) => name === 'projects.terminate_expired',
    );
    if (found === undefined) throw new Error('Nothing ends projects');
    expect(found.everySeconds).to.equal(60);
    await found.run();
  };
  async function states(): Promise<Record<string, string>> {
    const rows = await database.query<{ uuid: string; state: string }>(
      'select uuid, state from projects where not is_system order by uuid',
    );
    return Object.fromEntries(rows.map(({ uuid, state }) => [uuid, state]));
  }
  const logOf = (uuid: string) =>
    database.query<Record<string, unknown>>(
      `select from_state, to_state, l.at, actor, reason
         from project_log l join projects p on p.id = l.project_id where uuid = $1 order by l.id`,
      [uuid],
    );

  it('comes after the end date, with a reason in the log and all limits at 0', async () => {
    await declare('p1');
    after(END);
    await sweep();
    expect(await states()).to.deep.equal({ p1: 'terminated' });
    expect(await logOf('p1')).to.deep.equal([
      {
        ...{ from_state: 'active', to_state: 'terminated', at: now, actor: null },
        reason: 'Expired on 2031-06-01T12:30:00Z',
      },
    ]);
    const limits = await database.query(
      `select distinct "limit" from holdings where holder = 'project:p1' or source = 'project:p1'`,
    );
    expect(limits).to.deep.equal([{ limit: '0' }]);
    await declareWith({ name: 'p1.test', end_date: '2040-01-01T00:00:00Z' }, 'p2');
    expect(await states()).to.deep.equal({ p1: 'terminated', p2: 'active' });
  });

  it('is an event for the owner', async () => {
    await declare('p1');
    after(END);
    await sweep();
    const events = await database.query('select type, subject, recipients, facts, at from events');
    expect(events).to.deep.equal([
      {
        ...{ type: 'project.terminated', subject: 'p1', recipients: [OWNER], at: now },
        facts: {
          project: 'p1',
          project_name: 'p1.test',
          reason: 'Expired on 2031-06-01T12:30:00Z',
        },
      },
    ]);
  });

  it('comes to suspended projects, and to no others that are not alive', async () => {
    await declareWith({ state: 'suspended' }, 'suspended');
    await declareWith({ state: 'terminated' }, 'terminated');
    await database.query(
      `insert into projects (uuid, realname, state, end_date, owner)
       select s, s, s, $1, $2 from unnest(array['uninitialized', 'deleted']) as s`,
      [END, OWNER],
    );
    after(END);
    await sweep();
    expect(await states()).to.deep.equal({
      deleted: 'deleted',
      suspended: 'terminated',
      terminated: 'terminated',
      uninitialized: 'uninitialized',
    });
    expect(await logOf('suspended')).to.have.length(1);
    expect(await logOf('terminated')).to.have.length(0);
  });

  it('does not come at the end date itself, nor before', async () => {
    await declare('p1');
    after(END, 0);
    await sweep();
    expect(await states()).to.deep.equal({ p1: 'active' });
  });

  it('never comes to system projects', async () => {
    await database.query('update projects set end_date = $1 where is_system', [END]);
    after(END);
    await sweep();
    const found = await database.query('select state from projects where is_system');
    expect(found).to.deep.equal([{ state: 'active' }]);
    expect(await operations.projects.endDates.expired()).to.deep.equal([]);
  });

  it('comes again to a project that was reinstated without another end', async () => {
    await declare('p1');
    after(END);
    await sweep();
    await operations.projects.operating.act('p1', 'reinstate');
    expect(await states()).to.deep.equal({ p1: 'active' });
    await sweep();
    expect(await states()).to.deep.equal({ p1: 'terminated' });
  });

  it('comes to the others when one cannot be ended; that one is tried again and reported', async () => {
    await declare('a', 'b', 'c');
    await database.query(`
      create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'refused on purpose'; end $$;
      create trigger refuse before update on projects for each row
        when (old.uuid = 'b' and new.state = 'terminated') execute function refuse()`);
    after(END);
    const error: unknown = await sweep().catch((thrown: unknown) => thrown);
    expect(error).to.be.an('error').with.property('message').that.contains('1 expired projects, b');
    expect(String((error as Error).cause)).to.contain('refused on purpose');
    expect(await states()).to.deep.equal({ a: 'terminated', b: 'active', c: 'terminated' });
    expect(await logOf('b')).to.deep.equal([]);
    await database.query('drop trigger refuse on projects');
    await sweep();
    expect(await states()).to.deep.equal({ a: 'terminated', b: 'terminated', c: 'terminated' });
  });

  it('spares a project whose end is moved while it is being looked for', async () => {
    await declare('p1');
    after(END);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('begin');
      await client.query(`update projects set end_date = '2050-01-01' where uuid = 'p1'`);
      const ending = operations.projects.endDates.terminateExpired();
      await eventually(async () => {
        const [row] = await database.query<{ n: string }>(
          `select count(*) as n from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return row?.n === '1';
      });
      await client.query('commit');
      expect((await ending).map(({ outcome }) => outcome)).to.deep.equal(['spared']);
    } finally {
      await client.end();
    }
    expect(await states()).to.deep.equal({ p1: 'active' });
  });

  it('comes once when two look for it at the same time', async () => {
    const uuids = Array.from({ length: 20 }, (_, index) => `p${index}`);
    await declare(...uuids);
    after(END);
    const other = createOperations(settings(), { clock: { now: () => now } });
    try {
      const ended = await Promise.all(
        [operations, other].map(({ projects }) => projects.endDates.terminateExpired()),
      );
      const terminated = ended.flat().filter(({ outcome }) => outcome === 'terminated');
      expect(terminated.map(({ project }) => project.uuid)).to.have.members(uuids);
      expect(ended.flat().some(({ outcome }) => outcome === 'failed')).to.equal(false);
    } finally {
      await other.close();
    }
    for (const uuid of uuids) expect(await logOf(uuid)).to.have.length(1);
  });

  it('is seen coming, the longest expired first, however many they are', async () => {
    await database.query(
      `insert into projects (uuid, realname, name, state, end_date, owner)
       select 'p' || n, 'p' || n, 'p' || n, 'active',
              $1::timestamptz - n / 3 * interval '1 minute', $2
         from generate_series(1, 1203) as n`,
      [END, OWNER],
    );
    after(END);
    const found = await operations.projects.endDates.expired();
    expect(found).to.have.length(1203);
    const ends = found.map(({ endDate }) => endDate.getTime());
    expect(ends).to.deep.equal([...ends].sort((a, b) => a - b));
    expect(new Set(found.map(({ uuid }) => uuid)).size).to.equal(1203);
  });

  it('is brought about by a running server, which says so in its log', async () => {
    await declare('p1');
    after(END);
    const lines: LogLine[] = [];
    const stack = await startStack({
      database: { ...database, drop: () => Promise.resolve() },
      envoy: false,
      clock: { now: () => now },
      settings: { LOG_LEVEL: 'info' },
      log: (line) => lines.push(line),
    });
    try {
      await eventually(async () => (await states())['p1'] === 'terminated');
      const [stored] = await database.query<{ id: string }>('select id from events');
      const line = await eventually(() => lines.find(({ msg }) => msg === 'event') ?? false);
      expect(line['event']).to.deep.equal({
        ...{
          id: Number(stored?.id),
          type: 'project.terminated',
          subject: 'p1',
          recipients: [OWNER],
        },
      });
    } finally {
      await stack.stop();
    }
  });
});
