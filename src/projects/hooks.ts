import type { Tx } from '../db/tx.js';
import type { Clock } from '../kernel/clock.js';
import { Failure } from '../kernel/failure.js';
import type { ResourceDefaults } from '../quotas/index.js';
import { UNSAID } from './domain/cause.js';
import { systemProjectOf } from './domain/project.js';
import { type QuotasForProjects, synchronise } from './limits.js';
import { holdCatalogue, lockCatalogue, lockNames } from './storage/locks.js';
import { putMemberships } from './storage/memberships.js';
import { completeProjectQuotas } from './storage/project-quotas.js';
import { insertProjects, ordinaryProjectsAmong } from './storage/projects.js';

/** What the hooks of this slice work with. */
export interface HookDeps {
  readonly clock: Clock;
  readonly quotas: QuotasForProjects;
}

/** An account as far as its system project needs it. */
export interface AcceptedUser {
  readonly uuid: string;
  readonly username: string;
}

/**
 * Gives users their system projects, with the system default of every resource. A user who has
 * one is left alone.
 *
 * Fails with ALREADY_EXISTS when an ordinary project has the uuid of a user.
 */
export async function createSystemProjects(
  tx: Tx,
  { clock, quotas }: HookDeps,
  users: readonly AcceptedUser[],
): Promise<void> {
  if (users.length === 0) return;
  await holdCatalogue(tx);
  await lockNames(tx);
  const now = clock.now();
  const wanted = users.map((user) => systemProjectOf(user, now));
  const created = await insertProjects(tx, wanted, now);
  if (created.length < users.length) await refuseOrdinaryProjects(tx, users);
  if (created.length === 0) return;
  const projects = created.map(({ id }) => id);
  await completeProjectQuotas(tx, projects, await quotas.resourceDefaults(tx));
  await putMemberships(
    tx,
    created.map(({ id, uuid }) => ({
      projectId: id,
      user: uuid,
      state: 'accepted',
      suspensionReason: null,
    })),
    UNSAID,
    now,
  );
  await synchronise(tx, quotas, { projects });
}

/**
 * Makes new resources chargeable at once: every initialized project gets its default capacities,
 * and it and all of its initialized memberships get holdings (quota specification, 8.3).
 */
export async function addResources(
  tx: Tx,
  { quotas }: HookDeps,
  resources: readonly ResourceDefaults[],
): Promise<void> {
  if (resources.length === 0) return;
  await lockCatalogue(tx);
  await completeProjectQuotas(tx, 'all', resources);
  await synchronise(tx, quotas, {
    projects: 'all',
    resources: resources.map(({ name }) => name),
  });
}

async function refuseOrdinaryProjects(tx: Tx, users: readonly AcceptedUser[]): Promise<void> {
  const [taken] = await ordinaryProjectsAmong(
    tx,
    users.map(({ uuid }) => uuid),
  );
  if (taken === undefined) return;
  throw new Failure(
    'already-exists',
    'ALREADY_EXISTS',
    `The system project of user ${taken} cannot be created: an ordinary project has its id`,
    { project: taken },
  );
}
