import type { Logger } from 'pino';

/** What has to be undone, in the reverse order of its doing. */
export interface Teardown {
  add(name: string, undo: () => Promise<void>): void;
  /** What ends from now on ends because it is told to. */
  hasBegun(): boolean;
  /** Undoes everything; a failure is logged and keeps nothing else from being undone. */
  run(): Promise<void>;
}

/** Returns an empty list of things to undo. */
export function createTeardown(log: Logger): Teardown {
  const steps: { readonly name: string; readonly undo: () => Promise<void> }[] = [];
  let begun = false;
  return {
    hasBegun: () => begun,
    add: (name, undo) => {
      steps.push({ name, undo });
    },
    run: async () => {
      begun = true;
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step.undo();
        } catch (error) {
          log.error({ err: error }, `stopping ${step.name}`);
        }
      }
    },
  };
}
