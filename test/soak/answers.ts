/** What callers were told, and whether the ledger that is left behind bears it out. */
import type { AuditedCommission } from '../support/ledger-audit.js';

/** A call that wanted to issue, and its last answer. */
export interface IssueAnswer {
  readonly component: string;
  readonly name: string;
  readonly provisions: readonly {
    readonly holder: string;
    readonly source?: string | undefined;
    readonly resource: string;
    readonly quantity: bigint;
  }[];
  readonly autoAccept: boolean;
  readonly requestId: string | undefined;
  /** Absent when the call was refused. */
  readonly serial: bigint | undefined;
  /** The commission that is said to have taken the request id with other content. */
  readonly reusedBy: bigint | undefined;
  /** When the call began and was answered, as numbers that grow. */
  readonly began: number;
  readonly ended: number;
}

/** What one call was told about one serial. */
export interface SettleAnswer {
  readonly component: string;
  readonly serial: bigint;
  readonly said: 'accepted' | 'rejected' | 'not found';
  /** Whether this very call settled it. */
  readonly isFresh: boolean;
  /** What the call asked to be written into the log. */
  readonly reason: string;
}

/** Everything that callers were told. */
export interface Answers {
  readonly issues: readonly IssueAnswer[];
  readonly settlements: readonly SettleAnswer[];
  /** Calls of which nobody knows what came of them. */
  readonly unanswered?: readonly IssueAnswer[];
}

/** Throws when an answer does not agree with what is stored, or something stored with no answer. */
export function judgeAnswers(
  { issues, settlements, unanswered = [] }: Answers,
  commissions: ReadonlyMap<bigint, AuditedCommission>,
): void {
  const problems: string[] = [];
  const issued = issues.filter(({ serial }) => serial !== undefined);
  judgeIssued(issued, commissions, problems);
  judgeStored({ issues, unanswered }, commissions, problems);
  judgeSettled(settlements, commissions, problems);
  if (problems.length > 0)
    throw new Error(`Answers and ledger differ:\n${problems.slice(0, 20).join('\n')}`);
}

/** Every serial that was answered leads to what was asked for; only repeats share one. */
function judgeIssued(
  issued: readonly IssueAnswer[],
  commissions: ReadonlyMap<bigint, AuditedCommission>,
  problems: string[],
): void {
  const callers = new Map<bigint, string>();
  for (const [index, answer] of issued.entries()) {
    const serial = answer.serial!;
    const found = commissions.get(serial);
    if (found === undefined) problems.push(`${serial} was answered and does not exist`);
    else if (contentOf(found) !== contentOf(merged(answer)))
      problems.push(`${serial} is ${contentOf(found)}, not ${contentOf(merged(answer))}`);
    else if (answer.autoAccept && found.reason !== 'ACCEPT:')
      problems.push(`${serial} was accepted at once and is ${found.reason ?? 'pending'}`);
    const id = answer.requestId ?? `call ${index}`;
    const caller = `${answer.component} ${id}`;
    if (callers.has(serial) && callers.get(serial) !== caller)
      problems.push(`${serial} was answered to ${caller} and to ${callers.get(serial) ?? ''}`);
    callers.set(serial, caller);
  }
}

