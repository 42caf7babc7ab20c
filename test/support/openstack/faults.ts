/** How the fake cloud misbehaves when a test says so. */
import type { ServerResponse } from 'node:http';
import type { FakeAnswer, FakeService } from './message.js';

/** One way of misbehaving; `times` says for how many requests, absent: until it is mended. */
export type Fault = { readonly times?: number } & (
  | /** Closes the connection without an answer, and without having done anything. */
    {
      readonly kind: 'down';
    } /** Does what was asked, then closes the connection without an answer. */
  | { readonly kind: 'forgetful' } /** Closes the connection in the middle of the answer. */
  | { readonly kind: 'broken-answer' } /** Never answers. */
  | { readonly kind: 'hanging' } /** Answers as usual, after so many milliseconds. */
  | {
      readonly kind: 'slow';
      readonly milliseconds: number;
    } /** Answers something of its own instead; a text body is HTML. */
  | { readonly kind: 'answering'; readonly answer: FakeAnswer }
);

/** The faults that are set, one per service at a time. */
export class Faults {
  readonly #set = new Map<FakeService, { fault: Fault; left: number }>();

  /** Makes a service misbehave; the last call counts. */
  set(service: FakeService, fault: Fault): void {
    this.#set.set(service, { fault, left: fault.times ?? Infinity });
  }

  /** Makes one service behave again, or all. */
  mend(service?: FakeService): void {
    if (service === undefined) this.#set.clear();
    else this.#set.delete(service);
  }

  /** Takes the fault for the next request of a service. */
  next(service: FakeService): Fault | undefined {
    const entry = this.#set.get(service);
    if (entry === undefined || entry.left <= 0) return undefined;
    entry.left -= 1;
    return entry.fault;
  }
}

/** Sends an answer, or what a fault makes of it. */
export function deliver(response: ServerResponse, answer: FakeAnswer, fault?: Fault): void {
  switch (fault?.kind) {
    case 'down':
    case 'forgetful':
      response.socket?.destroy();
      return;
    case 'hanging':
      return;
    case 'broken-answer':
      response.writeHead(answer.status, { 'Content-Length': '1000' });
      response.write('{"', () => response.socket?.destroy());
      return;
    case 'slow':
      setTimeout(() => send(response, answer), fault.milliseconds).unref();
      return;
    case 'answering':
      send(response, fault.answer);
      return;
    case undefined:
      send(response, answer);
  }
}

function send(response: ServerResponse, { status, body, headers = {} }: FakeAnswer): void {
  const isPage = typeof body === 'string';
  response.writeHead(status, {
    'Content-Type': isPage ? 'text/html; charset=UTF-8' : 'application/json',
    ...(status === 401 ? { 'WWW-Authenticate': 'Keystone uri="http://keystone.test"' } : {}),
    ...headers,
  });
  response.end(body === undefined ? undefined : isPage ? body : JSON.stringify(body));
}
