import type { Tx } from '../../db/tx.js';
import type { KnownToken } from '../domain/known-token.js';
import type { TokenHash } from '../domain/token.js';

interface Row {
  readonly expires_at: Date | null;
  readonly project: string | null;
  readonly roles: string[];
  readonly user_id: bigint | null;
  readonly uuid: string;
  readonly username: string;
  readonly email: string;
  readonly active: boolean;
  readonly accepted: boolean;
  readonly terms_signed: boolean;
  readonly project_admin: boolean;
  readonly staff: boolean;
  readonly component_id: bigint | null;
  readonly component_name: string;
}

/** Runs for every call whose token is not remembered, so Postgres keeps its plan. */
const FIND = {
  name: 'identity-find-token',
  text: `
    select t.expires_at, t.project, t.roles,
           u.id as user_id, u.uuid, u.username, u.email, u.active, u.accepted, u.terms_signed,
           u.project_admin, u.staff,
           c.id as component_id, c.name as component_name
      from tokens t
      left join users u on u.id = t.user_id
      left join components c on c.id = t.component_id
     where t.hash = decode($1, 'hex') and t.revoked_at is null`,
};

/** Returns a token with its owner, or undefined when it is unknown or revoked. */
export async function findToken(tx: Tx, hash: TokenHash): Promise<KnownToken | undefined> {
  const [row] = await tx.query<Row>(FIND, [hash]);
  if (row === undefined) return undefined;
  return row.user_id !== null ? userToken(row, row.user_id) : componentToken(row);
}

function userToken(row: Row, id: bigint): KnownToken {
  return {
    kind: 'user',
    active: row.active,
    accepted: row.accepted,
    termsSigned: row.terms_signed,
    principal: {
      kind: 'user',
      id,
      uuid: row.uuid,
      username: row.username,
      email: row.email,
      projectAdmin: row.project_admin,
      staff: row.staff,
      scope: { project: row.project, roles: row.roles },
      tokenExpiresAt: row.expires_at,
    },
  };
}

function componentToken(row: Row): KnownToken | undefined {
  if (row.component_id === null) return undefined;
  return {
    kind: 'component',
    principal: {
      kind: 'component',
      id: row.component_id,
      name: row.component_name,
      tokenExpiresAt: row.expires_at,
    },
  };
}
