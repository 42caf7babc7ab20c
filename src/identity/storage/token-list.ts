import type { Built, Tx } from '../../db/tx.js';
import { sql } from '../../db/tx.js';
import type { TokenHash } from '../domain/token.js';

/** A token as operators see it. */
export interface ListedToken {
  readonly id: bigint;
  readonly ownerKind: 'user' | 'component';
  readonly ownerName: string;
  readonly project: string | null;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Whose tokens; absent means everybody's. */
export interface TokenFilter {
  /** Name or uuid. */
  readonly user?: string;
  readonly component?: string;
}

/** Returns tokens with their owners, oldest first. */
export async function listTokens(tx: Tx, filter: TokenFilter): Promise<ListedToken[]> {
  return tx.run<ListedToken>(listQuery(filter));
}

function listQuery({ user, component }: TokenFilter): Built {
  const query = sql('tokens as t')
    .leftJoin('users as u', 'u.id', 't.user_id')
    .leftJoin('components as c', 'c.id', 't.component_id')
    .select({
      id: 't.id',
      ownerKind: sql.raw(`case when t.user_id is null then 'component' else 'user' end`),
      ownerName: sql.raw('coalesce(u.username, c.name)'),
      project: 't.project',
      roles: 't.roles',
      createdAt: 't.created_at',
      expiresAt: 't.expires_at',
      revokedAt: 't.revoked_at',
    })
    .orderBy('t.id');
  if (user !== undefined) void query.whereRaw('? in (u.uuid, u.username)', [user]);
  if (component !== undefined) void query.where('c.name', component);
  return query;
}

/** Whose token it is. */
export interface TokenOwner {
  readonly id: bigint;
  readonly name: string;
}

/** Returns the user with this uuid, else the one with this name, or undefined when there is none. */
export async function findUser(tx: Tx, uuidOrName: string): Promise<TokenOwner | undefined> {
  const [row] = await tx.run<TokenOwner>(
    sql('users')
      .select({ id: 'id', name: 'username' })
      .where('uuid', uuidOrName)
      .orWhere('username', uuidOrName)
      .orderByRaw('uuid = ? desc', [uuidOrName])
      .limit(1),
  );
  return row;
}

/** Returns the component with this name, or undefined when there is none. */
export async function findComponent(tx: Tx, name: string): Promise<TokenOwner | undefined> {
  const [row] = await tx.run<TokenOwner>(sql('components').select('id', 'name').where({ name }));
  return row;
}

/** A token that was asked to be revoked. */
export interface RevokedToken {
  readonly id: bigint;
  readonly hash: TokenHash;
  /** False when it had been revoked before. */
  readonly isNew: boolean;
}

/** Revokes a token and returns it, or undefined when there is none. */
export async function revokeToken(
  tx: Tx,
  which: { readonly id: bigint } | { readonly hash: TokenHash },
): Promise<RevokedToken | undefined> {
  const [column, value] = 'id' in which ? ['id', which.id.toString()] : ['hash', which.hash];
  const [row] = await tx.query<RevokedToken>(
    {
      // The row is locked first, so that of two revocations exactly one is the new one.
      text: `
        with found as (
          select id, revoked_at from tokens
           where ${column === 'id' ? 'id = $1::bigint' : `hash = decode($1, 'hex')`} for update)
        update tokens t
           set revoked_at = coalesce(t.revoked_at, now())
          from found
         where t.id = found.id
        returning t.id, encode(t.hash, 'hex') as hash, found.revoked_at is null as "isNew"`,
    },
    [value],
  );
  return row;
}
