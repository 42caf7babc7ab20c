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

/**
 * Most bytes of a message and its details as trailers carry them. Clients take 8 KiB of trailers by
 * default (gRPC core); what is larger Node does not send at all, and the call would never end.
 */
const MOST_TRAILER_BYTES = 6_144;

/** What is left of each text of a failure that would be larger, in UTF-16 units. */
const SHORTENED_LENGTH = 120;

/** Returns the gRPC code of a failure. */
export function codeOf(failure: Failure): Code {
  return CODES[failure.kind];
}

/**
 * Returns a failure as gRPC sends it: a code, a message for people, and details for programs
 * (`google.rpc.ErrorInfo` always, `QuotaFailure` for limits, `RetryInfo` where waiting helps).
 * Texts are shortened when they are too long to be sent; callers chose such texts themselves.
 */
export function statusOf(failure: Failure): ServerErrorResponse | Partial<StatusObject> {
  const code = codeOf(failure);
  const whole = trailersOf(failure, code, (text) => text);
  const { message, details } = isTooLarge(whole) ? trailersOf(failure, code, shortened) : whole;
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', details);
  return { code, details: message, metadata };
}

interface Trailers {
  readonly message: string;
  readonly details: Buffer;
}

function trailersOf(failure: Failure, code: Code, fit: (text: string) => string): Trailers {
  const message = fit(failure.kind === 'internal' ? 'Unexpected error' : failure.message);
  const facts = Object.fromEntries(
    Object.entries(failure.facts).map(([name, fact]) => [name, fit(String(fact))]),
  );
  const status = { code, message, details: detailsOf(failure, message, facts) };
  return { message, details: Buffer.from(Status.encode(status).finish()) };
}

/** The message travels percent-encoded, the details in base64. */
function isTooLarge({ message, details }: Trailers): boolean {
  const size = encodeURI(message.toWellFormed()).length + Math.ceil(details.length / 3) * 4;
  return size > MOST_TRAILER_BYTES;
}

function shortened(text: string): string {
  if (text.length <= SHORTENED_LENGTH) return text;
  return `${text.slice(0, SHORTENED_LENGTH).toWellFormed()}…`;
}

function detailsOf(
  failure: Failure,
  message: string,
  facts: Readonly<Record<string, string>>,
): Status['details'] {
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
          description: message,
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
