import type { Tx } from '../../db/tx.js';
import type { Account } from '../domain/account.js';

/** A stored user. */
export interface UserRow extends Account {
  readonly id: bigint;
  readonly passwordHash: string | null;
}

/** A user to be stored; without a hash the stored password stays as it is. */
export interface UserToStore extends Account {
  readonly passwordHash: string | null;
}

/** Returns every user who has one of these uuids, usernames or addresses. */
export async function usersSharing(tx: Tx, accounts: readonly Account[]): Promise<UserRow[]> {
  return tx.query<UserRow>(
    {
      text: `
        select id, uuid, username, email, full_name as "fullName",
               password_hash as "passwordHash", active, accepted, terms_signed as "termsSigned",
               project_admin as "projectAdmin", staff
          from users
         where uuid = any($1::text[]) or username = any($2::text[]) or email = any($3::text[])`,
    },
    [
      accounts.map(({ uuid }) => uuid),
      accounts.map(({ username }) => username),
      accounts.map(({ email }) => email),
    ],
  );
}

/**
 * Stores users by uuid: new ones are made, those that exist get the values given. Returns the keys
 * of all of them by uuid.
 */
export async function storeUsers(
  tx: Tx,
  users: readonly UserToStore[],
): Promise<ReadonlyMap<string, bigint>> {
  if (users.length === 0) return new Map();
  const rows = await tx.query<{ uuid: string; id: bigint }>(
    {
      text: `
        insert into users (uuid, username, email, full_name, password_hash, active, accepted,
                           terms_signed, project_admin, staff)
        select uuid, username, email, full_name, password_hash, active, accepted,
               terms_signed, project_admin, staff
          from json_to_recordset($1::json) as u(uuid text, username text, email text,
               full_name text, password_hash text, active boolean, accepted boolean,
               terms_signed boolean, project_admin boolean, staff boolean)
        on conflict on constraint users_uuid_key do update
           set username = excluded.username, email = excluded.email,
               full_name = excluded.full_name,
               password_hash = coalesce(excluded.password_hash, users.password_hash),
               active = excluded.active, accepted = excluded.accepted,
               terms_signed = excluded.terms_signed, project_admin = excluded.project_admin,
               staff = excluded.staff, updated_at = now()
        returning uuid, id`,
    },
    [JSON.stringify(users.map(columnsOf))],
  );
  return new Map(rows.map(({ uuid, id }) => [uuid, id]));
}

/**
 * Gives users names and addresses that nobody else has, until they get the ones they are to have:
 * uniqueness is judged row by row, so that two users could not swap names in one statement.
 */
export async function parkNames(tx: Tx, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    {
      text: `
        update users set username = gen_random_uuid()::text, email = gen_random_uuid()::text
         where id = any($1::bigint[])`,
    },
    [ids.map(String)],
  );
}

/** Keeps the transaction from counting as idle while passwords are hashed. */
export async function showActivity(tx: Tx): Promise<void> {
  await tx.query({ text: 'select 1' });
}

function columnsOf(user: UserToStore) {
  return {
    uuid: user.uuid,
    username: user.username,
    email: user.email,
    full_name: user.fullName,
    password_hash: user.passwordHash,
    active: user.active,
    accepted: user.accepted,
    terms_signed: user.termsSigned,
    project_admin: user.projectAdmin,
    staff: user.staff,
  };
}
