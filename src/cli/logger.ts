import { destination, type Logger, pino } from 'pino';
import { build as prettyStream } from 'pino-pretty';
import type { Config } from '../config.js';

/** Where a process may write. */
export type LogTarget = 'stdout' | 'stderr';

/** What must never be read in a log, wherever a line carries it. */
const SECRETS = ['token', 'password', 'authorization', 'x-auth-token', 'databaseUrl'].flatMap(
  (name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`],
);

/** Returns a process's logger: lines for people or JSON for programs, secrets blacked out. */
export function createLogger(
  config: Pick<Config, 'logLevel' | 'logFormat'>,
  target: LogTarget,
): Logger {
  const fd = target === 'stdout' ? 1 : 2;
  const options = {
    level: config.logLevel,
    redact: { paths: SECRETS, censor: '[redacted]' },
  };
  if (config.logFormat === 'json')
    return pino({ ...options, base: { pid: process.pid } }, destination({ fd, sync: true }));
  const stream = prettyStream({
    destination: fd,
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    colorize: process[target].isTTY,
  });
  return pino(options, stream);
}
