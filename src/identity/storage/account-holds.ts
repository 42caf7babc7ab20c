import type { Tx } from '../../db/tx.js';

/** An account as those see it who let its user in somewhere. */
export interface HeldAccount {
  readonly uuid: string;
  readonly email: string;
  readonly active: boolean;
  readonly accepted: boolean;
}

/** Whose accounts: those with one of the uuids or addresses. */
export interface AccountSelection {
  readonly uuids?: readonly string[];
  /** Compared exactly. */
  readonly emails?: readonly string[];
}

/**
 * Returns the accounts that exist among those selected and keeps them as they are until the
 * transaction ends: whoever judges that an account is active has to come first, or its deactivation
 * would not see what was granted meanwhile. Rows are locked in ascending order of id.
 */
export async function holdAccounts(
  tx: Tx,
  { uuids = [], emails = [] }: AccountSelection,
): Promise<HeldAccount[]> {
  return tx.query<HeldAccount>(
    {
      name: 'identity-hold-accounts',
      text: `select uuid, email, active, accepted from users
              where uuid = any($1::text[]) or email = any($2::text[])
              order by id for share`,
    },
    [uuids, emails],
  );
}
