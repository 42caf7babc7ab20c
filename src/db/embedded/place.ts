import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { OperatorError } from '../../kernel/operator-error.js';
import { packagedBinaries, systemWideCopy, type Binaries } from './binaries.js';

const run = promisify(execFile);

/** The user that runs Postgres where we are root, who may not. */
const SERVER_USER = 'postgres';

/** Ids for `spawn`; both absent means: as ourselves. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** Where Postgres keeps its data, from where and as whom it runs. */
export interface Place {
  /** Ours to fill; the account may pass through, but create nothing here. */
  readonly directory: string;
  readonly binaries: Binaries;
  readonly account: Account;
}

/**
 * Decides where and as whom Postgres runs.
 *
 * For an ordinary user this is the intended directory and the installed package. As root the server
 * runs as the user `postgres`, who often cannot reach either: a clone may lie below a folder of mode
 * 0700, as `mktemp -d` makes it. Opening other people's folders is not ours to do, so what is out of
 * reach goes to /var/lib under a name made of the intended path, the same at every start.
 *
 * @param installed - default: what npm installed.
 */
export async function choosePlace(
  intended: string,
  log: (line: string) => void,
  installed?: Binaries,
): Promise<Place> {
  await mkdir(intended, { recursive: true });
  const directory = await realpath(intended);
  const packaged = installed ?? (await packagedBinaries());
  if (process.getuid?.() !== 0) return { directory, binaries: packaged, account: {} };

  const account = await serverAccount();
  let binaries = packaged;
  if (!(await mayRun(packaged.postgres, ['--version'], account))) {
    binaries = await systemWideCopy(packaged);
    log(
      `the user ${SERVER_USER} cannot reach the installed Postgres: using a copy in ${binaries.folder}`,
    );
  }
  // The leaf is made for Postgres alone and may be opened for passing through; its parents may not.
  await chmod(directory, 0o711);
  if (await mayRun('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], account)) {
    return { directory, binaries, account };
  }
  const mark = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const elsewhere = `/var/lib/apportion-${mark}`;
  try {
    await mkdir(elsewhere, { recursive: true });
    await chmod(elsewhere, 0o711);
  } catch (error) {
    throw new OperatorError(
      `the user ${SERVER_USER} cannot reach ${directory}, and ${elsewhere} cannot be made ` +
        `(${(error as Error).message}): set APPORTION_HOME to a folder that every user may enter`,
    );
  }
  log(`the user ${SERVER_USER} cannot reach ${directory}: the data is in ${elsewhere}`);
  return { directory: elsewhere, binaries, account };
}

async function serverAccount(): Promise<Required<Account>> {
  const known = await idsOf(SERVER_USER);
  if (known !== undefined) return known;
  try {
    await run('groupadd', ['--force', '--system', SERVER_USER]);
    await run('useradd', ['--system', '--no-create-home', '--gid', SERVER_USER, SERVER_USER]);
  } catch (error) {
    throw new OperatorError(
      `Postgres does not run as root, and the user ${SERVER_USER} could not be created ` +
        `(${(error as Error).message.trim().replace(/\s+/g, ' ')}); ` +
        'create it, start as an ordinary user, or set DATABASE_URL',
    );
  }
  const created = await idsOf(SERVER_USER);
  if (created === undefined)
    throw new OperatorError(`the new user ${SERVER_USER} is not known yet`);
  return created;
}

async function idsOf(user: string): Promise<Required<Account> | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** Lets the kernel judge what the account can reach: modes, groups, access lists, mount options. */
async function mayRun(
  program: string,
  args: readonly string[],
  account: Account,
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...account,
      cwd: path.parse(program).root,
      stdio: 'ignore',
    });
    child.once('error', () => {
      resolve(false);
    });
    child.once('exit', (code) => {
      resolve(code === 0);
    });
  });
}
