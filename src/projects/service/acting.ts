import type { Tx } from '../../db/tx.js';
import { isQuantity } from '../../kernel/quantity.js';
import { type Actor, rolesIn } from '../access.js';
import {
  faultOfAction,
  type MembershipAction,
  membershipNotFound,
  targetOf,
} from '../domain/membership-actions.js';
import { findMembershipOf } from '../storage/memberships.js';
import type { JoiningDeps } from './joining.js';
import { lockedStanding, membersOf, moveMembership, tell } from './membership-changes.js';

/** Does something with a membership. */
export interface ActOnMembershipCommand {
  readonly id: bigint;
  readonly action: MembershipAction;
  /** Null when nothing was said. */
  readonly reason: string | null;
}

/** Does what an actor wants with a membership, if he may (12.5). */
export async function actOnMembership(
  tx: Tx,
  deps: JoiningDeps,
  actor: Actor,
  { id, action, reason }: ActOnMembershipCommand,
): Promise<void> {
  const whose = isQuantity(id) ? await findMembershipOf(tx, id) : undefined;
  if (whose === undefined) throw membershipNotFound(id);
  const { user } = whose;
  const [account] = await deps.holdAccounts(tx, { uuids: [user] });
  const standing = await lockedStanding(tx, whose);
  const { project, present } = standing;
  if (present === undefined) throw new Error(`membership ${id} has gone`);
  const situation = {
    state: present.state,
    project,
    members: action === 'accept' ? await membersOf(tx, project) : 0n,
    isAccountActive: account?.active === true,
  };
  const fault = faultOfAction(action, situation, rolesIn(actor, { owner: project.owner, user }));
  if (fault !== undefined) throw fault;
  const state = targetOf(action, situation);
  if (state === undefined) throw new Error(`${action} leads nowhere from ${present.state}`);
  const moved = await moveMembership(tx, deps, standing, state, { actor: actor.uuid, reason });
  // Nobody hears of a request that was withdrawn, nor of a member who left at once (section 13).
  if (action === 'leave' && state === 'leave_requested')
    await tell(tx, deps, moved, 'leave_requested', project.owner, account?.email);
  else if (action in TOLD_THE_MEMBER)
    await tell(tx, deps, moved, TOLD_THE_MEMBER[action as keyof typeof TOLD_THE_MEMBER], user);
}

const TOLD_THE_MEMBER = { accept: 'accepted', reject: 'rejected', remove: 'removed' } as const;
