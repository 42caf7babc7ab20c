import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import {
  endProcess,
  identityOf,
  isSameProcess,
  type ProcessIdentity,
} from '../../db/embedded/process-table.js';

/** What `apportion dev` starts. */
export type Role = 'envoy' | 'worker' | 'postgres';

/** The processes of one home, written down so that a killed run can be cleared up after. */
export interface ProcessRecord {
  add(role: Role, pid: number): Promise<void>;
  remove(pid: number): void;
  /** Ends what an earlier run left, callers' side first; says so line by line. */
  endLeftovers(): Promise<void>;
  /** Ends everything now and without ceremony; Postgres recovers at its next start. */
  killAll(): Promise<void>;
}

interface Entry extends ProcessIdentity {
  readonly role: Role;
}

const STEPS = {
  envoy: [{ signal: 'SIGTERM', waitMs: 5_000 }],
  // A worker whose parent is gone is already draining.
  worker: [{ signal: 'SIGTERM', waitMs: 10_000 }],
  postgres: [
    { signal: 'SIGINT', waitMs: 15_000 },
    { signal: 'SIGQUIT', waitMs: 5_000 },
  ],
} as const;

const LAST_STEP = { signal: 'SIGKILL', waitMs: 5_000 } as const;

/** Nobody may write to the database when it is stopped, and nobody call a worker. */
const ORDER: readonly Role[] = ['envoy', 'worker', 'postgres'];

/** Opens the record in a file, which need not exist. */
export function openProcessRecord(file: string, log: (line: string) => void): ProcessRecord {
  let entries: readonly Entry[] = readEntries(file);
  const change = (next: readonly Entry[]): void => {
    entries = next;
    try {
      // A reader must never find half a file.
      writeFileSync(`${file}.new`, JSON.stringify(entries));
      renameSync(`${file}.new`, file);
    } catch (error) {
      // A home that was removed or is full must not keep anything from being stopped.
      log(`${file} cannot be written: ${(error as Error).message}`);
    }
  };
  return {
    add: async (role, pid) => {
      const identity = await identityOf(pid);
      if (identity !== undefined) change([...entries, { role, ...identity }]);
    },
    remove: (pid) => change(entries.filter((entry) => entry.pid !== pid)),
    endLeftovers: async () => {
      for (const entry of inOrder(entries)) {
        // The same id with another beginning is a stranger.
        if (!(await isSameProcess(entry))) continue;
        log(`ending the ${entry.role} of an earlier run (process ${entry.pid})`);
        await endProcess(entry.pid, [...STEPS[entry.role], LAST_STEP]);
      }
      change([]);
    },
    killAll: async () => {
      for (const entry of inOrder(entries)) {
        if (!(await isSameProcess(entry))) continue;
        // Killing the Postgres server outright would leave its children to find out by themselves.
        const signal = entry.role === 'postgres' ? 'SIGQUIT' : 'SIGKILL';
        await endProcess(entry.pid, [{ signal, waitMs: 2_000 }, LAST_STEP]);
      }
      change([]);
    },
  };
}

function inOrder(entries: readonly Entry[]): readonly Entry[] {
  return ORDER.flatMap((role) => entries.filter((entry) => entry.role === role));
}

function readEntries(file: string): readonly Entry[] {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return Array.isArray(found) ? found.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  const { role, pid, began } = value as Partial<Record<keyof Entry, unknown>>;
  return ORDER.includes(role as Role) && typeof pid === 'number' && typeof began === 'string';
}
