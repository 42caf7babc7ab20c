import { status as Code } from '@grpc/grpc-js';
import { Failure } from '../kernel/failure.js';
import { type Call, type Outcome, refuseIfTooLate } from './call.js';
import type { BoundMethod } from './route.js';
import { codeOf, statusOf } from './status.js';

/** What a gRPC call is answered with: a message, or the status of a failure. */
export type GrpcAnswer =
  { readonly message: unknown } | { readonly status: ReturnType<typeof statusOf> };

/** Stands for a request whose bytes are not the message they should be. */
export class Undecodable {
  constructor(readonly cause: unknown) {}
}

/** Runs the gRPC face of a route; never throws. */
export async function answerGrpc(
  method: BoundMethod,
  call: Call,
  request: unknown,
): Promise<Outcome<GrpcAnswer>> {
  try {
    if (request instanceof Undecodable)
      throw new Failure('invalid', 'INVALID_REQUEST', 'The request is not a valid message');
    refuseIfTooLate(call.context);
    const message = await method.route.answerGrpc(request, call.credentials, call.context);
    return { value: { message }, label: 'OK' };
  } catch (error) {
    return failedGrpc(error);
  }
}

/** Returns the outcome of a failed gRPC call; what is not a Failure is a bug. */
export function failedGrpc(error: unknown): Outcome<GrpcAnswer> {
  const expected = error instanceof Failure;
  const failure = expected ? error : internal(error);
  return {
    value: { status: statusOf(failure) },
    label: Code[codeOf(failure)],
    ...(failure.kind === 'internal' && { bug: failure.cause ?? failure }),
  };
}

/** Returns the failure that stands for a bug; its message is for the log only. */
export function internal(cause: unknown): Failure {
  return new Failure('internal', 'INTERNAL', 'Unexpected error', {}, { cause });
}
