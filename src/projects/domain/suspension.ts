/**
 * Invariant: only what is suspended has a reason, which is that of its latest suspension; so what
 * the deactivation of a user suspended can be told from what an operator suspended, and nothing else
 * resumes when the user is active again (projects specification, 14).
 */

/** Why a project or membership is suspended; null stands for an operator, and for not suspended. */
export type SuspensionReason = 'user_deactivation';

/** The reason of everything that is suspended because the account of a user was deactivated. */
export const USER_DEACTIVATION = 'user_deactivation' satisfies SuspensionReason;

/** The state of a project or membership, and why it is suspended. */
export interface Standing<State extends string> {
  readonly state: State | 'suspended';
  readonly suspensionReason: SuspensionReason | null;
}

/** What a declared state is judged with. */
export interface DeclaredAgainst<State extends string> {
  /** Undefined for what does not exist yet. */
  readonly before: Standing<State> | undefined;
  /** Whether the account it hangs on, the owner's or the member's, is deactivated. */
  readonly isDeactivated: boolean;
  /** Whether a state grants something. */
  readonly grants: (state: State | 'suspended') => boolean;
}

/**
 * Returns where something stands that an operator declared to be in a state.
 *
 * He says how it is while the account is active: with a deactivated one nothing begins to grant, it
 * is suspended for that reason instead. What he declares suspended does not resume by itself.
 */
export function declaredStanding<State extends string>(
  declared: State,
  { before, isDeactivated, grants }: DeclaredAgainst<State>,
): Standing<State> {
  const begins = grants(declared) && (before === undefined || !grants(before.state));
  return isDeactivated && begins
    ? { state: 'suspended', suspensionReason: USER_DEACTIVATION }
    : { state: declared, suspensionReason: null };
}
