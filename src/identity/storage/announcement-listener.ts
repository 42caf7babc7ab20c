import pg from 'pg';
import type { TokenHash } from '../domain/token.js';
import { CHANNEL } from './announcements.js';

/** First and longest pause before another try to connect, in milliseconds; it doubles. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Longest wait for a connection, and for it to listen, in milliseconds. */
const PATIENCE_MS = 3_000;

/** Told which token is outdated; undefined means: any may be. */
export type OnOutdated = (hash: TokenHash | undefined) => void;

/**
 * Listens for announcements on a connection of its own, for as long as the process runs.
 *
 * A broken connection is replaced. What was announced meanwhile is not known then, so that every
 * new connection counts as an announcement about all tokens.
 */
export class AnnouncementListener {
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE_MS;
  #stopped = true;

  constructor(
    private readonly databaseUrl: string,
    private readonly onOutdated: OnOutdated,
  ) {}

  /** Whether announcements arrive at present. */
  get isListening(): boolean {
    return this.#client !== undefined;
  }

  /** Begins to listen; returns after the first try to connect, whatever came of it. */
  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    await this.#connect();
  }

  /** Stops listening and closes the connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.databaseUrl,
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      keepAlive: true,
      application_name: 'apportion token listener',
    });
    const lost = () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#retry();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => {
      this.onOutdated(payload === undefined || payload === '' ? undefined : (payload as TokenHash));
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch {
      await client.end().catch(() => undefined);
      this.#retry();
      return;
    }
    await this.#settle(client);
  }

  async #settle(client: pg.Client): Promise<void> {
    if (this.#stopped) {
      await client.end().catch(() => undefined);
      return;
    }
    this.#client = client;
    this.#pause = FIRST_PAUSE_MS;
    this.onOutdated(undefined);
  }

  #retry(): void {
    if (this.#stopped) return;
    const pause = this.#pause * (0.5 + Math.random());
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => void this.#connect(), pause);
    this.#timer.unref();
  }
}
