/** What the families need to fill a migrated database with the world that they measure. */
import { createHash } from 'node:crypto';
import pg from 'pg';

/** Does some work on a connection of its own. */
export async function onDatabase<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Returns what is stored of a token, in hexadecimal digits. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Creates a user with one token, which has these roles in the project `bench-project`. */
export async function createUser(
  client: pg.Client,
  { name, token, roles }: { name: string; token: string; roles: readonly string[] },
): Promise<void> {
  await client.query(
    `with u as (insert into users (uuid, username, email) values ($1, $1, $1 || '@example.org')
                returning id)
     insert into tokens (hash, user_id, project, roles)
     select decode($2, 'hex'), id, 'bench-project', $3::text[] from u`,
    [name, tokenHash(token), roles],
  );
}
