import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError } from '../../kernel/operator-error.js';

/** Envoy's health check finds a new worker within two seconds. */
const ANSWERS_WITHIN_MS = 30_000;
const ASK_EVERY_MS = 50;

/**
 * Returns once REST answers through Envoy.
 *
 * The certificate is not judged: the name in it is that of the callers' side, and we call ourselves.
 */
export async function restAnswers(baseUrl: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + ANSWERS_WITHIN_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    last = await statusOf(`${baseUrl}/healthz`);
    if (last === '200') return;
    await pause(ASK_EVERY_MS);
  }
  throw new OperatorError(`REST does not answer at ${baseUrl}/healthz (${last})`);
}

async function statusOf(url: string): Promise<string> {
  const options = { timeout: 5_000, agent: false } as const;
  return new Promise((resolve) => {
    const request = url.startsWith('https:')
      ? getTls(url, { ...options, rejectUnauthorized: false })
      : getPlain(url, options);
    request.once('response', (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', (error) => resolve(error.message));
    request.once('close', () => resolve('no answer'));
  });
}
