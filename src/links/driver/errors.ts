/** The services of an OpenStack deployment that the driver calls. */
export type ServiceName = 'keystone' | 'nova' | 'cinder' | 'neutron';

/**
 * What went wrong, as far as callers act differently on it.
 *
 * `unavailable` (no connection, no answer in time, 5xx, 429) is worth trying again later; `garbled`
 * (an answer that is not what the service documents) and `unauthorized` may be, after an operator
 * has looked; the others stay as they are until somebody changes something.
 */
export type OpenStackErrorKind =
  'refused' | 'unauthorized' | 'forbidden' | 'not-found' | 'conflict' | 'unavailable' | 'garbled';

/** What an error knows besides its kind and its message. */
export interface OpenStackErrorDetails {
  /** The HTTP status; absent when no answer came. */
  readonly status?: number;
  /** The service's own name of the fault, such as `OverQuota`; only some faults have one. */
  readonly fault?: string;
  /** The answer's `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * A call to OpenStack that did not succeed. The message names the service, the status and what the
 * service said, on one line of bounded length, without any password or token: it may be stored
 * and shown.
 */
export class OpenStackError extends Error {
  override readonly name = 'OpenStackError';
  readonly status: number | undefined;
  readonly fault: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly service: ServiceName,
    readonly kind: OpenStackErrorKind,
    message: string,
    details: OpenStackErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.fault = details.fault;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Longest text of a service that is kept; Nova's refusals take about 150 characters. */
const LONGEST_TEXT = 500;

/** Returns the error that an answer with a status from 300 means. */
export function errorOfAnswer(
  service: ServiceName,
  answer: { status: number; body: string; retryAfter?: string },
  secrets: readonly string[],
): OpenStackError {
  const { text, fault } = saidBy(answer.body);
  const said = text === undefined ? '' : `: ${presentable(text, secrets)}`;
  return new OpenStackError(
    service,
    kindOf(answer.status),
    `${service} answered ${answer.status}${said}`,
    {
      status: answer.status,
      fault: fault === undefined ? undefined : presentable(fault, secrets),
      retryAfterMs: milliseconds(answer.retryAfter),
    },
  );
}

/** Returns the error of a call that got no answer. */
export function errorOfSilence(
  service: ServiceName,
  reason: string,
  secrets: readonly string[] = [],
): OpenStackError {
  const message = `${service} cannot be reached: ${presentable(reason, secrets)}`;
  return new OpenStackError(service, 'unavailable', message);
}

/** Returns the error of an answer that claims success and is not what the service documents. */
export function errorOfContent(service: ServiceName, status: number, what: string): OpenStackError {
  const message = `${service} answered ${status} with something else than documented: ${what}`;
  return new OpenStackError(service, 'garbled', presentable(message, []), { status });
}

/** Returns text of a stranger on one line, cut, with every secret blanked out. */
export function presentable(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets) {
    if (secret !== '') shown = shown.replaceAll(secret, '***');
  }
  const line = shown.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length <= LONGEST_TEXT ? line : `${line.slice(0, LONGEST_TEXT)}…`;
}

function kindOf(status: number): OpenStackErrorKind {
  if (status < 400) return 'garbled';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  return status === 429 || status >= 500 ? 'unavailable' : 'refused';
}

/**
 * Reads the four shapes of faults: `{"badRequest": {"message"}}` and its kin of Nova and Cinder with
 * `computeFault` among them, `{"NeutronError": {"type", "message"}}`, and Keystone's `{"error": …}`.
 * Anything else, such as a proxy's HTML page, says nothing.
 */
function saidBy(body: string): { text?: string; fault?: string } {
  for (const value of Object.values(parsedObject(body))) {
    if (typeof value === 'string') return { text: value };
    if (typeof value !== 'object' || value === null) continue;
    const { message, type } = value as { message?: unknown; type?: unknown };
    if (typeof message === 'string') {
      return { text: message, fault: typeof type === 'string' && type !== '' ? type : undefined };
    }
  }
  return {};
}

function parsedObject(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** A date instead of seconds is left aside: it would need the other side's clock. */
function milliseconds(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : undefined;
}
