import type { Tx } from '../../db/tx.js';
import type { TokenHash } from '../domain/token.js';

/** The channel on which server processes hear that what they remember of tokens is outdated. */
export const CHANNEL = 'identity_tokens';

/** Tells every process, once the transaction commits, to forget these tokens. */
export async function announceRevoked(tx: Tx, hashes: readonly TokenHash[]): Promise<void> {
  await tx.query({ text: `select pg_notify('${CHANNEL}', h) from unnest($1::text[]) h` }, [hashes]);
}

/** Tells every process, once the transaction commits, to forget all tokens. */
export async function announceAll(tx: Tx): Promise<void> {
  await tx.query({ text: `select pg_notify('${CHANNEL}', '')` });
}
