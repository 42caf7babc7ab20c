import type { Database } from '../../db/database.js';
import { invalid } from '../../kernel/failure.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import { usersByUsername, usersByUuid } from '../storage/user-names.js';

/** Ids to translate into names, and names to translate into ids. */
export interface UserCatalogsCommand {
  readonly uuids: readonly string[];
  readonly displaynames: readonly string[];
}

/** What is known of what was asked. */
export interface UserCatalogs {
  /** Name by id. */
  readonly names: ReadonlyMap<string, string>;
  /** Id by name. */
  readonly uuids: ReadonlyMap<string, string>;
}

/** Returns the names and ids that are known; more than `maxEntries` of both together are refused. */
export async function translateUsers(
  database: Database,
  command: Parsed<UserCatalogsCommand>,
  maxEntries: number,
): Promise<UserCatalogs> {
  const { uuids, displaynames } = unwrap(command);
  if (uuids.length + displaynames.length > maxEntries)
    throw invalid(`More than ${maxEntries} users asked for`);
  return database.snapshot(async (tx) => {
    const byUuid = uuids.length === 0 ? [] : await usersByUuid(tx, uuids.filter(isStorable));
    const byName =
      displaynames.length === 0 ? [] : await usersByUsername(tx, displaynames.filter(isStorable));
    return {
      names: new Map(byUuid.map(({ uuid, username }) => [uuid, username])),
      uuids: new Map(byName.map(({ uuid, username }) => [username, uuid])),
    };
  });
}

/** What Postgres cannot store nobody is called. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
