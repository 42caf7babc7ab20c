import type { Tx } from '../../db/tx.js';
import type { Outcome } from '../../state/section.js';
import { isEffective, type ProjectMembershipState } from '../domain/membership-states.js';
import { declaredStanding } from '../domain/suspension.js';
import { membershipsAmong, type ProjectMembershipRow } from '../storage/memberships.js';
import { keyIn, type ProjectPlan } from './plan.js';

/** A membership that is not as the file says. */
export interface MembershipChange extends ProjectMembershipRow {
  /** Uuid of the project. */
  readonly project: string;
  readonly outcome: Outcome;
}

/**
 * Returns the declared memberships that do not exist or are in another state.
 *
 * No transition is judged: from any state every other one is reached by transitions that are
 * allowed, for instance from accepted to requested by removing and joining, and the file says
 * where they end.
 *
 * @param ids - the key of every planned project, by uuid.
 * @param deactivated - whose memberships do not become effective.
 */
export async function membershipChanges(
  tx: Tx,
  plans: readonly ProjectPlan[],
  ids: ReadonlyMap<string, bigint>,
  deactivated: ReadonlySet<string>,
): Promise<readonly MembershipChange[]> {
  const declared = plans.flatMap(({ entry: { uuid, members = [] } }) => {
    const projectId = keyIn(ids, uuid);
    return members.map((member) => ({ project: uuid, projectId, ...member }));
  });
  if (declared.length === 0) return [];
  const stored = new Map((await membershipsAmong(tx, declared)).map((row) => [keyOf(row), row]));
  return declared.flatMap(({ project, projectId, user, state: wanted }) => {
    const before = stored.get(keyOf({ projectId, user }));
    if (before !== undefined && wanted === undefined) return [];
    const standing = declaredStanding<ProjectMembershipState>(wanted ?? 'accepted', {
      before,
      isDeactivated: deactivated.has(user),
      grants: isEffective,
    });
    const { state, suspensionReason } = standing;
    if (state === before?.state && suspensionReason === before.suspensionReason) return [];
    const outcome = before === undefined ? 'created' : 'updated';
    return [{ project, projectId, user, ...standing, outcome }];
  });
}

function keyOf({ projectId, user }: { readonly projectId: bigint; readonly user: string }): string {
  return `${projectId} ${user}`;
}
