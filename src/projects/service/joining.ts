import type { Tx } from '../../db/tx.js';
import type { AccountSelection, HeldAccount } from '../../identity/index.js';
import { Failure, notFound } from '../../kernel/failure.js';
import type { UserPrincipal } from '../../kernel/principal.js';
import { isCleanText } from '../../kernel/text.js';
import { type Actor, actorOf, maySee, rolesIn } from '../access.js';
import { entersAtOnce, faultOfEnrollment, faultOfJoin } from '../domain/membership-actions.js';
import { isMember } from '../domain/membership-states.js';
import { projectNotFound } from '../domain/project.js';
import { findApplication } from '../storage/applications.js';
import {
  lockedStanding,
  type MembershipChangeDeps,
  membersOf,
  moveMembership,
  type MemberStanding,
  tell,
} from './membership-changes.js';

/** What becoming a member needs. */
export interface JoiningDeps extends MembershipChangeDeps {
  /**
   * Returns accounts and keeps them as they are until the commit; identity knows. Comes before every
   * lock of this slice, as the deactivation of an account does.
   */
  holdAccounts(tx: Tx, selection: AccountSelection): Promise<readonly HeldAccount[]>;
}

/** The caller asks to join a project. */
export interface JoinCommand {
  readonly how: 'join';
  /** Uuid of the project. */
  readonly project: string;
}

/** The project's owner, or an admin, makes somebody a member of it. */
export interface EnrollCommand {
  readonly how: 'enroll';
  /** Uuid of the project. */
  readonly project: string;
  /** Whom, by e-mail address or by uuid. */
  readonly account: { readonly by: 'email' | 'uuid'; readonly value: string };
}

/** Makes a membership, or moves the one that exists. */
export type CreateMembershipCommand = JoinCommand | EnrollCommand;

/**
 * Has the caller join a project, or ask to, and returns the id of the membership (12.4).
 *
 * With an auto join policy he is a member at once while there is room; else he waits for the owner.
 */
export async function join(
  tx: Tx,
  deps: JoiningDeps,
  caller: UserPrincipal,
  { project: uuid }: JoinCommand,
): Promise<bigint> {
  const user = caller.uuid;
  const [account] = await deps.holdAccounts(tx, { uuids: [user] });
  // The token said so some seconds ago, maybe; this is what holds.
  if (account?.active !== true)
    throw new Failure('unauthenticated', 'USER_INACTIVE', 'User inactive');
  const standing = await lockedStanding(tx, { project: uuid, user });
  await requireVisible(tx, actorOf(caller), standing);
  const { project, present } = standing;
  const fault = faultOfJoin(present?.state, project);
  if (fault !== undefined) throw fault;
  const cause = { actor: user, reason: null };
  const asked = await moveMembership(tx, deps, standing, 'requested', cause);
  if (entersAtOnce({ project, members: await membersOf(tx, project) }))
    await moveMembership(tx, deps, asked, 'accepted', cause);
  else await tell(tx, deps, asked, 'requested', project.owner, account.email);
  return asked.present.id;
}

/** Makes a user a member, whether he asked for it or not, and returns the id of the membership (12.4). */
export async function enroll(
  tx: Tx,
  deps: JoiningDeps,
  actor: Actor,
  { project: uuid, account: wanted }: EnrollCommand,
): Promise<bigint> {
  const account = await accountToEnroll(tx, deps, wanted);
  const standing = await lockedStanding(tx, { project: uuid, user: account.uuid });
  const { user, project, present } = standing;
  const fault = faultOfEnrollment(
    present?.state,
    { project, members: await membersOf(tx, project), isAccountActive: account.active },
    rolesIn(actor, { owner: project.owner, user }),
  );
  if (fault !== undefined) throw fault;
  const cause = { actor: actor.uuid, reason: null };
  const enrolled = await moveMembership(tx, deps, standing, 'accepted', cause);
  await tell(tx, deps, enrolled, 'enrolled', user);
  return enrolled.present.id;
}

async function accountToEnroll(
  tx: Tx,
  deps: JoiningDeps,
  { by, value }: EnrollCommand['account'],
): Promise<HeldAccount> {
  const selection = by === 'email' ? { emails: [value] } : { uuids: [value] };
  // What cannot be stored is nobody's address; Postgres would refuse to look for it.
  const [account] = isCleanText(value) ? await deps.holdAccounts(tx, selection) : [];
  if (account?.accepted !== true) throw notFound('user', value, `Unknown users: ${value}`);
  return account;
}

/** Whoever may not see a private project does not learn that it exists (errata, 3). */
async function requireVisible(
  tx: Tx,
  actor: Actor,
  { project, present }: MemberStanding,
): Promise<void> {
  if (!project.isPrivate) return;
  const { lastApplication } = project;
  const application =
    lastApplication === null ? undefined : await findApplication(tx, lastApplication);
  const relation = {
    lastApplicant: application?.applicant ?? null,
    isMember: present !== undefined && isMember(present.state),
  };
  if (!maySee(actor, { ...project, ...relation })) throw projectNotFound(project.uuid);
}
