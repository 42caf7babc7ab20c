import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Where ports are looked for: below the range from which systems take the near ends of outgoing
 * connections (Linux 32768 to 60999), which could otherwise take the port before it is listened on,
 * or while a process that should have it is started again.
 */
const LOWEST = 10_000;
const HIGHEST = 32_767;

const TRIES = 100;

/**
 * Returns a loopback port that nobody listened on a moment ago.
 *
 * @param taken - ports that are promised to others already.
 */
export async function freePort(taken: readonly number[] = []): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${String(LOWEST)} and ${String(HIGHEST)}`);
}

/** Returns as many different ports, as `freePort` does. */
export async function freePorts(
  count: number,
  taken: readonly number[] = [],
): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) found.push(await freePort([...taken, ...found]));
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}
