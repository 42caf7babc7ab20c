/**
 * Invariant: a user keeps the uuid, and once accepted stays accepted; whoever is not to work any
 * more is made inactive.
 */

/** What a state file says about a user, and what is stored of one. */
export interface Account {
  readonly uuid: string;
  readonly username: string;
  readonly email: string;
  readonly fullName: string;
  readonly active: boolean;
  readonly accepted: boolean;
  readonly termsSigned: boolean;
  readonly projectAdmin: boolean;
  readonly staff: boolean;
}

/** Whether two accounts say the same. */
export function sameAccount(one: Account, other: Account): boolean {
  return (
    one.uuid === other.uuid &&
    one.username === other.username &&
    one.email === other.email &&
    one.fullName === other.fullName &&
    one.active === other.active &&
    one.accepted === other.accepted &&
    one.termsSigned === other.termsSigned &&
    one.projectAdmin === other.projectAdmin &&
    one.staff === other.staff
  );
}

/** Whether the user becomes accepted for the first time. */
export function becomesAccepted(stored: Account | undefined, declared: Account): boolean {
  return declared.accepted && stored?.accepted !== true;
}

/**
 * Whether an accepted user is to stop or resume working; one who has just been accepted, or is new,
 * counts as having worked until now.
 */
export function changesActivity(stored: Account | undefined, declared: Account): boolean {
  const wasActive = stored?.accepted === true ? stored.active : true;
  return declared.accepted && declared.active !== wasActive;
}
