import type { Tx } from '../../db/tx.js';
import { hashPassword, isPassword } from '../service/password.js';
import { showActivity, type UserRow } from '../storage/user-rows.js';
import type { UserEntry } from './users.js';

/** Passwords hashed at a time: the threads that Node keeps for it. */
const AT_A_TIME = 4;

/**
 * Returns what is to be stored of passwords, by uuid, for the users who have none yet or another
 * one. A password that is declared again is left alone, although its hash would come out different.
 */
export async function passwordHashes(
  tx: Tx,
  entries: readonly UserEntry[],
  stored: ReadonlyMap<string, UserRow>,
): Promise<ReadonlyMap<string, string>> {
  const declared = entries.flatMap(({ uuid, password }) =>
    password === undefined ? [] : [{ uuid, password }],
  );
  const hashes = new Map<string, string>();
  for (let start = 0; start < declared.length; start += AT_A_TIME) {
    if (start % (AT_A_TIME * 16) === AT_A_TIME * 15) await showActivity(tx);
    await Promise.all(
      declared.slice(start, start + AT_A_TIME).map(async ({ uuid, password }) => {
        const known = stored.get(uuid)?.passwordHash ?? null;
        if (known === null || !(await isPassword(password, known)))
          hashes.set(uuid, await hashPassword(password));
      }),
    );
  }
  return hashes;
}
