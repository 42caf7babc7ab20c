/**
 * A database with the slices wired as a server has them, and the few things that tests of projects
 * do with it. Users and resources are inserted by SQL: how they are declared is tested elsewhere.
 */
import { createOperations, type Operations } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import type { Built, Statement, Tx } from '../../src/db/tx.js';
import type { Quantity } from '../../src/kernel/quantity.js';
import type { ReportLine } from '../../src/state/section.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Limit, usage_min and usage_max of a holding. */
export type Counters = readonly [bigint, bigint, bigint];

/** A world of its own; close it in `after`. */
export interface ProjectsWorld extends Operations {
  readonly db: TestDatabase;
  /** Returns to a world without users and projects, with the first resource only. */
  reset(): Promise<void>;
  /** Inserts accounts; each uuid is the username, too. */
  addUsers(...uuids: string[]): Promise<void>;
  /** Inserts accounts and gives them their base projects, as accepting them does. */
  acceptUsers(...uuids: string[]): Promise<void>;
  /** Registers a resource, as a component does. */
  addResource(name: string, systemDefault: bigint, projectDefault: bigint): Promise<void>;
  /** Inserts a project in any state, without quota and holdings. */
  insertProject(uuid: string, state: string): Promise<void>;
  /** Applies entries of the section `projects` and returns what was reported, line by line. */
  declare(...entries: unknown[]): Promise<string[]>;
  /** Returns the holdings of the resource as `holder source` → counters. */
  holdings(resource: string): Promise<Record<string, Counters>>;
  /** Charges something on every holding of the resource: usage_min 3, usage_max 5. */
  charge(resource: string): Promise<void>;
}

/** Returns a new world with the resources `nimbus.vm` (system 100, project 7). */
export async function createProjectsWorld(): Promise<ProjectsWorld> {
  const db = await createTestDatabase();
  const operations = createOperations(loadConfig({ DATABASE_URL: db.url }));
  const { database, projects } = operations;
  const addUsers = async (...uuids: string[]) => {
    await db.query(
      `insert into users (uuid, username, email)
       select u, u, u || '@example.org' from unnest($1::text[]) as u`,
      [uuids],
    );
  };
  const addResource = async (name: string, systemDefault: bigint, projectDefault: bigint) => {
    await database.transact(async (tx) => {
      await insertResource(tx, name, systemDefault, projectDefault);
      await projects.onResourcesRegistered(tx, [
        resourceDefaults(name, systemDefault, projectDefault),
      ]);
    });
  };
  await addResource('nimbus.vm', 100n, 7n);
  return {
    ...operations,
    db,
    reset: async () => {
      // As a replica Postgres runs no triggers, which would keep the holdings.
      await db.query(`
        begin;
        set local session_replication_role = replica;
        truncate holdings, project_memberships, project_quotas, projects, users cascade;
        delete from resources where name not in ('astakos.pending_app', 'nimbus.vm');
        commit`);
    },
    addUsers,
    addResource,
    acceptUsers: async (...uuids) => {
      await addUsers(...uuids);
      await database.transact((tx) => projects.onUsersAccepted(tx, uuids.map(asUser)));
    },
    insertProject: async (uuid, state) => {
      await db.query(
        `insert into projects (uuid, realname, name, state, end_date)
         values ($1, $1, case when $2 in ('active', 'suspended') then $1 end, $2, now())`,
        [uuid, state],
      );
    },
    declare: (...entries) => declareProjects(operations, entries),
    holdings: async (resource) => {
      const rows = await db.query<{ key: string; limit: string; min: string; max: string }>(
        `select concat_ws(' ', holder, source) as key, "limit", usage_min as min, usage_max as max
           from holdings where resource = $1 order by id`,
        [resource],
      );
      return Object.fromEntries(
        rows.map(({ key, limit, min, max }) => [key, [BigInt(limit), BigInt(min), BigInt(max)]]),
      );
    },
    charge: async (resource) => {
      await db.query('update holdings set usage_min = 3, usage_max = 5 where resource = $1', [
        resource,
      ]);
    },
    close: async () => {
      await operations.close();
      await db.drop();
    },
  };
}

/** Something that tests wait for until they open it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** Returns a closed gate. */
export function createGate(): Gate {
  let open = () => {
    /* replaced below, before anybody can call it */
  };
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Returns an account as the hook takes it. */
export function asUser(uuid: string): { uuid: string; username: string } {
  return { uuid, username: uuid };
}

/** Returns what a registration tells the hook. */
export function resourceDefaults(name: string, systemDefault: bigint, projectDefault: bigint) {
  return {
    name,
    apiVisible: true,
    systemDefault: systemDefault as Quantity,
    projectDefault: projectDefault as Quantity,
  };
}

/** Inserts the row of a resource, without telling anybody. */
export async function insertResource(
  tx: Tx,
  name: string,
  systemDefault: bigint,
  projectDefault: bigint,
): Promise<void> {
  await tx.query(
    {
      text: `insert into resources (name, service, ui_visible, api_visible, system_default,
                                    project_default)
             values ($1, 'astakos_account', true, true, $2, $3)`,
    },
    [name, systemDefault, projectDefault],
  );
}

/** Counts the statements that go through a transaction. */
export class CountingTx implements Tx {
  statements = 0;

  constructor(private readonly tx: Tx) {}

  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]> {
    this.statements += 1;
    return this.tx.query(statement, values);
  }

  run<Row>(built: Built): Promise<Row[]> {
    this.statements += 1;
    return this.tx.run(built);
  }

  pieces<Row>(statement: Statement, values: readonly unknown[], size: number) {
    this.statements += 1;
    return this.tx.pieces<Row>(statement, values, size);
  }

  last(statement: Statement, values: readonly unknown[]): void {
    this.statements += 1;
    this.tx.last(statement, values);
  }

  identify(transactionId: string): void {
    this.tx.identify(transactionId);
  }

  afterCommit(effect: () => void): void {
    this.tx.afterCommit(effect);
  }
}

async function declareProjects(
  { database, projects }: Operations,
  entries: readonly unknown[],
): Promise<string[]> {
  const section = projects.stateSections[0]!;
  const lines: string[] = [];
  const report = ({ kind, name, outcome }: ReportLine) => {
    lines.push(`${kind} ${name} ${outcome}`);
  };
  const read = entries.map((entry) => section.entry.parse(entry));
  await database.transact((tx) => section.apply(tx, read, report));
  return lines;
}
