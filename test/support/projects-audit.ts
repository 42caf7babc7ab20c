/** What is stored about projects: whether a refusal left it alone, and whether it is of one piece. */
import type { Stack } from './stack.js';

/**
 * Returns everything that is stored about a project, including holdings and the counters of pending
 * applications of all users, in a form to be compared.
 */
export async function storedOf(stack: Stack, project: string): Promise<unknown> {
  const [row] = await stack.database.query<{ stored: unknown }>(
    `with p as (select * from projects where uuid = $1)
     select jsonb_build_object(
       'project', (select to_jsonb(p) from p),
       'quotas', (select jsonb_agg(to_jsonb(q) order by q.resource)
                    from project_quotas q where q.project_id = (select id from p)),
       'applications', (select jsonb_agg(to_jsonb(a) order by a.id)
                          from project_applications a where a.project_id = (select id from p)),
       'log', (select jsonb_agg(to_jsonb(l) order by l.id)
                 from project_log l where l.project_id = (select id from p)),
       'memberships', (select jsonb_agg(to_jsonb(m) order by m.id)
                         from project_memberships m where m.project_id = (select id from p)),
       'steps', (select jsonb_agg(to_jsonb(l) order by l.id)
                   from project_membership_log l join project_memberships m on m.id = l.membership_id
                  where m.project_id = (select id from p)),
       'holdings', (select jsonb_agg(to_jsonb(h) order by h.id) from holdings h
                     where h.source = 'project:' || $1 or h.holder = 'project:' || $1
                        or h.resource = 'astakos.pending_app')) as stored`,
    [project],
  );
  return row?.stored;
}

/** Which statement finds rows that must not be there, by what would be wrong. */
const FAULTS: Readonly<Record<string, string>> = {
  'an applicant is charged for more or fewer applications than are pending': `
    select h.holder as id from holdings h
     where h.resource = 'astakos.pending_app'
       and (h.holder, coalesce(h.source, '')) in
           (('project:' || $2, ''), ('user:' || $2, 'project:' || $2))
       and (h.usage_min <> h.usage_max or h.usage_min <> (
         select count(*) from project_applications a where a.applicant = $2 and a.state = 'pending'))`,
  'a project is not in the state its log ends with': `
    select p.uuid as id from projects p
     cross join lateral (select to_state from project_log l where l.project_id = p.id
                          order by l.id desc limit 1) as last
     where p.uuid = $1 and last.to_state <> p.state`,
  'the log of a project has a gap': `
    select l.id::text from (
      select l.*, lag(to_state) over (order by l.id) as before
        from project_log l join projects p on p.id = l.project_id where p.uuid = $1) as l
     where l.before <> l.from_state`,
  'the state of a project does not follow from its first application': `
    select p.uuid as id from projects p
     cross join lateral (select state from project_applications a where a.project_id = p.id
                          order by a.id limit 1) as first
     where p.uuid = $1
       and case first.state when 'pending' then p.state <> 'uninitialized'
                            when 'denied' then p.state <> 'uninitialized'
                            when 'approved' then p.state in ('uninitialized', 'deleted')
                            else p.state <> 'deleted' end`,
  'the last application is another one than the newest': `
    select p.uuid as id from projects p where p.uuid = $1 and p.last_application is distinct from (
      select max(a.id) from project_applications a where a.project_id = p.id)`,
  'a membership is not in the state its log ends with': `
    select m.id::text from project_memberships m join projects p on p.id = m.project_id
     cross join lateral (select to_state from project_membership_log l
                          where l.membership_id = m.id order by l.id desc limit 1) as last
     where p.uuid = $1 and last.to_state <> m.state`,
  'the log of a membership has a gap': `
    select l.id::text from (
      select l.*, lag(to_state) over (partition by membership_id order by l.id) as before
        from project_membership_log l join project_memberships m on m.id = l.membership_id
        join projects p on p.id = m.project_id where p.uuid = $1) as l
     where l.before is distinct from l.from_state`,
};

/**
 * Returns what is half done about a project and its applicants, one line per fault; nothing when all
 * is of one piece. Limits are compared with what projects, capacities and memberships imply.
 *
 * @param applicants - uuids of the users who ever applied.
 */
export async function faultsOf(
  stack: Stack,
  projects: readonly string[],
  applicants: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [fault, text] of Object.entries(FAULTS)) {
    const values = text.includes('$2')
      ? applicants.map((applicant) => [null, applicant])
      : projects.map((project) => [project]);
    for (const value of values) {
      const statement = text.includes('$2') ? `${text} and $1::text is null` : text;
      const rows = await stack.database.query<{ id: string }>(statement, value);
      found.push(...rows.map(({ id }) => `${fault}: ${id}`));
    }
  }
  return [...found, ...(await wrongLimits(stack))];
}

/** Returns what `quota verify` finds. */
export async function wrongLimits(stack: Stack): Promise<readonly string[]> {
  const found: string[] = [];
  await stack.operations.quotas.verify({
    limits: stack.operations.projects.expectedLimits,
    fix: false,
    report: (some) => {
      for (const { what, stored, expected, ...rest } of some)
        found.push(`${what} is ${stored}, not ${expected}: ${Object.values(rest).join(' ')}`);
    },
  });
  return found;
}
