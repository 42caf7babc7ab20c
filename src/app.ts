import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Allocations, createAllocations } from './allocations/index.js';
import { type Config, openDoors } from './config.js';
import { Database } from './db/database.js';
import { migrate, requireCurrentSchema } from './db/migrate.js';
import { createEvents, type EventLine, type Events } from './events/index.js';
import { httpRules } from './gen/http-rules.js';
import { astakos, createIdentity, type Identity, type IdentityHooks } from './identity/index.js';
import { createImageSharing, type ImageSharing } from './images/index.js';
import { type Clock, systemClock } from './kernel/clock.js';
import { OperatorError } from './kernel/operator-error.js';
import { createJobs, installJobSchema, type Jobs } from './jobs/index.js';
import { createProjects, type Projects } from './projects/index.js';
import { createQuotas, type Quotas, type QuotasHooks } from './quotas/index.js';
import { readDescriptors } from './rpc/descriptors.js';
import { createEdgeService } from './rpc/edge-service.js';
import { OWN_FAMILY } from './rpc/fallback.js';
import { createRpcMetrics } from './rpc/metrics.js';
import type { BoundService } from './rpc/route.js';
import { createRpcServer } from './rpc/server.js';
import type { StateSection } from './state/section.js';

/** A server process: everything from the port down to the database. */
export interface App {
  /** Checks the schema, listens and returns the port; throws an OperatorError with one line. */
  start(): Promise<{ readonly port: number }>;
  /** Says so to load balancers, refuses new calls and finishes those in flight. */
  drain(): Promise<void>;
  /** Lets go of the database. */
  stop(): Promise<void>;
  /** Returns the figures of this process in the text format of Prometheus. */
  metrics(): Promise<string>;
}

/** The slices without a server, for commands and tests. */
export interface Operations {
  readonly database: Database;
  readonly identity: Identity;
  readonly quotas: Quotas;
  readonly projects: Projects;
  readonly events: Events;
  readonly images: ImageSharing;
  readonly allocations: Allocations;
  /** The keys of the state file, in the order in which they are applied. */
  readonly stateSections: readonly StateSection[];
  close(): Promise<void>;
}

/** What is written in batches. */
export type BatchKind = 'ledger' | 'allocations' | 'images';

/** Options of the composition that only tests and the server set. */
export interface OperationsOptions {
  readonly clock?: Clock;
  /** Told of every batch of writes, by what it writes. */
  readonly onBatch?: (kind: BatchKind, size: number) => void;
  /** Told of every event that this process recorded, once it is committed. */
  readonly onEvent?: (event: EventLine) => void;
}

/** Wires the slices: each gets the ones below it, and hooks that lead to those above. */
export function createOperations(config: Config, options: OperationsOptions = {}): Operations {
  const url = requireDatabaseUrl(config);
  const clock = options.clock ?? systemClock;
  const database = new Database({ url, poolSize: config.databasePoolSize });
  const identityHooks: IdentityHooks = {
    userAccepted: (tx, users) => projects.onUsersAccepted(tx, users),
    userActivityChanged: (tx, users) => projects.onUserActivityChanged(tx, users),
    projectsOf: (tx, user) => projects.projectsOf(tx, user),
  };
  const quotasHooks: QuotasHooks = {
    resourcesRegistered: (tx, resources) => projects.onResourcesRegistered(tx, resources),
    visibleProjectIds: (tx, user) => projects.visibleProjectIds(tx, user),
  };
  const identity: Identity = createIdentity({
    database,
    databaseUrl: url,
    clock,
    publicUrl: config.publicUrl,
    hooks: identityHooks,
  });
  const quotas: Quotas = createQuotas({
    database,
    clock,
    identity,
    hooks: quotasHooks,
    ...quotaSettings(config),
    onBatch: (size) => options.onBatch?.('ledger', size),
  });
  const events: Events = createEvents({
    database,
    clock,
    component: identity.callers.component,
    keepMs: config.eventDays * 86_400_000,
    onEvent: options.onEvent,
  });
  const projects: Projects = createProjects({
    database,
    clock,
    quotas,
    events,
    identity,
    acceptedUsers: (tx, uuids) => identity.acceptedUsers(tx, uuids),
  });
  const images = createImageSharing({
    ...{ database, clock, identity },
    ...imageSettings(config),
    recordEvents: (tx, list) => events.record(tx, list),
    onBatch: (size) => options.onBatch?.('images', size),
  });
  const allocations: Allocations = createAllocations({
    ...{ database, clock, identity },
    ...allocationSettings(config),
    onBatch: (size) => options.onBatch?.('allocations', size),
  });
  return {
    database,
    identity,
    quotas,
    projects,
    events,
    images,
    allocations,
    stateSections: [
      ...identity.stateSections({ resources: quotas.nestedResources }),
      ...projects.stateSections,
    ],
    close: () => database.close(),
  };
}

function quotaSettings(config: Config) {
  return {
    strict: config.quotasStrict,
    maxProvisions: config.maxProvisions,
    rememberMs: config.requestIdDays * 86_400_000,
    defaultExpiryMs:
      config.commissionExpirySeconds === 0 ? null : config.commissionExpirySeconds * 1000,
  };
}

function allocationSettings(config: Config) {
  return {
    prefix: config.allocationsPrefix,
    publicUrl: config.publicUrl,
    auth: config.allocationsAuth,
    policy: config.allocationsPolicy,
  };
}

