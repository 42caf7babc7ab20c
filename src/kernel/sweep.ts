/** Something to be done again and again, by one process at a time. */
export interface Sweep {
  readonly name: string;
  /** How long after a run the next one begins. */
  readonly everySeconds: number;
  run(): Promise<void>;
}
