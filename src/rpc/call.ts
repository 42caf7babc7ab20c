import type { ServerUnaryCall } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import type { CallContext, Face } from '../kernel/call-context.js';
import { Failure } from '../kernel/failure.js';
import type { Credentials } from './route.js';

/** Longest request id that is taken over from a caller; a longer one is replaced. */
const LONGEST_REQUEST_ID = 128;

/** One call on its way through the chain. */
export interface Call {
  readonly rpc: string;
  readonly face: Face;
  readonly requestId: string;
  readonly startedAt: number;
  readonly credentials: Credentials;
  readonly context: CallContext;
}

/** How a call ended: what it is counted under, and the error behind a bug. */
export interface Outcome<T> {
  readonly value: T;
  /** gRPC code by name, or HTTP status. */
  readonly label: string;
  /** Present when the outcome is a bug of ours; logged with its stack. */
  readonly bug?: unknown;
}

/** A step around every call; the order of the chain is fixed in `chain/index.ts`. */
export type Link = <T>(call: Call, next: () => Promise<Outcome<T>>) => Promise<Outcome<T>>;

/** Returns what is known of a call before its request is read. */
export function callFrom(
  rpc: string,
  face: Face,
  grpcCall: ServerUnaryCall<unknown, unknown>,
): Call {
  const header = (name: string) => {
    const values = grpcCall.metadata.get(name);
    return values.length === 0 ? undefined : values.map(String).join(',');
  };
  const requestId = requestIdFrom(header('x-request-id'));
  const deadline = deadlineOf(grpcCall);
  return {
    rpc,
    face,
    requestId,
    startedAt: performance.now(),
    credentials: {
      authToken: header('x-auth-token'),
      authorization: header('authorization'),
      header,
    },
    context: { requestId, face, deadline, isCancelled: () => grpcCall.cancelled },
  };
}

/** Throws when nobody waits for the answer any more, so that nothing is done in vain. */
export function refuseIfTooLate(context: CallContext): void {
  if (context.isCancelled() || Date.now() >= context.deadline)
    throw new Failure(
      'deadline-exceeded',
      'DEADLINE_EXCEEDED',
      'The deadline passed before the work began; nothing was done',
    );
}

function deadlineOf(grpcCall: ServerUnaryCall<unknown, unknown>): number {
  const deadline = grpcCall.getDeadline();
  return deadline instanceof Date ? deadline.getTime() : deadline;
}

function requestIdFrom(sent: string | undefined): string {
  return sent !== undefined && sent.length <= LONGEST_REQUEST_ID && /^[\x21-\x7e]+$/.test(sent)
    ? sent
    : randomUUID();
}
