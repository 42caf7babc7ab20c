import { Failure } from '../kernel/failure.js';
import type { Database } from './database.js';
import { isAway } from './errors.js';
import type { Tx } from './tx.js';

/** Most operations of one transaction; beyond it latency grows faster than throughput. */
const LARGEST_BATCH = 256;

/** Most rows of one transaction, unless one operation alone has more; bounds the time locks are held. */
const LARGEST_WEIGHT = 20_000;

/** What became of one operation. */
export type Settled<Result> =
  { readonly ok: true; readonly value: Result } | { readonly ok: false; readonly failure: Failure };

/**
 * Judges and writes a batch inside a transaction and returns one outcome per operation, in order.
 * A refused operation must leave no trace; a thrown error fails the batch as a whole.
 */
export type WriteBatch<Operation, Result> = (
  tx: Tx,
  operations: readonly Operation[],
) => Promise<readonly Settled<Result>[]>;

/** How a batcher works. */
export interface BatcherOptions<Operation, Result> {
  readonly database: Database;
  readonly write: WriteBatch<Operation, Result>;
  /** Most operations that wait; one more is refused with OVERLOADED. */
  readonly queueLimit: number;
  /** How many rows an operation touches; a batch takes at most LARGEST_WEIGHT of them. */
  readonly weightOf: (operation: Operation) => number;
  /** Told the size of every batch that is written. */
  readonly onBatch?: (size: number) => void;
}

/** Whose operation it is, and how long it is worth doing. */
export interface Submission {
  /** Operations of one key wait for each other; keys take turns. */
  readonly callerKey: string;
  /** In milliseconds since the epoch; an operation past it is not executed. */
  readonly deadline: number;
  isCancelled(): boolean;
}

interface Waiting<Operation, Result> {
  readonly operation: Operation;
  readonly submission: Submission;
  resolve(value: Result): void;
  reject(error: unknown): void;
}

/**
 * Writes concurrent operations together: while one transaction runs the next one gathers. Nobody
 * waits for company, a lone operation is a batch of one. Each operation is answered after the
 * commit, by its own outcome.
 *
 * A batch begins when the one before has sent its commit, so that Postgres has something to do
 * while the answers go out. Should they need the same rows, the later one waits for their locks; the
 * earlier one has all of its own by then, so they never wait for each other.
 */
export class Batcher<Operation, Result> {
  readonly #options: BatcherOptions<Operation, Result>;
  readonly #queues = new Map<string, Waiting<Operation, Result>[]>();
  #waiting = 0;
  #running = false;
  /** The batch that began last; settled once its operations are answered. */
  #last = Promise.resolve();

  constructor(options: BatcherOptions<Operation, Result>) {
    this.#options = options;
  }

  /** How many operations wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Returns the operation's result after its transaction is committed, or throws its failure. */
  submit(operation: Operation, submission: Submission): Promise<Result> {
    if (this.#waiting >= this.#options.queueLimit)
      throw new Failure('overloaded', 'OVERLOADED', 'Too many operations are waiting; try again');
    return new Promise<Result>((resolve, reject) => {
      this.#enqueue({ operation, submission, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  #enqueue(waiting: Waiting<Operation, Result>): void {
    const key = waiting.submission.callerKey;
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [waiting]);
    else queue.push(waiting);
    this.#waiting += 1;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    // Calls that arrived in the same turn of the event loop join the first batch.
    await Promise.resolve();
    while (this.#waiting > 0) {
      const batch = this.#next();
      if (batch.length === 0) continue;
      const before = this.#last;
      await new Promise<void>((resolve) => {
        this.#last = this.#write(batch, resolve).finally(resolve);
      });
      await before;
    }
    this.#running = false;
  }

  /** Takes turns between callers, so that one caller's flood cannot starve the others. */
  #next(): Waiting<Operation, Result>[] {
    const batch: Waiting<Operation, Result>[] = [];
    const keys = [...this.#queues.keys()];
    const share = Math.ceil(LARGEST_BATCH / keys.length);
    let weight = 0;
    for (const key of keys) {
      const queue = this.#queues.get(key) ?? [];
      let taken = 0;
      while (taken < queue.length && taken < share && batch.length < LARGEST_BATCH) {
        const waiting = queue[taken] as Waiting<Operation, Result>;
        const more = this.#options.weightOf(waiting.operation);
        if (weight > 0 && weight + more > LARGEST_WEIGHT) break;
        taken += 1;
        if (expire(waiting)) continue;
        weight += more;
        batch.push(waiting);
      }
      if (taken === 0) continue;
      this.#waiting -= taken;
      this.#queues.delete(key);
      // Back to the end of the line: the map keeps insertion order.
      if (taken < queue.length) this.#queues.set(key, queue.slice(taken));
    }
    return batch;
  }

  async #write(batch: readonly Waiting<Operation, Result>[], onSent?: () => void): Promise<void> {
    const { database, write, onBatch } = this.#options;
    onBatch?.(batch.length);
    try {
      const operations = batch.map((waiting) => waiting.operation);
      const settled = await database.transact((tx) => write(tx, operations), {
        pipelined: true,
        onSent,
      });
      batch.forEach((waiting, index) => {
        answer(waiting, settled[index]);
      });
    } catch (error) {
      // A database that is away fails all alike; what happened to the commit is not known.
      if (batch.length === 1 || isAway(error)) for (const waiting of batch) waiting.reject(error);
      else for (const waiting of batch) await this.#write([waiting]);
    }
  }
}

function expire(waiting: Waiting<unknown, unknown>): boolean {
  const { submission } = waiting;
  if (!submission.isCancelled() && Date.now() < submission.deadline) return false;
  waiting.reject(
    new Failure(
      'deadline-exceeded',
      'DEADLINE_EXCEEDED',
      'The deadline passed while the call was waiting; nothing was done',
    ),
  );
  return true;
}

function answer<Result>(
  waiting: Waiting<unknown, Result>,
  settled: Settled<Result> | undefined,
): void {
  if (settled === undefined) waiting.reject(new Error('The batch has no outcome for an operation'));
  else if (settled.ok) waiting.resolve(settled.value);
  else waiting.reject(settled.failure);
}
