/**
 * Invariant: ordinary projects are named like domains, so that they never collide with the names
 * of system projects (projects specification, 6).
 */
import { Failure } from '../../kernel/failure.js';

/** Longest name of an ordinary project, in characters. */
export const LONGEST_PROJECT_NAME = 80;

/** Labels with a dot each, then two to six letters; `$` without the m flag is the true end. */
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,6}$/;

/** Returns what is wrong with the name of an ordinary project, in the documented words. */
export function faultOfProjectName(name: string): string | undefined {
  // Characters, not UTF-16 units: a name of 80 letters beyond the BMP fails for its format.
  if (Array.from(name).length > LONGEST_PROJECT_NAME)
    return `'name' value exceeds max length ${LONGEST_PROJECT_NAME}`;
  return DOMAIN.test(name) ? undefined : 'Project name should be in domain format';
}

/** Returns the failure of a project that would become alive under another alive one's name. */
export function nameTaken(name: string, holder: string): Failure {
  return new Failure(
    'already-exists',
    'ALREADY_EXISTS',
    `cannot approve: project with name '${name}' already exists (id: ${holder})`,
    { name, project: holder },
  );
}
