import pg from 'pg';
import { databaseUnavailable } from '../kernel/failure.js';

/** How often the database is asked, in milliseconds. */
const PERIOD_MS = 500;

/** How long it may take to answer, in milliseconds; with the period it stays below 2 s. */
const PATIENCE_MS = 1_000;

/**
 * Knows whether the database answers, by asking it twice a second on a connection of its own.
 *
 * A database that hangs gives no error: without this, calls would wait for the network's time-outs.
 * While it is away calls fail at once, and calls that already wait are let go.
 */
export class Availability {
  #available = true;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<(available: boolean) => void>();

  constructor(private readonly databaseUrl: string) {}

  /** Whether the database answered last time. */
  get isAvailable(): boolean {
    return this.#available;
  }

  /** Calls the listener whenever the answer changes. */
  onChange(listener: (available: boolean) => void): void {
    this.#listeners.add(listener);
  }

  /** Begins to ask. */
  start(): void {
    this.#stopped = false;
    this.#schedule(0);
  }

  /** Stops asking and closes the connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  /**
   * Returns what the work returns, or fails at once when the database is or goes away.
   *
   * @param work - gets a signal that is aborted when nobody waits for it any more: whatever it has
   *   not done by then it must not do later, because the caller may have turned to others.
   */
  async guard<T>(work: (abandoned: AbortSignal) => Promise<T>): Promise<T> {
    if (!this.#available) throw databaseUnavailable();
    const abandonment = new AbortController();
    return new Promise<T>((resolve, reject) => {
      const abandon = () => {
        reject(databaseUnavailable());
        abandonment.abort();
      };
      this.#waiting.add(abandon);
      work(abandonment.signal)
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(abandon));
    });
  }

  #schedule(milliseconds: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#ask().then((available) => {
        this.#set(available);
        this.#schedule(PERIOD_MS);
      });
    }, milliseconds);
    this.#timer.unref();
  }

  #set(available: boolean): void {
    if (this.#stopped || available === this.#available) return;
    this.#available = available;
    for (const listener of this.#listeners) listener(available);
    if (available) return;
    for (const abandon of this.#waiting) abandon();
    this.#waiting.clear();
  }

  async #ask(): Promise<boolean> {
    const client = (this.#client ??= this.#connect());
    const answer = this.#answerOf(client);
    const available = await within(PATIENCE_MS, answer);
    if (!available && this.#client === client) {
      this.#client = undefined;
      client.end().catch(() => undefined);
    }
    return available;
  }

  #connect(): pg.Client {
    const client = new pg.Client({
      connectionString: this.databaseUrl,
      connectionTimeoutMillis: PATIENCE_MS,
      application_name: 'apportion availability',
    });
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.#connected.set(client, client.connect());
    return client;
  }

  readonly #connected = new WeakMap<pg.Client, Promise<unknown>>();

  async #answerOf(client: pg.Client): Promise<boolean> {
    try {
      await this.#connected.get(client);
      await client.query('select 1');
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Returns the answer, or false when none came in time. A process that was busy itself reads what
 * has arrived meanwhile before it judges.
 */
async function within(milliseconds: number, answer: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      setImmediate(() =>
        setImmediate(() => {
          resolve(false);
        }),
      );
    }, milliseconds);
    void answer.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
