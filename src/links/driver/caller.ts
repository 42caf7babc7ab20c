import { setTimeout as pause } from 'node:timers/promises';
import { errorOfAnswer, errorOfSilence, OpenStackError, type ServiceName } from './errors.js';
import { Gate } from './gate.js';
import type { FullOptions } from './options.js';
import { Wire, type WireAnswer, WireError, type WireRequest } from './wire.js';

/** Longest pause between two attempts; a service that asks for more gets it from the job queue. */
const LONGEST_PAUSE_MS = 5_000;

/** Calls to one deployment: bounded in number, tried again where that may help and cannot harm. */
export class Caller {
  readonly #wire: Wire;
  readonly #gate: Gate;
  readonly #options: FullOptions;
  #isClosed = false;

  constructor(options: FullOptions) {
    this.#options = options;
    this.#wire = new Wire(options);
    this.#gate = new Gate(options.concurrency);
  }

  /**
   * Returns an answer of success (2xx), or throws an OpenStackError, or the signal's reason.
   *
   * Only repeatable requests are made again, after a lost connection, a 5xx or a 429. An answer
   * that did not come in time is not waited for a second time: the caller's job has its own
   * back-off, and a hanging service would hold its place here.
   */
  async call(
    service: ServiceName,
    request: WireRequest,
    secrets: readonly string[],
  ): Promise<WireAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#isClosed) throw errorOfSilence(service, 'the driver is closed');
      const outcome = await this.#attempt(service, request, secrets);
      if (!('error' in outcome)) return outcome.answer;
      const { error, mayRepeat } = outcome;
      if (!mayRepeat || !request.isRepeatable || attempt >= this.#options.attempts) throw error;
      const { signal } = request;
      await pause(this.#pauseAfter(attempt, error), undefined, { signal }).catch(() => undefined);
      signal?.throwIfAborted();
    }
  }

  /** Breaks every connection, calls in flight included, and makes no further call. */
  close(): void {
    this.#isClosed = true;
    this.#wire.close();
  }

  async #attempt(
    service: ServiceName,
    request: WireRequest,
    secrets: readonly string[],
  ): Promise<{ answer: WireAnswer } | { error: OpenStackError; mayRepeat: boolean }> {
    try {
      const answer = await this.#gate.pass(() => this.#wire.exchange(request), request.signal);
      if (answer.status >= 200 && answer.status < 300) return { answer };
      const retryAfter = answer.headers['retry-after'];
      const error = errorOfAnswer(service, { ...answer, retryAfter }, secrets);
      return { error, mayRepeat: error.kind === 'unavailable' };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (error.kind === 'large') return { error: errorOfSize(service, error), mayRepeat: false };
      return {
        error: errorOfSilence(service, error.message, secrets),
        mayRepeat: error.kind === 'lost',
      };
    }
  }

  /** Half of the pause is chance, so that many links do not come back at the same moment. */
  #pauseAfter(attempt: number, error: OpenStackError): number {
    const doubled = this.#options.backOffMs * 2 ** (attempt - 1);
    const asked = Math.max(doubled, error.retryAfterMs ?? 0);
    return Math.min(LONGEST_PAUSE_MS, asked) * (0.5 + Math.random() / 2);
  }
}

function errorOfSize(service: ServiceName, { message }: WireError): OpenStackError {
  return new OpenStackError(service, 'garbled', `${service}: ${message}`);
}
