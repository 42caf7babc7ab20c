// Goal: memberships from before there was a log get one that leads to where they stand (projects
// specification, 12.1). Method: a database is taken back to that time, gets memberships in every state
// and is migrated again.
import { expect } from 'chai';
import { migrate } from '../../src/db/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const MIGRATION = '0008_projects_membership_log';

describe('the migration to the log of memberships', () => {
  let database: TestDatabase;

  before(async () => {
    database = await createTestDatabase();
    let undone: readonly string[] = [];
    while (!undone.includes(MIGRATION)) undone = await migrate(database.url, 'down');
  });
  after(() => database.drop());

  it('begins each log with the present state, at the time of the last change', async () => {
    await database.query(`
      insert into users (uuid, username, email)
        select s, s, s from unnest(array['requested', 'accepted', 'leave_requested', 'suspended',
                                         'rejected', 'cancelled', 'removed']) as s;
      insert into projects (uuid, realname, name, state, end_date)
        values ('p', 'p', 'p', 'active', '2113-05-05');
      insert into project_memberships (project_id, user_uuid, state, suspension_reason, initialized,
                                       updated_at)
        select p.id, u.uuid, u.uuid, case u.uuid when 'suspended' then 'user_deactivation' end, true,
               '2031-01-01T00:00:00Z'::timestamptz + u.id * interval '1 day'
          from projects p, users u`);
    await migrate(database.url, 'up');
    const rows = await database.query(
      `select m.state = l.to_state and l.at = m.updated_at and l.from_state is null
              and l.actor is null and l.reason is not distinct from m.suspension_reason as fits
         from project_memberships m left join project_membership_log l on l.membership_id = m.id`,
    );
    expect(rows).to.deep.equal(Array.from({ length: 7 }, () => ({ fits: true })));
  });
});
