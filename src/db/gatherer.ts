/** Most keys of one question; beyond it answers grow faster than throughput. */
const LARGEST_QUESTION = 256;

interface Waiting<Key, Found> {
  readonly key: Key;
  resolve(found: Found): void;
  reject(error: unknown): void;
}

/**
 * Looks up single things for concurrent calls together: while one question runs the next one gathers.
 * Nobody waits for company. A question is asked after all calls in it have come, so that each reads
 * what was committed before.
 */
export class Gatherer<Key, Found> {
  #waiting: Waiting<Key, Found>[] = [];
  #running = false;

  /** @param ask - returns what each key stands for, in their order. */
  constructor(private readonly ask: (keys: readonly Key[]) => Promise<readonly Found[]>) {}

  /** Returns what a key stands for, or throws what the question failed with. */
  find(key: Key): Promise<Found> {
    return new Promise<Found>((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    // Calls that arrived in the same turn of the event loop join the first question.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const question = this.#waiting.slice(0, LARGEST_QUESTION);
      this.#waiting = this.#waiting.slice(question.length);
      await this.#answer(question);
    }
    this.#running = false;
  }

  async #answer(question: readonly Waiting<Key, Found>[]): Promise<void> {
    try {
      const found = await this.ask(question.map(({ key }) => key));
      if (found.length !== question.length)
        throw new Error(`${found.length} answers to ${question.length} keys`);
      question.forEach((waiting, index) => {
        waiting.resolve(found[index] as Found);
      });
    } catch (error) {
      for (const waiting of question) waiting.reject(error);
    }
  }
}
