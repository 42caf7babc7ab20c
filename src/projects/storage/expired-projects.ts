import type { Tx } from '../../db/tx.js';
import type { ProjectState } from '../domain/project-states.js';
import { momentIn, momentText } from './moments.js';

/** A project that lives on behind its end. */
export interface ExpiredProject {
  /** Key of the row; never leaves the process. */
  readonly id: bigint;
  readonly uuid: string;
  readonly name: string;
  readonly state: ProjectState;
  readonly owner: string | null;
  readonly endDate: Date;
}

/**
 * Returns at most `limit` alive projects that ended before `now`, behind one of them, by end and id.
 * System projects do not end.
 */
export async function expiredProjects(
  tx: Tx,
  now: Date,
  after: Pick<ExpiredProject, 'id' | 'endDate'> | undefined,
  limit: number,
): Promise<ExpiredProject[]> {
  const rows = await tx.query<Omit<ExpiredProject, 'endDate'> & { readonly endDate: string }>(
    {
      name: 'projects-expired',
      // The states are written out, because the index is for these only.
      text: `select id, uuid, realname as name, state, owner, ${momentText('end_date')} as "endDate"
               from projects
              where state in ('active', 'suspended') and not is_system
                and end_date < $1::timestamptz
                and (end_date, id) > ($2::timestamptz, $3::bigint)
              order by end_date, id
              limit $4`,
    },
    [now, after?.endDate.toISOString() ?? '-infinity', after?.id ?? 0n, limit],
  );
  return rows.map((row) => ({ ...row, endDate: momentIn(row.endDate) }));
}
