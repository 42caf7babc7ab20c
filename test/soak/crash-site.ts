/** Two servers, a database of its own that keeps what it commits, the way between, and how they break. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createOperations, type Operations } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { GetHealthResponse_Status } from '../../src/gen/apportion/edge/v1/edge_service.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { isAlive, processesIn } from '../../src/db/embedded/process-table.js';
import { migrate } from '../../src/db/migrate.js';
import { applyStateText } from '../../src/state/apply.js';
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.js';
import { eventually } from '../support/eventually.js';
import { connectGrpc, type GrpcClient } from '../support/grpc-client.js';
import type { Queryable } from '../support/ledger-audit.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import type { Chance } from './seed.js';

/** What goes wrong. */
export const FAULTS = [
  'a server is killed',
  'the database is killed with all its processes',
  'the first process of the database is killed',
  'a process of the database is killed, and the others start again',
  'the connections to the database break',
  'the connections to the database fall silent',
] as const;

/** What goes wrong and takes its time: Postgres waits before it gives up a caller who says nothing. */
export const SLOW_FAULT = 'a server stands still for a while';

/** One of the things that go wrong. */
export type Fault = (typeof FAULTS)[number] | typeof SLOW_FAULT;

const SERVERS = 2;

/** The place where things go wrong. */
export class CrashSite {
  readonly #servers: { readonly server: ServerProcess; readonly client: GrpcClient }[] = [];
  #pool: pg.Pool;

  private constructor(
    private readonly directory: string,
    private postgres: EmbeddedPostgres,
    private readonly proxy: CuttableProxy,
    readonly operations: Operations,
  ) {
    this.#pool = poolOf(postgres.url);
  }

  /** Starts everything; `stop` it in `after`. */
  static async open(): Promise<CrashSite> {
    const directory = await mkdtemp(path.join(tmpdir(), 'apportion-crash-'));
    const postgres = await startEmbeddedPostgres({ directory });
    await migrate(postgres.url, 'up');
    const proxy = await startCuttableProxy(postgres.url);
    const operations = createOperations(loadConfig({ DATABASE_URL: postgres.url }));
    const site = new CrashSite(directory, postgres, proxy, operations);
    try {
      await Promise.all(Array.from({ length: SERVERS }, (_, index) => site.#startServer(index)));
    } catch (error) {
      await site.stop();
      throw error;
    }
    return site;
  }

  async stop(): Promise<void> {
    for (const { server, client } of this.#servers) {
      client.close();
      await server.stop();
    }
    await this.operations.close();
    await this.#pool.end();
    await this.proxy.close();
    await this.postgres.stop('immediate');
    for (const folder of [this.postgres.directory, this.directory])
      await rm(folder, { recursive: true, force: true });
  }

  /** The database, not by way of the proxy. */
  get database(): Queryable {
    return {
      query: async (text, values) => (await this.#pool.query(text, values)).rows as never,
    };
  }

  async apply(yaml: string): Promise<void> {
    await applyStateText(this.operations, yaml, 'crash.yaml');
  }

  /** Returns a client of one of the servers that run now. */
  client(index: number): GrpcClient {
    return this.#servers[index % SERVERS]!.client;
  }

  /**
   * Lets something go wrong, and mends what does not mend itself.
   *
   * @param goesOn - returns when callers are answered in spite of it.
   */
  async inflict(fault: Fault, chance: Chance, goesOn: () => Promise<void>): Promise<void> {
    switch (fault) {
      case 'a server is killed':
        return this.#replaceServer(Math.floor(chance.below(SERVERS)));
      case SLOW_FAULT:
        return this.#pauseServer(Math.floor(chance.below(SERVERS)), goesOn);
      case 'the database is killed with all its processes':
        return this.#killDatabase(await this.#databaseProcesses());
      case 'the first process of the database is killed':
        return this.#killDatabase([]);
      case 'a process of the database is killed, and the others start again':
        return this.#killBackend(chance);
      case 'the connections to the database break':
        this.proxy.cut();
        return;
      case 'the connections to the database fall silent':
        this.proxy.silence();
        // Long enough for the servers to give up what they had begun.
        await eventually(async () => !(await this.#serves()));
        this.proxy.resume();
    }
  }

  /** Returns when nothing is under way in the database any more; throws when a server has died. */
  async settle(): Promise<void> {
    for (const { server } of this.#servers)
      if (!(await isAlive(server.pid))) throw new Error('A server has ended by itself');
    await eventually(
      async () => {
        const rows = await this.database.query(
          `select from pg_stat_activity where datname = current_database()
              and xact_start is not null and pid <> pg_backend_pid()`,
        );
        return rows.length === 0;
      },
      { timeout: 30_000 },
    );
  }

  async #startServer(index: number): Promise<void> {
    const server = await startServerProcess({ DATABASE_URL: this.proxy.url, LOG_LEVEL: 'silent' });
    this.#servers[index] = { server, client: connectGrpc(`127.0.0.1:${server.port}`) };
  }

  async #replaceServer(index: number): Promise<void> {
    const { server, client } = this.#servers[index]!;
    await server.stop();
    await this.#startServer(index);
    client.close();
  }

  async #pauseServer(index: number, goesOn: () => Promise<void>): Promise<void> {
    const { server } = this.#servers[index]!;
    server.signal('SIGSTOP');
    try {
      await goesOn();
    } finally {
      server.signal('SIGCONT');
    }
  }

  async #serves(): Promise<boolean> {
    const answers = await Promise.all(this.#servers.map(({ client }) => client.edge.getHealth({})));
    return answers.some(({ status }) => status === GetHealthResponse_Status.STATUS_SERVING);
  }

  async #databaseProcesses(): Promise<readonly number[]> {
    return processesIn(path.join(this.postgres.directory, 'data'));
  }

  async #killDatabase(others: readonly number[]): Promise<void> {
    const { pid, port } = this.postgres;
    for (const each of [pid, ...others.filter((other) => other !== pid)]) kill(each);
    await this.postgres.ended;
    await this.postgres.stop('immediate');
    await this.#pool.end();
    this.postgres = await startEmbeddedPostgres({ directory: this.directory, port });
    this.#pool = poolOf(this.postgres.url);
  }

  /** Kills a process that serves one of our servers; Postgres then ends all the others itself. */
  async #killBackend(chance: Chance): Promise<void> {
    const rows = await this.database.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where datname = current_database() and application_name = 'apportion' order by pid`,
    );
    const ours = new Set(await this.#databaseProcesses());
    const pids = rows.map(({ pid }) => pid).filter((pid) => ours.has(pid));
    if (pids.length > 0) kill(chance.of(pids));
    await eventually(() => this.database.query('select 1'), { timeout: 30_000 });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended meanwhile, by itself or with its parent.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
