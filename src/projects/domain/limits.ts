/**
 * Invariant: limits are a function of present states and capacities, never of history or usage, so
 * computing them again changes nothing (quota specification, 9.2).
 */
import { type Quantity, ZERO } from '../../kernel/quantity.js';
import { isEffective, type ProjectMembershipState } from './membership-states.js';
import type { InitializedProjectState } from './project-states.js';

/** What a project may use of one resource: its capacity while it is active, else nothing. */
export function projectLimit(state: InitializedProjectState, projectCapacity: Quantity): Quantity {
  return state === 'active' ? projectCapacity : ZERO;
}

/**
 * What one member may use of one resource of a project: the member capacity while the project is
 * active and the membership effective, else nothing. Only for initialized memberships; others have
 * no holdings at all.
 */
export function memberLimit(
  project: InitializedProjectState,
  membership: ProjectMembershipState,
  memberCapacity: Quantity,
): Quantity {
  return project === 'active' && isEffective(membership) ? memberCapacity : ZERO;
}
