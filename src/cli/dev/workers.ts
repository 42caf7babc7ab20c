import { mergeMetrics } from './metrics-merge.js';
import { Worker, type WorkerOptions } from './worker.js';

/** All server processes of one run. */
export interface Workers {
  /** The figures of all of them, each sample labelled with its worker. */
  metrics(): Promise<string>;
  /** Lets all drain at once and ends them; safe to call twice. */
  stop(): Promise<void>;
}

/** Starts one worker per port and returns once all listen; when one fails, none is left. */
export async function startWorkers(
  ports: readonly number[],
  optionsOf: (port: number) => Omit<WorkerOptions, 'number' | 'port'>,
): Promise<Workers> {
  const workers = ports.map(
    (port, index) => new Worker({ ...optionsOf(port), number: index + 1, port }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()));
  };
  try {
    await Promise.all(workers.map((worker) => worker.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { metrics: () => collect(workers), stop };
}

async function collect(workers: readonly Worker[]): Promise<string> {
  const parts = await Promise.all(
    workers.map(async (worker, index) => ({
      worker: String(index + 1),
      text: await worker.metrics(),
    })),
  );
  return mergeMetrics(parts.map(withLiveness));
}

/** A worker that is away has no figures of its own; this one says so. */
function withLiveness({ worker, text }: { worker: string; text: string }): {
  worker: string;
  text: string;
} {
  const heading =
    '# HELP apportion_worker_up Whether the server process answers.\n# TYPE apportion_worker_up gauge\n';
  return { worker, text: `${heading}apportion_worker_up ${text === '' ? 0 : 1}\n${text}` };
}
