import type { Tx } from '../../db/tx.js';
import type { Quantity } from '../../kernel/quantity.js';
import type { ProjectMembershipState } from '../domain/membership-states.js';
import { INITIALIZED_STATES, type InitializedProjectState } from '../domain/project-states.js';

/** Whose limits: of whole projects, of single memberships, or of everything. */
export interface LimitSelection {
  readonly projects: readonly bigint[] | 'all';
  readonly memberships: readonly bigint[];
  /** Only these resources; null means every one. */
  readonly resources: readonly string[] | null;
}

/** What the limit of a project for one resource follows from. */
export interface ProjectLimitRow {
  readonly id: bigint;
  readonly project: string;
  readonly projectState: InitializedProjectState;
  readonly resource: string;
  readonly capacity: Quantity;
}

/** What the limit of a member for one resource follows from. */
export interface MemberLimitRow extends ProjectLimitRow {
  readonly user: string;
  readonly membershipState: ProjectMembershipState;
}

/** Where one reading stopped: the last row's id and resource. */
type Position = Pick<ProjectLimitRow, 'id' | 'resource'>;

const START: Position = { id: 0n, resource: '' };

// Both texts run unnamed, so that they are planned with their values: a null selects everything
// and costs nothing.
const PROJECT_LIMITS = `
  select p.id, p.uuid as project, p.state as "projectState", q.resource,
         q.project_capacity as capacity
    from projects p
    join project_quotas q on q.project_id = p.id
   where p.state = any($1::text[])
     and ($2::bigint[] is null or p.id = any($2))
     and ($3::text[] is null or q.resource = any($3))
     and p.id >= $4 and (p.id > $4 or q.resource > $5)
   order by p.id, q.resource limit $6`;

const MEMBER_LIMITS = `
  select m.id, p.uuid as project, p.state as "projectState", m.user_uuid as "user",
         m.state as "membershipState", q.resource, q.member_capacity as capacity
    from project_memberships m
    join projects p on p.id = m.project_id
    join project_quotas q on q.project_id = p.id
   where m.initialized and p.state = any($1::text[])
     and ($2::bigint[] is null or m.project_id = any($2) or m.id = any($3::bigint[]))
     and ($4::text[] is null or q.resource = any($4))
     and m.id >= $5 and (m.id > $5 or q.resource > $6)
   order by m.id, q.resource limit $7`;

/**
 * Yields what the limits of the selected initialized projects follow from, at most `size` rows at
 * once. Reads on by key and not with a cursor, so that other statements may run in between.
 */
export function projectLimitRows(
  tx: Tx,
  selection: LimitSelection,
  size: number,
): AsyncIterable<ProjectLimitRow[]> {
  const { projects, resources } = selection;
  return pieces(size, (after) =>
    tx.query<ProjectLimitRow>({ text: PROJECT_LIMITS }, [
      INITIALIZED_STATES,
      projects === 'all' ? null : projects,
      resources,
      after.id,
      after.resource,
      size,
    ]),
  );
}

/**
 * Yields what the limits of the selected memberships follow from, as projectLimitRows does: the
 * initialized ones of initialized projects.
 */
export function memberLimitRows(
  tx: Tx,
  selection: LimitSelection,
  size: number,
): AsyncIterable<MemberLimitRow[]> {
  const { projects, memberships, resources } = selection;
  return pieces(size, (after) =>
    tx.query<MemberLimitRow>({ text: MEMBER_LIMITS }, [
      INITIALIZED_STATES,
      projects === 'all' ? null : projects,
      memberships,
      resources,
      after.id,
      after.resource,
      size,
    ]),
  );
}

async function* pieces<Row extends Position>(
  size: number,
  read: (after: Position) => Promise<Row[]>,
): AsyncIterable<Row[]> {
  let after = START;
  for (;;) {
    const rows = await read(after);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < size) return;
    after = last;
  }
}
