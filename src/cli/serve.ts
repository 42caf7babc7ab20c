import type { Logger } from 'pino';
import { createApp } from '../app.js';
import type { Config } from '../config.js';
import { type MetricsServer, startMetricsServer } from './metrics-server.js';
import { aborted, takeStopSignals } from './stop-signals.js';
import { isMetricsRequest, type WorkerMessage } from './worker-messages.js';

/** Room for what is stopped after the drain: jobs, database connections. */
const STOP_WITHIN_MS = 5_000;

/**
 * Runs one server process until it is told to stop, and returns the exit code.
 *
 * Started by `apportion dev` it has a parent: figures go over the IPC channel, and a parent that
 * disappears counts as a signal, so that nothing is left when it is killed. Started alone it serves
 * its figures itself.
 */
export async function runServe(config: Config, log: Logger): Promise<number> {
  const signals = takeStopSignals();
  const app = createApp(config, log);
  try {
    const { port } = await app.start();
    const figures = await offerFigures(config, () => app.metrics());
    if (process.send !== undefined) {
      process.once('disconnect', () => signals.request());
      // It may have gone while we were starting; then there is no event any more.
      if (!process.connected) signals.request();
      tellParent({ kind: 'ready', port });
    }
    log.info({ port }, 'serving');

    await aborted(signals.first);
    const stopped = app.drain().then(() => app.stop());
    const inOrder = await Promise.race([
      stopped.then(() => true),
      aborted(signals.second).then(() => false),
      after(config.drainSeconds * 1000 + STOP_WITHIN_MS).then(() => false),
    ]);
    await figures?.close();
    log.info(inOrder ? 'stopped' : 'stopped by force');
    return inOrder ? 0 : 1;
  } catch (error) {
    await app.stop().catch(() => undefined);
    throw error;
  } finally {
    signals.dispose();
  }
}

async function offerFigures(
  config: Config,
  collect: () => Promise<string>,
): Promise<MetricsServer | undefined> {
  if (process.send === undefined) {
    return startMetricsServer({ host: config.listenAddress, port: config.metricsPort, collect });
  }
  process.on('message', (message) => {
    if (!isMetricsRequest(message)) return;
    const { id } = message;
    collect().then(
      (text) => tellParent({ kind: 'metrics', id, text }),
      () => tellParent({ kind: 'metrics', id, text: '' }),
    );
  });
  return undefined;
}

/** A parent that has just gone cannot be told anything; `disconnect` takes care of the rest. */
function tellParent(message: WorkerMessage): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
