/** Users and projects of their own for tests that share a stack, and provisions on their holdings. */
import { randomUUID } from 'node:crypto';
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';
import type { Stack } from './stack.js';

/** A user with a base project and a token. */
export interface Person {
  readonly uuid: string;
  readonly token: string;
}

/**
 * Declares users with base projects and tokens.
 *
 * @param more - further keys of each user in the state file, for instance `active: false`.
 */
export async function createPeople(
  stack: Stack,
  count: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<readonly Person[]> {
  const people = Array.from({ length: count }, () => {
    const uuid = randomUUID();
    return { uuid, token: `token-${uuid}` };
  });
  const users = people.map(({ uuid, token }) => ({
    uuid,
    username: `name-${uuid}`,
    email: `${uuid}@example.org`,
    tokens: [{ value: token }],
    ...more,
  }));
  // JSON is YAML, too.
  await stack.apply(JSON.stringify({ users }));
  return people;
}

/** Declares one user; see {@link createPeople}. */
export async function createPerson(
  stack: Stack,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Person> {
  const [person] = await createPeople(stack, 1, more);
  if (person === undefined) throw new Error('Nobody was created');
  return person;
}

/** Declares an active project of the owner with members, and returns its id. */
export async function createProject(
  stack: Stack,
  owner: Person,
  members: readonly Person[],
  resources: Readonly<Record<string, { project_capacity: number; member_capacity: number }>>,
): Promise<string> {
  const uuid = randomUUID();
  const project = {
    uuid,
    name: `p-${uuid}.example.org`,
    owner: owner.uuid,
    end_date: '2090-01-01T00:00:00Z',
    join_policy: 'auto',
    leave_policy: 'auto',
    max_members: 1_000_000,
    resources,
    members: members.map((member) => ({ user: member.uuid, state: 'accepted' })),
  };
  await stack.apply(JSON.stringify({ projects: [project] }));
  return uuid;
}

/** A provision on a user's share of a project, the base project unless another is named. */
export function ofUser(
  user: Person,
  resource: string,
  quantity: bigint,
  project: string = user.uuid,
): Provision {
  return { holder: `user:${user.uuid}`, source: `project:${project}`, resource, quantity };
}

/** A provision on a project's own holding. */
export function ofProject(project: string, resource: string, quantity: bigint): Provision {
  return { holder: `project:${project}`, source: undefined, resource, quantity };
}

/** Both provisions that charge a user and the project. */
export function pairOf(
  user: Person,
  resource: string,
  quantity: bigint,
  project: string = user.uuid,
): Provision[] {
  return [ofUser(user, resource, quantity, project), ofProject(project, resource, quantity)];
}
