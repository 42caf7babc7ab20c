import { Logger as QueueLogger } from 'graphile-worker';
import type { Logger } from 'pino';

/**
 * Returns a logger for graphile-worker that writes to ours.
 *
 * What it says of single jobs we say ourselves, without their payloads. Its errors are about its
 * connections and mended by itself or by us, so none is more than a warning.
 */
export function createQueueLog(log: Logger): QueueLogger {
  return new QueueLogger(() => (level: string, message: string, meta?: Record<string, unknown>) => {
    if (meta?.['failure'] === true || meta?.['success'] === true) return;
    const details = { err: meta?.['error'], detail: message };
    if (level === 'error' || level === 'warning') log.warn(details, 'job queue');
    else log.debug(details, 'job queue');
  });
}
