/** The rhythm of heartbeats; the same for all processes of one database. */
export interface BeatTimes {
  readonly everyMs: number;
  /** A worker without a beat for so long is dead. */
  readonly expiresMs: number;
}

/**
 * Jobs of a dead process are to run elsewhere within 15 s: it expires after 10, is noticed within
 * one, and its jobs are found within the second in which idle workers look for them. The rest is
 * for machines that are busy.
 */
export const BEAT_TIMES: BeatTimes = { everyMs: 1_000, expiresMs: 10_000 };

/**
 * Knows whether this process may judge others.
 *
 * After the database was away, or this process was, every heartbeat is old. Only who has beaten
 * steadily for half the life of a heartbeat knows that the others could have done so, too.
 */
export class Observation {
  readonly #times: BeatTimes;
  #since: number | undefined;
  #last = 0;

  constructor(times: BeatTimes) {
    this.#times = times;
  }

  /** Takes note of a beat that succeeded; times are milliseconds of any steady clock. */
  succeeded(now: number): void {
    if (now - this.#last > this.#times.expiresMs / 2) this.#since = undefined;
    this.#since ??= now;
    this.#last = now;
  }

  /** Takes note of a beat that failed. */
  failed(): void {
    this.#since = undefined;
  }

  /** Whether an old heartbeat of another process means that it is dead. */
  get mayJudge(): boolean {
    return this.#since !== undefined && this.#last - this.#since >= this.#times.expiresMs / 2;
  }
}
