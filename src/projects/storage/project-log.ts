import type { Tx } from '../../db/tx.js';
import type { Cause } from '../domain/cause.js';
import type { ProjectState } from '../domain/project-states.js';

/** A change of a project's state. */
export interface LoggedTransition extends Cause {
  readonly id: bigint;
  readonly fromState: ProjectState;
  readonly toState: ProjectState;
  readonly at: Date;
}

/** Returns at most `limit` changes of a project's state behind an id, oldest first. */
export async function listProjectLog(
  tx: Tx,
  projectId: bigint,
  after: bigint,
  limit: number,
): Promise<LoggedTransition[]> {
  return tx.query(
    {
      name: 'project-log-list',
      text: `select id, from_state as "fromState", to_state as "toState", at, actor, reason
               from project_log
              where project_id = $1 and id > $2
              order by id
              limit $3`,
    },
    [projectId, after, limit],
  );
}
