import type { Tx } from '../../db/tx.js';

/** A user by id and by the name shown to people. */
export interface UserName {
  readonly uuid: string;
  readonly username: string;
}

/** Returns the users with these ids; what is unknown is left out. */
export async function usersByUuid(tx: Tx, uuids: readonly string[]): Promise<UserName[]> {
  return tx.query<UserName>(
    {
      name: 'identity-users-by-uuid',
      text: 'select uuid, username from users where uuid = any($1::text[])',
    },
    [uuids],
  );
}

/** Returns the users with these names; what is unknown is left out. */
export async function usersByUsername(tx: Tx, usernames: readonly string[]): Promise<UserName[]> {
  return tx.query<UserName>(
    {
      name: 'identity-users-by-username',
      text: 'select uuid, username from users where username = any($1::text[])',
    },
    [usernames],
  );
}

/** Returns which of the uuids are those of accepted users. */
export async function acceptedUuids(
  tx: Tx,
  uuids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ uuid: string }>(
    {
      name: 'identity-accepted-users',
      text: 'select uuid from users where uuid = any($1::text[]) and accepted',
    },
    [uuids],
  );
  return new Set(rows.map(({ uuid }) => uuid));
}
