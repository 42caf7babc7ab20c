// Goal: a name that was reserved behind our backs is told like any other taken one (projects
// specification, 6 and 15): the unique constraint stands behind the lock. Method: a transaction of the
// test reserves the name without the lock and commits while an approval waits for it.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import {
  createAdmin,
  createCaller,
  outcomeOf,
  refusals,
  startProjects,
  submitted,
} from '../support/projects.js';
import type { Stack } from '../support/stack.js';

describe('a name that is reserved without the lock', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startProjects();
  });
  after(() => stack.stop());

  it('makes an approval wait, and refuses it in the documented words', async () => {
    const [owner, admin] = [await createCaller(stack), await createAdmin(stack)];
    const name = `n-${randomUUID()}.test`;
    const project = await submitted(owner.calls.create({ name }));
    const intruder = new pg.Client({ connectionString: stack.database.url });
    await intruder.connect();
    try {
      await intruder.query('begin');
      await intruder.query(
        `insert into projects (uuid, realname, name, state, owner, end_date)
         values ($1, $2, $2, 'active', $3, now() + interval '1 year')`,
        [`i-${name}`, name, owner.uuid],
      );
      const approving = admin.calls.judge(project, 'approve');
      await eventually(async () => {
        const waiting = await stack.database.query(
          `select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
        );
        expect(waiting).to.have.lengthOf(1);
      });
      await intruder.query('commit');
      expect(outcomeOf(await approving)).to.equal(refusals.nameTaken(name, `i-${name}`));
    } finally {
      await intruder.end();
    }
  });
});
