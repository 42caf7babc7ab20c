import type { Tx } from '../../db/tx.js';
import type { TokenHash } from '../domain/token.js';

/** A stored token without its owner's name. */
export interface TokenRow {
  readonly id: bigint;
  readonly hash: TokenHash;
  readonly userId: bigint | null;
  readonly componentId: bigint | null;
  readonly project: string | null;
  readonly roles: readonly string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A token to be stored; exactly one of the owners is set. */
export type NewToken = Omit<TokenRow, 'id' | 'revokedAt'>;

/** What of a stored token can be changed. */
export type TokenChange = Pick<TokenRow, 'id' | 'project' | 'roles' | 'expiresAt'>;

const COLUMNS = `id, encode(hash, 'hex') as hash, user_id as "userId",
  component_id as "componentId", project, roles, expires_at as "expiresAt",
  revoked_at as "revokedAt"`;

/** Returns the tokens with these hashes, revoked ones included. */
export async function tokensByHash(tx: Tx, hashes: readonly TokenHash[]): Promise<TokenRow[]> {
  if (hashes.length === 0) return [];
  return tx.query<TokenRow>(
    {
      text: `select ${COLUMNS} from tokens
              where hash in (select decode(h, 'hex') from unnest($1::text[]) h)`,
    },
    [hashes],
  );
}

/** Returns the tokens of these components that are not revoked, oldest first. */
export async function tokensOfComponents(tx: Tx, ids: readonly bigint[]): Promise<TokenRow[]> {
  return tokensOf(tx, 'component_id', ids);
}

/** Returns the tokens of these users that are not revoked, oldest first. */
export async function tokensOfUsers(tx: Tx, ids: readonly bigint[]): Promise<TokenRow[]> {
  return tokensOf(tx, 'user_id', ids);
}

async function tokensOf(
  tx: Tx,
  owner: 'user_id' | 'component_id',
  ids: readonly bigint[],
): Promise<TokenRow[]> {
  if (ids.length === 0) return [];
  return tx.query<TokenRow>(
    {
      text: `select ${COLUMNS} from tokens
              where ${owner} = any($1::bigint[]) and revoked_at is null order by id`,
    },
    [ids.map(String)],
  );
}

/** Stores tokens and returns their ids, in the order given. */
export async function insertTokens(tx: Tx, tokens: readonly NewToken[]): Promise<bigint[]> {
  if (tokens.length === 0) return [];
  const rows = await tx.query<{ id: bigint; hash: TokenHash }>(
    {
      text: `
        insert into tokens (hash, user_id, component_id, project, roles, expires_at)
        select decode(hash, 'hex'), user_id, component_id, project, roles, expires_at
          from json_to_recordset($1::json) as t(hash text, user_id bigint, component_id bigint,
               project text, roles text[], expires_at timestamptz)
        returning id, encode(hash, 'hex') as hash`,
    },
    [
      JSON.stringify(
        tokens.map((token) => ({
          hash: token.hash,
          user_id: token.userId?.toString(),
          component_id: token.componentId?.toString(),
          project: token.project,
          roles: token.roles,
          expires_at: token.expiresAt,
        })),
      ),
    ],
  );
  const ids = new Map(rows.map(({ id, hash }) => [hash, id]));
  return tokens.map(({ hash }) => ids.get(hash) ?? 0n);
}

/** Changes expiry and scope of tokens. */
export async function updateTokens(tx: Tx, changes: readonly TokenChange[]): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    {
      text: `
        update tokens t
           set project = c.project, roles = c.roles, expires_at = c.expires_at
          from json_to_recordset($1::json) as c(id bigint, project text, roles text[],
               expires_at timestamptz)
         where t.id = c.id`,
    },
    [
      JSON.stringify(
        changes.map(({ id, project, roles, expiresAt }) => ({
          id: id.toString(),
          project,
          roles,
          expires_at: expiresAt,
        })),
      ),
    ],
  );
}

/** Removes tokens that others have taken the place of. */
export async function deleteTokens(tx: Tx, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query({ text: 'delete from tokens where id = any($1::bigint[])' }, [ids.map(String)]);
}
