import { z } from 'zod';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { moment, text } from '../../state/fields.js';
import { BrokenReference, type StateSection } from '../../state/section.js';
import { type Account, becomesAccepted, changesActivity, sameAccount } from '../domain/account.js';
import { announceAll } from '../storage/announcements.js';
import { parkNames, storeUsers, type UserRow, usersSharing } from '../storage/user-rows.js';
import { refuseDuplicates } from './duplicates.js';
import { passwordHashes } from './passwords.js';
import { applyUserTokens } from './user-tokens.js';

/** What happens to other slices' objects when users change; runs in the same transaction. */
export interface UserHooks {
  /** Users that just became accepted for the first time: they get their base projects. */
  userAccepted(tx: Tx, users: readonly { uuid: string; username: string }[]): Promise<void>;
  /** Users that were made inactive, or active again: their projects are suspended or resume. */
  userActivityChanged(tx: Tx, users: readonly { uuid: string; active: boolean }[]): Promise<void>;
}

const tokenEntry = z.strictObject({
  value: text().optional(),
  expires_at: moment.nullable().optional(),
  project: text().nullable().default(null),
  roles: z.array(text(1, 64)).default([]),
});

const userEntry = z
  .strictObject({
    uuid: text(),
    username: text(),
    email: text(),
    full_name: text(0).default(''),
    password: text(1, 1024).optional(),
    active: z.boolean().default(true),
    accepted: z.boolean().default(true),
    terms_signed: z.boolean().default(true),
    project_admin: z.boolean().default(false),
    staff: z.boolean().default(false),
    tokens: z.array(tokenEntry).default([]),
  })
  .transform(({ full_name, terms_signed, project_admin, ...entry }) => ({
    ...entry,
    fullName: full_name,
    termsSigned: terms_signed,
    projectAdmin: project_admin,
  }));

/** A user as the state file declares it. */
export type UserEntry = z.output<typeof userEntry>;

/** Returns the section `users`: users and their tokens. */
export function usersSection(clock: Clock, hooks: UserHooks): StateSection<UserEntry> {
  return {
    key: 'users',
    entry: userEntry,
    async apply(tx, entries, report) {
      refuseRepeated(entries);
      const sharing = await usersSharing(tx, entries);
      const stored = new Map(sharing.map((row) => [row.uuid, row]));
      refuseImpossible(entries, stored);
      await parkNames(tx, conflicting(entries, sharing));
      const hashes = await passwordHashes(tx, entries, stored);
      const changed = entries.flatMap((entry) => {
        const row = stored.get(entry.uuid);
        const passwordHash = hashes.get(entry.uuid) ?? null;
        if (row !== undefined && sameAccount(row, entry) && passwordHash === null) return [];
        return [{ ...entry, passwordHash }];
      });
      const ids = await storeUsers(tx, changed);
      for (const { uuid, username } of entries) {
        const outcome = !stored.has(uuid) ? 'created' : ids.has(uuid) ? 'updated' : 'unchanged';
        report({ kind: 'user', name: username, outcome });
      }
      const idOf = ({ uuid }: UserEntry) => ids.get(uuid) ?? stored.get(uuid)?.id ?? 0n;
      const tokensChanged = await applyUserTokens(tx, clock, entries, idOf, report);
      if (tokensChanged || changed.some(({ uuid }) => stored.has(uuid))) await announceAll(tx);
      await tellOthers(tx, hooks, entries, stored);
    },
  };
}

function refuseRepeated(entries: readonly UserEntry[]): void {
  for (const key of ['uuid', 'username', 'email'] as const)
    refuseDuplicates(
      'users',
      entries.map((entry, index) => ({ path: [index, key], value: entry[key] })),
    );
  refuseDuplicates(
    'users',
    entries.flatMap(({ tokens }, index) =>
      tokens.flatMap(({ value }, at) =>
        value === undefined ? [] : [{ path: [index, 'tokens', at, 'value'], value }],
      ),
    ),
  );
}

function refuseImpossible(
  entries: readonly UserEntry[],
  stored: ReadonlyMap<string, UserRow>,
): void {
  const declared = new Map(entries.map((entry) => [entry.uuid, entry]));
  const holders = { username: new Map<string, string>(), email: new Map<string, string>() };
  for (const row of stored.values()) {
    // A user of this file leaves a name or address that the file does not repeat.
    const entry: Account = declared.get(row.uuid) ?? row;
    holders.username.set(entry.username, row.uuid);
    holders.email.set(entry.email, row.uuid);
  }
  entries.forEach((entry, index) => {
    for (const key of ['username', 'email'] as const) {
      const holder = holders[key].get(entry[key]) ?? entry.uuid;
      if (holder !== entry.uuid)
        throw new BrokenReference(
          [index, key],
          `${JSON.stringify(entry[key])} belongs to user ${holder}`,
        );
    }
    if (stored.get(entry.uuid)?.accepted === true && !entry.accepted)
      throw new BrokenReference(
        [index, 'accepted'],
        'an accepted user stays accepted; declare `active: false` instead',
      );
  });
}

/** Returns the users who hold a name or address that another user of the file is to get. */
function conflicting(entries: readonly UserEntry[], sharing: readonly UserRow[]): bigint[] {
  const wanted = {
    username: new Map(entries.map(({ username, uuid }) => [username, uuid])),
    email: new Map(entries.map(({ email, uuid }) => [email, uuid])),
  };
  return sharing
    .filter(({ uuid, username, email }) => {
      const heirs = [wanted.username.get(username), wanted.email.get(email)];
      return heirs.some((heir) => heir !== undefined && heir !== uuid);
    })
    .map(({ id }) => id);
}

async function tellOthers(
  tx: Tx,
  hooks: UserHooks,
  entries: readonly UserEntry[],
  stored: ReadonlyMap<string, UserRow>,
): Promise<void> {
  const accepted = entries.filter((entry) => becomesAccepted(stored.get(entry.uuid), entry));
  if (accepted.length > 0)
    await hooks.userAccepted(
      tx,
      accepted.map(({ uuid, username }) => ({ uuid, username })),
    );
  const switched = entries.filter((entry) => changesActivity(stored.get(entry.uuid), entry));
  if (switched.length > 0)
    await hooks.userActivityChanged(
      tx,
      switched.map(({ uuid, active }) => ({ uuid, active })),
    );
}
