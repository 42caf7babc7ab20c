/**
 * Invariant: a token speaks for one project of its user: the base project, whose id is the user's
 * uuid, unless another of the user's projects is asked for.
 */

/** A project as the token answers name it. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
}

/**
 * Returns the project a user asks to speak for, or undefined when it is none of the user's.
 *
 * @param asked - absent means the base project, which counts even while its membership is off.
 */
export function tenantFor(
  userUuid: string,
  projects: readonly Tenant[],
  asked: string | undefined,
): Tenant | undefined {
  const wanted = asked ?? userUuid;
  const found = projects.find((project) => project.id === wanted);
  if (found !== undefined || wanted !== userUuid) return found;
  return { id: userUuid, name: `system:${userUuid}` };
}
