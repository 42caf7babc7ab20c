import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import { notFound } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import type { ComponentPrincipal, UserPrincipal } from '../../kernel/principal.js';
import { isCleanText } from '../../kernel/text.js';
import type { ProjectQuota, UserQuota } from '../domain/counters.js';
import type { Resource } from '../domain/resource.js';
import { readProjectQuotas, readUserQuotas } from '../storage/readings.js';
import { findResources, listVisibleResources, resourcesOfServices } from '../storage/resources.js';

/** Which part of a list is wanted; undefined means the documented whole list. */
export type PageOfList = Page<readonly string[]> | undefined;

/** Filters of the component's view; undefined lets everything pass, an empty list nothing. */
export interface ServiceQuotasCommand {
  readonly users: readonly string[] | undefined;
  readonly projects: readonly string[] | undefined;
  readonly page: PageOfList;
}

/**
 * A list that is read piece by piece, so that it never is in memory whole. It belongs to one
 * snapshot; reading it again takes a new one.
 */
export interface Reading<Entry, Key = readonly string[]> {
  readonly page: Page<Key> | undefined;
  read(visit: (entries: readonly Entry[]) => void): Promise<void>;
}

/** What the use cases of reading need. */
export interface ReadingsDeps {
  readonly database: Database;
  readonly servicesOf: (tx: Tx, componentId: bigint) => Promise<readonly string[]>;
  /** Ids of the projects a user sees in his quotas (section 4.2). */
  readonly visibleProjectIds: (tx: Tx, userUuid: string) => Promise<readonly string[]>;
}

/** A page of resources. */
export interface ResourcePage {
  readonly resources: readonly Resource[];
  /** Name of the last one when there may be more behind it. */
  readonly next: string | undefined;
}

/** The use cases of reading the ledger. */
export interface Readings {
  resources(page: Parsed<PageOfList>): Promise<ResourcePage>;
  ofUser(caller: UserPrincipal, page: Parsed<PageOfList>): Promise<Reading<UserQuota>>;
  ofService(
    caller: ComponentPrincipal,
    command: Parsed<ServiceQuotasCommand>,
  ): Promise<Reading<UserQuota>>;
  ofServiceProjects(
    caller: ComponentPrincipal,
    command: Parsed<Omit<ServiceQuotasCommand, 'users'>>,
  ): Promise<Reading<ProjectQuota>>;
}

/** Returns the use cases of reading the ledger. */
export function createReadings(deps: ReadingsDeps): Readings {
  return {
    async resources(parsedPage) {
      const page = unwrap(parsedPage);
      const size = page?.size ?? null;
      const after = page?.after?.[0] ?? '';
      const resources = await deps.database.read((tx) => listVisibleResources(tx, after, size));
      return { resources, next: resources.length === size ? resources.at(-1)?.name : undefined };
    },
    ofUser: (caller, parsedPage) => {
      const page = unwrap(parsedPage);
      return Promise.resolve({ page, read: (visit) => readOfUser(deps, caller, page, visit) });
    },
    ofService: (caller, command) => {
      const { users, projects, page } = unwrap(command);
      const filter = { users: storable(users), projects: storable(projects), page };
      return Promise.resolve({ page, read: (visit) => readOfService(deps, caller, filter, visit) });
    },
    ofServiceProjects: (caller, command) => {
      const { projects, page } = unwrap(command);
      const filter = { projects: storable(projects), page };
      return Promise.resolve({
        page,
        read: (visit) => readOfProjects(deps, caller, filter, visit),
      });
    },
  };
}

async function readOfUser(
  deps: ReadingsDeps,
  caller: UserPrincipal,
  page: PageOfList,
  visit: (quotas: readonly UserQuota[]) => void,
): Promise<void> {
  await deps.database.snapshot(async (tx) => {
    const projects = await deps.visibleProjectIds(tx, caller.uuid);
    const resources = (await findResources(tx, null)).filter(({ apiVisible }) => apiVisible);
    const names = resources.map(({ name }) => name);
    const filter = { users: [caller.uuid], projects, resources: names, ...window(page) };
    await visitAll(readUserQuotas(tx, filter), visit);
  });
}

async function readOfService(
  deps: ReadingsDeps,
  caller: ComponentPrincipal,
  { users, projects, page }: ServiceQuotasCommand,
  visit: (quotas: readonly UserQuota[]) => void,
): Promise<void> {
  const isEmpty = await deps.database.snapshot(async (tx) => {
    const resources = await resourcesOfServices(tx, await deps.servicesOf(tx, caller.id));
    const filter = { users, projects, resources, ...window(page) };
    return visitAll(readUserQuotas(tx, filter), visit);
  });
  // Components tell "unknown to the ledger" from "nothing used" by this (section 4.3).
  if (users !== undefined && isEmpty && page?.after === undefined)
    throw notFound('user', users.join(','), 'No quotas of the given users were found');
}

async function readOfProjects(
  deps: ReadingsDeps,
  caller: ComponentPrincipal,
  { projects, page }: Omit<ServiceQuotasCommand, 'users'>,
  visit: (quotas: readonly ProjectQuota[]) => void,
): Promise<void> {
  const isEmpty = await deps.database.snapshot(async (tx) => {
    const resources = await resourcesOfServices(tx, await deps.servicesOf(tx, caller.id));
    const filter = { projects, resources, ...window(page) };
    return visitAll(readProjectQuotas(tx, filter), visit);
  });
  if (projects !== undefined && isEmpty && page?.after === undefined)
    throw notFound('project', projects.join(','), 'No quotas of the given projects were found');
}

/** Hands on every piece and returns whether there was none. */
async function visitAll<Entry>(
  pieces: AsyncIterable<readonly Entry[]>,
  visit: (entries: readonly Entry[]) => void,
): Promise<boolean> {
  let isEmpty = true;
  for await (const piece of pieces) {
    isEmpty = false;
    visit(piece);
  }
  return isEmpty;
}

function window(page: PageOfList) {
  return { after: page?.after, limit: page?.size };
}

/** Leaves out what cannot be stored and so cannot match; Postgres would refuse to look for it. */
function storable(ids: readonly string[] | undefined): readonly string[] | undefined {
  return ids?.filter(isCleanText);
}
