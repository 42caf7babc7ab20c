import { z } from 'zod';
import { OpenStackError } from './errors.js';
import type { Session } from './session.js';

const NAMED = z.object({ id: z.string().min(1).max(64), name: z.string() });

/** A project to be made, named after what it belongs to (12.1). */
export interface ProjectPlan {
  readonly name: string;
  readonly description: string;
}

/** A backend user to be made. */
export interface UserPlan {
  readonly name: string;
  readonly password: string;
  /** The project it works in. */
  readonly projectId: string;
}

/**
 * Returns the id of the project of that name, which is made when there is none; may be repeated.
 *
 * Keystone's conflict names the id it refused to give, not the one that exists (errata), so the
 * project is looked up by its name then. Throws an OpenStackError.
 */
export async function ensureProject(
  session: Session,
  { name, description }: ProjectPlan,
  signal?: AbortSignal,
): Promise<string> {
  const body = { name, description, domain_id: session.domain, enabled: true };
  return await createOrFind(session, 'project', body, { signal });
}

/**
 * Returns the id of the user of that name, which is made when there is none; an existing one gets
 * the password and the project. May be repeated, and only with a name that nobody else uses.
 *
 * Throws an OpenStackError.
 */
export async function ensureUser(
  session: Session,
  { name, password, projectId }: UserPlan,
  signal?: AbortSignal,
): Promise<string> {
  const settings = { password, default_project_id: projectId };
  const body = { name, domain_id: session.domain, ...settings };
  const context = { secrets: [password], signal };
  return await createOrFind(session, 'user', body, context, async (id) => {
    const path = `/users/${encodeURIComponent(id)}`;
    await session.call('keystone', { method: 'PATCH', path, body: { user: settings }, ...context });
  });
}

/**
 * Gives a user a role in a project; having it already is success. Throws an OpenStackError, of kind
 * `not-found` when the deployment has no role of that name.
 */
export async function grantRole(
  session: Session,
  grant: { readonly projectId: string; readonly userId: string; readonly role: string },
  signal?: AbortSignal,
): Promise<void> {
  const roles = await session.call('keystone', {
    method: 'GET',
    path: `/roles?name=${encodeURIComponent(grant.role)}`,
    answer: z.object({ roles: z.array(NAMED) }).transform((value) => value.roles),
    signal,
  });
  const role = roles.find(({ name }) => name === grant.role);
  if (role === undefined) {
    throw new OpenStackError('keystone', 'not-found', `keystone has no role ${grant.role}`);
  }
  const ids = [grant.projectId, grant.userId, role.id].map(encodeURIComponent);
  const path = `/projects/${ids[0]}/users/${ids[1]}/roles/${ids[2]}`;
  await session.call('keystone', { method: 'PUT', path, signal });
}

/**
 * Whether a backend user can sign in to a project (12.1, step 2). Throws an OpenStackError when
 * Keystone gives no answer to that.
 */
export async function maySignIn(
  session: Session,
  user: { readonly name: string; readonly password: string; readonly projectId: string },
  signal?: AbortSignal,
): Promise<boolean> {
  const { name: username, password, projectId } = user;
  const { domain } = session;
  const scope = { project: { id: projectId } };
  try {
    await session.authenticate({ username, password, domain, scope }, signal);
    return true;
  } catch (error) {
    if (error instanceof OpenStackError && error.kind === 'unauthorized') return false;
    throw error;
  }
}

interface Context {
  readonly secrets?: readonly string[];
  readonly signal?: AbortSignal;
}

async function createOrFind(
  session: Session,
  noun: 'project' | 'user',
  body: { readonly name: string },
  context: Context,
  onFound: (id: string) => Promise<void> = async () => {},
): Promise<string> {
  const answer = z.object({ [noun]: NAMED }).transform((value) => value[noun]?.id ?? '');
  try {
    const path = `/${noun}s`;
    return await session.call('keystone', {
      method: 'POST',
      path,
      body: { [noun]: body },
      answer,
      ...context,
    });
  } catch (error) {
    if (!(error instanceof OpenStackError) || error.kind !== 'conflict') throw error;
    const id = await findByName(session, noun, body.name, context.signal);
    if (id === undefined) throw error;
    await onFound(id);
    return id;
  }
}

async function findByName(
  session: Session,
  noun: 'project' | 'user',
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const query = new URLSearchParams({ name, domain_id: session.domain });
  const key = `${noun}s`;
  const found = await session.call('keystone', {
    method: 'GET',
    path: `/${key}?${query.toString()}`,
    answer: z.object({ [key]: z.array(NAMED) }).transform((value) => value[key] ?? []),
    signal,
  });
  return found.find((entry) => entry.name === name)?.id;
}
