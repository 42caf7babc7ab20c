/**
 * Invariant: what a caller may do follows from one id, by which owners and members are compared, and
 * from roles; nothing else of the identity counts (specification, sections 2.1 to 2.3).
 */

/** Who asks, as far as images are concerned. */
export interface ImageCaller {
  /** Compared with image owners and member ids; null when the token speaks for no project. */
  readonly owner: string | null;
  /** Administers every image, whoever owns it. */
  readonly isAdmin: boolean;
  /** Whether the roles let it read at all; always so unless roles are enforced. */
  readonly mayRead: boolean;
  /** Whether the roles let it write at all; always so unless roles are enforced. */
  readonly mayWrite: boolean;
}
