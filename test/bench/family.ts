/** What the runner and the families of the benchmark agree on. */
import type { Stage } from './stage.js';

/** How a run was narrowed; what is undefined is up to the family. */
export interface Selection {
  readonly seconds: number;
  readonly inFlight: readonly number[] | undefined;
  readonly work: readonly string[] | undefined;
  readonly spread: readonly string[] | undefined;
  readonly against: readonly string[] | undefined;
  /** Repeats everything with a long past, where the family knows one. */
  readonly history: boolean;
}

/** One API's part of the benchmark. */
export interface Family {
  /** Says early what is missing on this machine. */
  check?(): Promise<void>;
  /** Fills the stage's database, measures, prints a table and returns its rows. */
  measure(stage: Stage, selection: Selection): Promise<readonly object[]>;
}

/** Returns those of a family's values that the run was not narrowed away from, in their order. */
export function selected<Value>(
  all: readonly Value[],
  chosen: readonly Value[] | undefined,
): readonly Value[] {
  return chosen === undefined ? all : all.filter((value) => chosen.includes(value));
}

/** Tells what was measured as soon as it is known. */
export function tell(measured: object): void {
  process.stderr.write(`${JSON.stringify(measured)}\n`);
}