/** Nothing is stored but what was answered, and a request id led to one commission. */
function judgeStored(
  { issues, unanswered }: { issues: readonly IssueAnswer[]; unanswered: readonly IssueAnswer[] },
  commissions: ReadonlyMap<bigint, AuditedCommission>,
  problems: string[],
): void {
  const answered = new Set(issues.map(({ serial }) => serial));
  const unknown = new Map(unanswered.map((answer) => [answer.name, answer]));
  for (const commission of commissions.values()) {
    const { serial, name } = commission;
    if (answered.has(serial)) continue;
    const asked = unknown.get(name);
    unknown.delete(name);
    if (asked === undefined) problems.push(`${serial} (${name}) exists and was not answered`);
    else if (contentOf(commission) !== contentOf(merged(asked)))
      problems.push(`${serial} is ${contentOf(commission)}, not ${contentOf(merged(asked))}`);
  }
  const serials = new Map<string, bigint>();
  const successes = new Map<string, IssueAnswer[]>();
  for (const answer of issues) {
    const { component, requestId, serial, reusedBy } = answer;
    const other = reusedBy === undefined ? undefined : commissions.get(reusedBy);
    if (reusedBy !== undefined && other?.component !== component)
      problems.push(`${reusedBy} is said to have taken ${requestId ?? ''} of ${component}`);
    if (other !== undefined && contentOf(other) === contentOf(merged(answer)))
      problems.push(`${other.serial} is said to have other content than its repeat`);
    if (requestId === undefined || serial === undefined) continue;
    const key = `${component} ${requestId}`;
    successes.set(key, [...(successes.get(key) ?? []), answer]);
    const earlier = serials.get(key) ?? serial;
    if (earlier !== serial) problems.push(`${key} led to ${earlier} and to ${serial}`);
    serials.set(key, serial);
  }
  for (const { component, requestId, serial, reusedBy, began } of issues) {
    if (requestId === undefined || serial !== undefined || reusedBy !== undefined) continue;
    const earlier = successes.get(`${component} ${requestId}`)?.find(({ ended }) => ended < began);
    if (earlier !== undefined)
      problems.push(`${requestId} of ${component} was refused after it had succeeded`);
  }
}

/** A commission ends once, by one call at most, and everybody is told how. */
function judgeSettled(
  settlements: readonly SettleAnswer[],
  commissions: ReadonlyMap<bigint, AuditedCommission>,
  problems: string[],
): void {
  const fresh = new Map<bigint, SettleAnswer>();
  for (const answer of settlements) {
    const { serial, said, component } = answer;
    const found = commissions.get(serial);
    const stored = wordFor(found?.reason);
    const isTheirs = found !== undefined && found.component === component;
    if (said !== (isTheirs ? stored : 'not found'))
      problems.push(`${serial} was called ${said} to ${component} and is ${stored}`);
    if (!answer.isFresh) continue;
    if (fresh.has(serial)) problems.push(`${serial} was settled twice`);
    fresh.set(serial, answer);
    if (found?.reason?.endsWith(`:${answer.reason}`) !== true)
      problems.push(`${serial} says '${found?.reason ?? ''}', not '${answer.reason}'`);
  }
  for (const { serial, reason } of commissions.values()) {
    const isByItself = reason === 'ACCEPT:' || reason === 'REJECT:EXPIRED';
    if (reason !== null && !isByItself && !fresh.has(serial))
      problems.push(`${serial} is '${reason}', and nobody was told to have done it`);
  }
}

function wordFor(reason: string | null | undefined): string {
  if (reason === null || reason === undefined) return 'pending';
  return reason.startsWith('ACCEPT:') ? 'accepted' : 'rejected';
}

/** Returns a commission as it must be stored: equal keys added up (section 6.3). */
function merged(answer: IssueAnswer): Pick<AuditedCommission, 'component' | 'name' | 'provisions'> {
  const sums = new Map<string, bigint>();
  for (const { holder, source, resource, quantity } of answer.provisions) {
    const key = [holder, ...(source === undefined ? [] : [source]), resource].join(' ');
    sums.set(key, (sums.get(key) ?? 0n) + quantity);
  }
  const provisions = [...sums].map(([key, quantity]) => ({ key, quantity }));
  return { component: answer.component, name: answer.name, provisions };
}

function contentOf({
  component,
  name,
  provisions,
}: Pick<AuditedCommission, 'component' | 'name' | 'provisions'>): string {
  const parts = provisions.map(({ key, quantity }) => `${key} ${quantity}`).sort();
  return [component, name, ...parts].join(' | ');
}
