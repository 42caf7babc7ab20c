/** A wish to stop, told apart by how often it was uttered. */
export interface StopSignals {
  /** Aborted by the first signal: stop in order. */
  readonly first: AbortSignal;
  /** Aborted by the second one: stop now. */
  readonly second: AbortSignal;
  /** Counts as a signal; for wishes that come another way. */
  request(): void;
  /** Gives the signals back to Node, which ends the process on them. */
  dispose(): void;
}

/** A terminal that is closed means the same as Ctrl-C. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the signals by which operators stop a process. */
export function takeStopSignals(): StopSignals {
  const first = new AbortController();
  const second = new AbortController();
  const request = (): void => {
    if (first.signal.aborted) second.abort();
    else first.abort();
  };
  for (const name of SIGNALS) process.on(name, request);
  return {
    first: first.signal,
    second: second.signal,
    request,
    dispose: () => {
      for (const name of SIGNALS) process.off(name, request);
    },
  };
}

/** Settles when the signal is aborted; at once when it already was. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