function imageSettings(config: Config) {
  return {
    auth: config.imagesAuth,
    rules: {
      ownerIdentity: config.imagesOwnerIdentity,
      roleEnforcement: config.imagesRoleEnforcement,
      memberVisibility: config.imagesMemberVisibilityRule,
    },
    limits: {
      members: config.imagesMemberQuota,
      properties: config.imagesPropertyQuota,
      tags: config.imagesTagQuota,
      nameLength: config.imagesNameLength,
    },
    pages: { usual: config.imagesPageSize, largest: config.imagesLargestPage },
    publicUrl: config.imagesPublicUrl?.replace(/\/+$/, ''),
    identityUrl: `${config.publicUrl}/identity/v2.0`,
  };
}

/**
 * Brings the schema up to date, the job queue's own included, or takes the newest migration back;
 * returns the names of what was done. Throws an OperatorError with one line.
 */
export async function migrateDatabase(
  databaseUrl: string,
  direction: 'up' | 'down',
): Promise<readonly string[]> {
  const done = await migrate(databaseUrl, direction);
  if (direction === 'up') await installJobSchema(databaseUrl);
  return done;
}

/** Returns a server process that has not started yet. */
export function createApp(config: Config, log: Logger, options: { clock?: Clock } = {}): App {
  const registry = new Registry();
  const batches = batchSizes(registry);
  const operations = createOperations(config, {
    ...options,
    onBatch: (kind, size) => {
      batches[kind].observe(size);
    },
    onEvent: (event) => {
      log.info({ event }, 'event');
    },
  });
  const { database, identity, allocations } = operations;
  watchPool(registry, operations);
  collectDefaultMetrics({ register: registry });
  const jobs = createBackgroundWork(config, operations, log, registry);
  let isDraining = false;
  const server = createRpcServer({
    services: allServices(operations, () => !isDraining && database.availability.isAvailable),
    families: [astakos, allocations.family, operations.images.family, OWN_FAMILY],
    httpRules,
    descriptors: readDescriptors(),
    metrics: createRpcMetrics(registry),
    log,
    maxMessageBytes: config.maxBodyBytes,
  });
  const health = () => {
    server.setServing(!isDraining && database.availability.isAvailable);
  };
  return {
    async start() {
      await requireCurrentSchema(requireDatabaseUrl(config));
      watchAvailability(operations, log, health);
      for (const line of openDoors(config)) log.warn(line);
      await identity.start();
      await allocations.start();
      await jobs.start();
      const port = await server.listen(config.serverAddress);
      health();
      return { port };
    },
    async drain() {
      isDraining = true;
      health();
      log.info('draining');
      await Promise.all([
        server.drain(config.drainSeconds * 1000),
        jobs.stop(config.drainSeconds * 1000),
      ]);
    },
    async stop() {
      await jobs.stop();
      await identity.stop();
      await operations.close();
    },
    metrics: () => registry.metrics(),
  };
}

/** Returns who may call each RPC, for `envoy/routes.md`. */
export function describeRoutes(): readonly { readonly rpc: string; readonly caller: string }[] {
  const config = { databaseUrl: 'postgres://nowhere.invalid/', publicUrl: '', databasePoolSize: 1 };
  const operations = createOperations(config as Config);
  return allServices(operations, () => false).flatMap(({ methods }) =>
    methods.map(({ rpc, route }) => ({ rpc, caller: route.callerName })),
  );
}

function allServices(operations: Operations, isServing: () => boolean): readonly BoundService[] {
  return [
    ...operations.identity.services,
    ...operations.quotas.services,
    ...operations.projects.services,
    ...operations.events.services,
    ...operations.images.services,
    ...operations.allocations.services,
    createEdgeService(isServing),
  ];
}

function watchAvailability({ database }: Operations, log: Logger, health: () => void): void {
  database.availability.onChange((isAvailable) => {
    if (isAvailable) log.info('the database answers again');
    else log.error('the database does not answer');
    health();
  });
  database.availability.start();
}

/** Sweeps of the slices, run by one process at a time. */
function createBackgroundWork(
  config: Config,
  { quotas, events, projects }: Operations,
  log: Logger,
  registry: Registry,
): Jobs {
  const seconds = new Histogram({
    name: 'apportion_job_seconds',
    help: 'Background jobs by task and outcome.',
    labelNames: ['task', 'outcome'],
    registers: [registry],
  });
  const jobs = createJobs({
    databaseUrl: requireDatabaseUrl(config),
    tasks: [],
    log,
    onFinished: ({ task, outcome, seconds: taken }) => {
      seconds.observe({ task, outcome }, taken);
    },
  });
  for (const sweep of [...quotas.sweeps, ...events.sweeps, ...projects.sweeps]) {
    jobs.everySeconds(sweep.name, sweep.everySeconds, () => sweep.run());
  }
  return jobs;
}

function batchSizes(registry: Registry): Readonly<Record<BatchKind, Histogram>> {
  const sizes = (kind: BatchKind, what: string) =>
    new Histogram({
      name: `apportion_${kind}_batch_size`,
      help: `Operations written in one transaction of ${what}.`,
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers: [registry],
    });
  return {
    ledger: sizes('ledger', 'the ledger'),
    allocations: sizes('allocations', 'allocation writes'),
    images: sizes('images', 'image sharing'),
  };
}

function watchPool(registry: Registry, { database, quotas }: Operations): void {
  new Gauge({
    name: 'apportion_database_connections',
    help: 'Database connections by state; waiting are calls without one.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { total, idle, waiting } = database.connections;
      this.set({ state: 'busy' }, total - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  new Gauge({
    name: 'apportion_ledger_waiting',
    help: 'Operations of the ledger that wait for a batch.',
    registers: [registry],
    collect() {
      this.set(quotas.waiting());
    },
  });
}

function requireDatabaseUrl(config: Config): string {
  if (config.databaseUrl === undefined) throw new OperatorError('DATABASE_URL is not set');
  return config.databaseUrl;
}
