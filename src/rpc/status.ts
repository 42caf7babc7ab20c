import { Metadata, status as Code } from '@grpc/grpc-js';
import type { ServerErrorResponse, StatusObject } from '@grpc/grpc-js';
import { ErrorInfo, QuotaFailure, RetryInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import type { Failure, FailureKind } from '../kernel/failure.js';

/** Value of `google.rpc.ErrorInfo.domain` in everything we send. */
export const ERROR_DOMAIN = 'apportion';

/** How long a caller of an overloaded server is asked to wait, in seconds. */
export const RETRY_AFTER_SECONDS = 1;

const CODES: Readonly<Record<FailureKind, Code>> = {
  invalid: Code.INVALID_ARGUMENT,
  unauthenticated: Code.UNAUTHENTICATED,
  forbidden: Code.PERMISSION_DENIED,
  'not-found': Code.NOT_FOUND,
  'method-not-allowed': Code.UNIMPLEMENTED,
  'already-exists': Code.ALREADY_EXISTS,
  'wrong-state': Code.FAILED_PRECONDITION,
  'over-limit': Code.RESOURCE_EXHAUSTED,
  'too-large': Code.RESOURCE_EXHAUSTED,
  overloaded: Code.RESOURCE_EXHAUSTED,
  'conflicting-writes': Code.ABORTED,
  'deadline-exceeded': Code.DEADLINE_EXCEEDED,
  unavailable: Code.UNAVAILABLE,
  internal: Code.INTERNAL,
};

/** Returns the gRPC code of a failure. */
export function codeOf(failure: Failure): Code {
  return CODES[failure.kind];
}

/**
 * Returns a failure as gRPC sends it: a code, a message for people, and details for programs
 * (`google.rpc.ErrorInfo` always, `QuotaFailure` for limits, `RetryInfo` where waiting helps).
 */
export function statusOf(failure: Failure): ServerErrorResponse | Partial<StatusObject> {
  const metadata = new Metadata();
  const code = codeOf(failure);
  const message = failure.kind === 'internal' ? 'Unexpected error' : failure.message;
  const details = Status.encode({ code, message, details: detailsOf(failure) }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(details));
  return { code, details: message, metadata };
}

function detailsOf(failure: Failure): Status['details'] {
  const facts = Object.fromEntries(
    Object.entries(failure.facts).map(([name, fact]) => [name, String(fact)]),
  );
  const details = [
    packed(
      'ErrorInfo',
      ErrorInfo.encode({
        reason: failure.reason,
        domain: ERROR_DOMAIN,
        metadata: facts,
      }).finish(),
    ),
  ];
  if (failure.kind === 'over-limit') {
    const violation = QuotaFailure.fromPartial({
      violations: [
        {
          subject: facts['holder'] ?? '',
          description: failure.message,
          quotaMetric: facts['resource'] ?? '',
          quotaDimensions: facts['source'] === undefined ? {} : { source: facts['source'] },
          ...(facts['limit'] !== undefined && { quotaValue: BigInt(facts['limit']) }),
        },
      ],
    });
    details.push(packed('QuotaFailure', QuotaFailure.encode(violation).finish()));
  }
  if (failure.kind === 'overloaded') {
    const wait = RetryInfo.encode({
      retryDelay: { seconds: BigInt(RETRY_AFTER_SECONDS), nanos: 0 },
    });
    details.push(packed('RetryInfo', wait.finish()));
  }
  return details;
}

function packed(type: string, value: Uint8Array) {
  return { typeUrl: `type.googleapis.com/google.rpc.${type}`, value: Buffer.from(value) };
}
