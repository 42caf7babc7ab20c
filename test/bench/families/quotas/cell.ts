import type { LoadResult, Rates } from '../../load.js';

/** What one measurement of commissions is about. */
export interface Cell {
  readonly accept: boolean;
  /** Everything on one project. */
  readonly hot: boolean;
  readonly inFlight: number;
  readonly seconds: number;
  /** With millions of earlier commissions in the tables. */
  readonly history: boolean;
}

/** What came of it; what is known of our servers only is absent of pgbench. */
export interface Measurement
  extends Cell, Rates, Partial<Pick<LoadResult, 'serverCpuUs' | 'serverPeakMiB'>> {
  readonly against: string;
}
