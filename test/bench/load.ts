/** Lets the load generator put one load on our server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { peakMiB, processorSeconds } from './processor.js';
import type { Stage } from './stage.js';

const run = promisify(execFile);

/** What to send, and to whom. */
export interface Load {
  /** `grpc` or `rest`. */
  readonly face: string;
  /** As the load generator names it, for instance `allocations.put`. */
  readonly work: string;
  readonly token: string;
  /** Everything on one project or provider. */
  readonly hot: boolean;
  readonly inFlight: number;
  readonly seconds: number;
  /** Further flags of the load generator: how much there is of everything. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** How fast work was done; latencies in milliseconds. */
export interface Rates {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How often which failure was the answer; anything but the documented success is one. */
  readonly failures: Readonly<Record<string, number>>;
}

/** How fast our servers did it, and the processor time it took, in microseconds per call. */
export interface LoadResult extends Rates {
  readonly serverCpuUs: number;
  readonly postgresCpuUs: number;
  readonly envoyCpuUs: number;
  /** Of the load generator. */
  readonly clientCpuUs: number;
  /** The most memory one of our servers ever had until then, in MiB. */
  readonly serverPeakMiB: number;
}

/** What the load generator prints. */
interface Report extends Rates {
  readonly cpuSeconds: number;
}

/** Measures one load. */
export async function measureLoad(stage: Stage, load: Load): Promise<LoadResult> {
  const { servers, postgresPid, loadGenerator } = stage;
  const processes = [servers.pids, [postgresPid], [servers.envoyPid]];
  const before = await Promise.all(processes.map(processorSeconds));
  const began = performance.now();
  const { stdout } = await run(loadGenerator, [
    `-face=${load.face}`,
    `-address=${load.face === 'grpc' ? servers.grpc : servers.rest}`,
    `-work=${load.work}`,
    `-token=${load.token}`,
    `-in-flight=${load.inFlight}`,
    `-seconds=${load.seconds}`,
    `-hot=${load.hot}`,
    ...Object.entries(load.sizes).map(([name, size]) => `-${name}=${size}`),
  ]);
  const { cpuSeconds, perSecond, p50Ms, p99Ms, failures } = JSON.parse(stdout) as Report;
  const after = await Promise.all(processes.map(processorSeconds));
  // The warm-up costs as much per call as the rest.
  const calls = (perSecond * (performance.now() - began)) / 1000;
  const [serverCpuUs = 0, postgresCpuUs = 0, envoyCpuUs = 0] = after.map(
    (time, index) => ((time - (before[index] ?? 0)) / calls) * 1e6,
  );
  const serverPeakMiB = await peakMiB(servers.pids);
  const clientCpuUs = (cpuSeconds / calls) * 1e6;
  const costs = { clientCpuUs, serverCpuUs, postgresCpuUs, envoyCpuUs, serverPeakMiB };
  return { perSecond, p50Ms, p99Ms, failures, ...costs };
}
