import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait, and how often to look, in milliseconds. */
export interface EventuallyOptions {
  readonly timeout?: number;
  readonly interval?: number;
}

/**
 * Calls `attempt` until it neither throws nor answers false, and returns its answer.
 *
 * Throws the last error, or says that it never came true, once the time is over. This is how tests
 * wait for other processes: bounded, and no longer than needed.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeout = 10_000, interval = 50 }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const deadline = Date.now() + timeout;
  for (;;) {
    let failure: unknown = new Error(`did not come true within ${String(timeout)} ms`);
    try {
      const answer = await attempt();
      if (answer !== false) return answer as Exclude<T, false>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) throw failure;
    await pause(interval);
  }
}
