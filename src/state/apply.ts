import type { Database } from '../db/database.js';
import type { Tx } from '../db/tx.js';
import { problemIn, readStateDocument, type StateDocument } from './document.js';
import { BrokenReference, type ReportLine, type StateSection } from './section.js';
import { holdApplyLock } from './storage/apply-lock.js';

/** What applying a state file needs. */
export interface ApplyDeps {
  readonly database: Database;
  /** In the order in which they are applied. */
  readonly stateSections: readonly StateSection[];
}

/** How to apply a state file. */
export interface ApplyOptions {
  /** Does everything and takes it back. */
  readonly dryRun?: boolean;
}

/**
 * Applies a state file, whole or not at all, and returns what was done to each object, in the order
 * of the sections. Applying the same file again changes nothing; two at once take turns.
 *
 * Throws an OperatorError with file, path and reason when the file is wrong.
 *
 * @param file - how messages call the file.
 */
export async function applyStateText(
  deps: ApplyDeps,
  text: string,
  file: string,
  { dryRun = false }: ApplyOptions = {},
): Promise<readonly ReportLine[]> {
  const document = readStateDocument(file, text, deps.stateSections);
  try {
    return await deps.database.transact(async (tx) => {
      const lines = await applyDocument(tx, file, document);
      if (dryRun) throw new TakenBack(lines);
      return lines;
    });
  } catch (error) {
    if (error instanceof TakenBack) return error.lines;
    throw error;
  }
}

async function applyDocument(
  tx: Tx,
  file: string,
  document: StateDocument,
): Promise<readonly ReportLine[]> {
  await holdApplyLock(tx);
  const lines: ReportLine[] = [];
  for (const [section, entries] of document) {
    if (entries.length === 0) continue;
    try {
      await section.apply(tx, entries, (line) => lines.push(line));
    } catch (error) {
      if (!(error instanceof BrokenReference)) throw error;
      throw problemIn(file, { path: [section.key, ...error.path], reason: error.message });
    }
  }
  return lines;
}

/** Rolls a dry run back. What was generated for it, such as a token, was never true. */
class TakenBack extends Error {
  readonly lines: readonly ReportLine[];

  constructor(lines: readonly ReportLine[]) {
    super('dry run');
    this.lines = lines.map(({ kind, name, outcome }) => ({ kind, name, outcome }));
  }
}
