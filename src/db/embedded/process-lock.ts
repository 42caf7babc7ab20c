import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

import { identityOf, isSameProcess, type ProcessIdentity } from './process-table.js';

/** Either ours until released, or the id of the process that holds it. */
export type LockOutcome =
  | { readonly isOurs: true; release(): Promise<void> }
  | { readonly isOurs: false; readonly holder: number };

/**
 * Takes a lock that is a file naming its holder; never waits.
 *
 * The lock of a process that no longer runs is taken over, so a kill needs no cleaning up.
 */
export async function takeLock(file: string): Promise<LockOutcome> {
  const mark = JSON.stringify(await identityOf(process.pid));
  const draft = `${file}.${randomUUID()}`;
  // Linking a finished file makes name and content appear at once.
  await writeFile(draft, mark, { mode: 0o600 });
  try {
    for (;;) {
      try {
        await link(draft, file);
        return { isOurs: true, release: () => rm(file, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = await readFile(file, 'utf8').catch(() => '');
      const holder = parsedIdentity(found);
      if (holder !== undefined && (await isSameProcess(holder))) {
        return { isOurs: false, holder: holder.pid };
      }
      await removeStale(file, found);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Two that find the same stale lock must not remove each other's new one. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomUUID()}.stale`;
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== stale) await link(aside, file);
  } catch {
    // Somebody else was faster; the next look finds their lock.
  }
  await rm(aside, { force: true });
}

function parsedIdentity(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
