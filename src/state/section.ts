import type { z } from 'zod';
import type { Tx } from '../db/tx.js';

/** What `apply` did to one object. */
export type Outcome = 'created' | 'updated' | 'unchanged';

/** One line of what `apply` prints. */
export interface ReportLine {
  /** For instance `user`, `component`, `resource`, `project`. */
  readonly kind: string;
  /** How people call the object. */
  readonly name: string;
  readonly outcome: Outcome;
  /** Something to say once, for instance a generated token. */
  readonly note?: string;
}

/** Takes down what was done. */
export type Report = (line: ReportLine) => void;

/** One top-level key of the state file, owned by one slice. */
export interface StateSection<Entry = unknown> {
  /** The key, for instance `users`. */
  readonly key: string;
  /** Shape of one entry of its list; strict, so that an unknown key is refused. */
  readonly entry: z.ZodType<Entry>;
  /**
   * Creates and updates what the entries say, never deletes, in the transaction of the whole file.
   *
   * Throws a BrokenReference for an entry that names something that does not exist, or that cannot
   * be reconciled with what does.
   */
  apply(tx: Tx, entries: readonly Entry[], report: Report): Promise<void>;
}

/** An entry that is well-formed but wrong; `path` leads to it from the section's list. */
export class BrokenReference extends Error {
  override readonly name = 'BrokenReference';

  /** @param path - for instance `[0, 'owner']`, printed as `projects[0].owner`. */
  constructor(
    readonly path: readonly (string | number)[],
    message: string,
  ) {
    super(message);
  }
}
