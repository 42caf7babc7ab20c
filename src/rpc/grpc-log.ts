import { setLogger } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** What grpc-js says of a header that it drops: the header's value follows, and may be a token. */
const DROPPED_HEADER = /^(Failed to add metadata entry [^:]*):.*$/s;

/**
 * Sends what grpc-js has to say to our log; otherwise it writes to standard error. That is one place
 * for the whole process: the last server made gets it.
 */
export function adoptGrpcLog(log: Logger): void {
  const say = (...words: unknown[]) => {
    const text = words.map(String).join(' ');
    const dropped = DROPPED_HEADER.exec(text)?.[1];
    // Any caller can cause it, at any rate.
    if (dropped !== undefined) log.debug(dropped);
    else log.warn(text);
  };
  setLogger({ error: say, info: say, debug: say });
}
