/** Where the time comes from; tests bring their own. Milliseconds are the finest step. */
export interface Clock {
  /** Returns the present moment. */
  now(): Date;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };
