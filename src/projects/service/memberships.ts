import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { UserPrincipal } from '../../kernel/principal.js';
import { isQuantity } from '../../kernel/quantity.js';
import { isCleanText } from '../../kernel/text.js';
import { type Actor, actorOf, forbidden, mayManage, rolesIn } from '../access.js';
import { membershipNotFound } from '../domain/membership-actions.js';
import {
  type MembershipLogEntry,
  type ProjectMembership,
  type ShownMembership,
  shownTo,
} from '../domain/membership.js';
import { findMembership, membershipLog, readMemberships } from '../storage/membership-list.js';
import { type ActOnMembershipCommand, actOnMembership } from './acting.js';
import { type CreateMembershipCommand, enroll, join, type JoiningDeps } from './joining.js';

/** What the use cases of memberships need. */
export interface MembershipsDeps extends JoiningDeps {
  readonly database: Database;
}

/** Which memberships to list; undefined lets everything pass. */
export interface ListMembershipsCommand {
  readonly project: string | undefined;
  /** Undefined means the documented whole list. */
  readonly page: Page<bigint> | undefined;
}

/** Which steps of a membership to list. */
export interface MembershipLogCommand {
  readonly id: bigint;
  readonly page: Page<bigint>;
}

/** Memberships that are read piece by piece, so that a long list never is in memory whole. */
export interface MembershipReading {
  readonly page: Page<bigint> | undefined;
  read(visit: (memberships: readonly ShownMembership[]) => void): Promise<void>;
}

/** Steps of a membership, and which page of them it is. */
export interface MembershipLogPage {
  readonly page: Page<bigint>;
  readonly entries: readonly MembershipLogEntry[];
}

/** The use cases of memberships (projects specification, 12). */
export interface Memberships {
  list(caller: UserPrincipal, command: Parsed<ListMembershipsCommand>): Promise<MembershipReading>;
  get(caller: UserPrincipal, id: bigint): Promise<ShownMembership>;
  /** Returns the id of the membership that was made, or moved. */
  create(caller: UserPrincipal, command: Parsed<CreateMembershipCommand>): Promise<bigint>;
  act(caller: UserPrincipal, command: Parsed<ActOnMembershipCommand>): Promise<void>;
  log(caller: UserPrincipal, command: Parsed<MembershipLogCommand>): Promise<MembershipLogPage>;
}

/** Returns the use cases of memberships. */
export function createMemberships(deps: MembershipsDeps): Memberships {
  const { database } = deps;
  return {
    list: (caller, parsed) => {
      const command = unwrap(parsed);
      const actor = actorOf(caller);
      return Promise.resolve({
        page: command.page,
        read: (visit) => database.snapshot((tx) => readList(tx, actor, command, visit)),
      });
    },
    get: (caller, id) =>
      database.snapshot(async (tx) => {
        const membership = await knownMembership(tx, id);
        const roles = rolesOf(actorOf(caller), membership);
        if (!roles.asOwner && !roles.asMember) throw forbidden();
        return shownTo(roles, membership);
      }),
    create: async (caller, parsed) => {
      const command = unwrap(parsed);
      return database.transact((tx) =>
        command.how === 'join'
          ? join(tx, deps, caller, command)
          : enroll(tx, deps, actorOf(caller), command),
      );
    },
    act: async (caller, parsed) => {
      const command = unwrap(parsed);
      await database.transact((tx) => actOnMembership(tx, deps, actorOf(caller), command));
    },
    log: async (caller, parsed) => {
      const { id, page } = unwrap(parsed);
      return database.snapshot(async (tx) => {
        const { project } = await knownMembership(tx, id);
        if (!mayManage(actorOf(caller), project)) throw forbidden();
        return { page, entries: await membershipLog(tx, id, page.after ?? 0n, page.size) };
      });
    },
  };
}

async function readList(
  tx: Tx,
  actor: Actor,
  { project, page }: ListMembershipsCommand,
  visit: (memberships: readonly ShownMembership[]) => void,
): Promise<void> {
  // What cannot be stored is no id of a project; Postgres would refuse to look for it.
  if (project !== undefined && !isCleanText(project)) return;
  const concerning = actor.isAdmin ? undefined : (actor.uuid ?? '');
  const filter = { concerning, project, after: page?.after, limit: page?.size };
  for await (const memberships of readMemberships(tx, filter))
    visit(memberships.map((membership) => shownTo(rolesOf(actor, membership), membership)));
}

/** Beyond 64 bits there is no membership, and Postgres would refuse to look for one. */
async function knownMembership(tx: Tx, id: bigint): Promise<ProjectMembership> {
  const found = isQuantity(id) ? await findMembership(tx, id) : undefined;
  if (found === undefined) throw membershipNotFound(id);
  return found;
}

function rolesOf(actor: Actor, { project: { owner }, user }: ProjectMembership) {
  return rolesIn(actor, { owner, user });
}
