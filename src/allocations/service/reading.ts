import type { Page } from '../../kernel/page.js';

/**
 * A list that is read piece by piece, so that it never is in memory whole. It belongs to one
 * snapshot; reading it again takes a new one.
 */
export interface Reading<Entry> {
  /** Undefined means the documented whole list. */
  readonly page: Page<string> | undefined;
  read(visit: (entries: readonly Entry[]) => void): Promise<void>;
}
