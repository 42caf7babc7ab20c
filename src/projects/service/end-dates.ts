import type { Database } from '../../db/database.js';
import { Failure } from '../../kernel/failure.js';
import type { Sweep } from '../../kernel/sweep.js';
import { OPERATOR } from '../access.js';
import { isAlive } from '../domain/project-states.js';
import { type ExpiredProject, expiredProjects } from '../storage/expired-projects.js';
import { holdCatalogue } from '../storage/locks.js';
import { lockProjects } from '../storage/projects.js';
import { actOnProject } from './deciding.js';
import type { SubmittingDeps } from './submitting.js';

/** How many projects are looked at at a time. */
const PORTION = 500;

/** What became of a project behind its end. */
export interface EndedProject {
  readonly project: ExpiredProject;
  /** `spared`: somebody else ended it, or moved its end, in the meantime. */
  readonly outcome: 'terminated' | 'spared' | 'failed';
  /** Why it failed. */
  readonly error?: unknown;
}

/** What ending projects needs. */
export interface EndDatesDeps extends SubmittingDeps {
  readonly database: Database;
}

/** Projects that live on behind their end (projects specification, 14). */
export interface EndDates {
  /** Returns them, the longest expired first. */
  expired(): Promise<readonly ExpiredProject[]>;
  /**
   * Terminates them, each in a transaction of its own: one that cannot be terminated does not stop
   * the others. Only a database that is away ends it.
   */
  terminateExpired(): Promise<readonly EndedProject[]>;
}

/** Returns what can be done about projects behind their end. */
export function createEndDates(deps: EndDatesDeps): EndDates {
  const { database, clock } = deps;
  return {
    async expired() {
      const found: ExpiredProject[] = [];
      for await (const portion of portions(database, clock.now())) found.push(...portion);
      return found;
    },
    async terminateExpired() {
      const now = clock.now();
      const ended: EndedProject[] = [];
      for await (const portion of portions(database, now))
        for (const project of portion) ended.push(await endProject(deps, project, now));
      return ended;
    },
  };
}

/** Returns the sweep that terminates projects behind their end. */
export function createEndDatesSweep(endDates: EndDates): Sweep {
  return {
    name: 'projects.terminate_expired',
    everySeconds: 60,
    async run() {
      const failed = (await endDates.terminateExpired()).filter(
        (each) => each.outcome === 'failed',
      );
      const [first] = failed;
      if (first === undefined) return;
      throw new Error(
        `${failed.length} expired projects, ${first.project.uuid} the first of them, live on`,
        {
          cause: first.error,
        },
      );
    },
  };
}

async function* portions(database: Database, now: Date): AsyncIterable<readonly ExpiredProject[]> {
  let last: ExpiredProject | undefined;
  for (;;) {
    // Behind the last one: those that could not be terminated are not looked at again.
    const after = last;
    const portion = await database.read((tx) => expiredProjects(tx, now, after, PORTION));
    yield portion;
    if (portion.length < PORTION) return;
    last = portion.at(-1);
  }
}

async function endProject(
  deps: EndDatesDeps,
  project: ExpiredProject,
  now: Date,
): Promise<EndedProject> {
  try {
    return await deps.database.transact(async (tx) => {
      await holdCatalogue(tx);
      const [present] = await lockProjects(tx, [project.uuid]);
      if (present === undefined || !isAlive(present.state) || present.endDate >= now)
        return { project, outcome: 'spared' };
      const reason = `Expired on ${printedEnd(present.endDate)}`;
      await actOnProject(tx, deps, OPERATOR, {
        project: project.uuid,
        action: 'terminate',
        reason,
      });
      return { project, outcome: 'terminated' };
    });
  } catch (error) {
    if (error instanceof Failure && error.reason === 'DATABASE_UNAVAILABLE') throw error;
    return { project, outcome: 'failed', error };
  }
}

function printedEnd(end: Date): string {
  return `${end.toISOString().slice(0, 19)}Z`;
}
