/**
 * Runs documented requests as data: `*.case.yaml` files say what is sent and what must come back.
 *
 * Every case gets ids of its own, `$U`, `$V`, `$W` for users and `$P`, `$Q` for projects, ascending
 * in this order, so that cases share a stack without seeing each other; `$LONGEST` has 4096
 * characters. Before the first step a state file is applied: the case's `setup`, or one that
 * declares the user `$U` with the token `$U-token`. A step sends a request, or applies another
 * state file; it saves parts of its answer under names that later steps use as `$name`, or as
 * `${name+1}` where a neighbour of a number is wanted. Expected values may be `!text`, `!integer`
 * or `!like <regular expression>`.
 */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { difference, memberAt, Pattern, patternTags } from './expectations.js';
import type { RestAnswer, RestOptions } from './rest-client.js';
import type { Stack } from './stack.js';

interface CaseFile {
  readonly subject: string;
  readonly source: string;
  /** Values that all cases may use by name. */
  readonly given?: Record<string, unknown>;
  /** What every request of the file says unless it says otherwise. */
  readonly every?: Partial<RequestStep>;
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly section: string;
  readonly setup?: string;
  readonly steps: readonly (RequestStep | ApplyStep)[];
}

interface ApplyStep {
  /** Text of a state file. */
  readonly apply: string;
  /** What the refusal says, when the file must be refused. */
  readonly refusal?: string | Pattern;
}

interface RequestStep {
  /** Method and target, for instance `GET /account/v1.0/quotas`. */
  readonly request: string;
  /** The step is run once for each of these, with its members put over the step's own. */
  readonly each?: readonly Partial<RequestStep>[];
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly json?: unknown;
  readonly body?: string;
  /** Bytes in hexadecimal. */
  readonly bytes?: string;
  readonly status: bigint;
  /** Headers the answer must have, exactly; null means absent. */
  readonly answerHeaders?: Record<string, string | Pattern | null>;
  /** The body, byte for byte. */
  readonly text?: string;
  /** The body as JSON, exactly. */
  readonly answer?: unknown;
  /** Members the JSON body must have at least. */
  readonly includes?: unknown;
  /** Paths of members that must not be there, for instance `overLimit/details`. */
  readonly lacks?: readonly string[];
  /** Name → path in the JSON body. */
  readonly save?: Record<string, string>;
}

type Names = Map<string, unknown>;

/** Declares one test per case of a file. */
export function describeCases(file: URL, stack: () => Stack): void {
  const { subject, source, given, every, cases } = parse(readFileSync(file, 'utf8'), {
    intAsBigInt: true,
    customTags: patternTags,
    merge: true,
  }) as CaseFile;
  describe(`${subject} (${source})`, () => {
    for (const one of cases) {
      it(`${one.name} [${one.section}]`, () =>
        runCase(one, stack(), new Map(Object.entries(given ?? {})), every ?? {}));
    }
  });
}

async function runCase(
  one: Case,
  stack: Stack,
  names: Names,
  every: Partial<RequestStep>,
): Promise<void> {
  const ids = IDS.map(() => randomUUID()).sort();
  IDS.forEach((name, index) => names.set(name, ids[index]));
  names.set('LONGEST', 'x'.repeat(4096));
  await stack.apply(String(filled(one.setup ?? USER, names)));
  for (const [index, step] of one.steps.entries()) {
    refuseUnknownKeys(step);
    const where = `step ${index + 1}`;
    if ('apply' in step) await applyStep(step, stack, names, where);
    else {
      for (const [at, variant] of (step.each ?? [{}]).entries()) {
        refuseUnknownKeys(variant);
        await requestStep(merged(every, step, variant), stack, names, `${where}.${at + 1}`);
      }
    }
  }
}

const STEP_KEYS: ReadonlySet<string> = new Set<keyof RequestStep | keyof ApplyStep>([
  ...(['request', 'each', 'token', 'headers', 'json', 'body', 'bytes'] as const),
  ...(['status', 'answerHeaders', 'text', 'answer', 'includes', 'lacks', 'save'] as const),
  ...(['apply', 'refusal'] as const),
]);

/** A misspelt expectation would never fail. */
function refuseUnknownKeys(step: object): void {
  const unknown = Object.keys(step).find((key) => !STEP_KEYS.has(key));
  if (unknown !== undefined) throw new Error(`A step has no ${unknown}`);
}

const IDS = ['U', 'V', 'W', 'P', 'Q'];

/** The user of a case that says nothing else. */
const USER =
  'users: [{uuid: $U, username: $U, email: $U@example.org, tokens: [{value: $U-token}]}]';

function merged(
  every: Partial<RequestStep>,
  step: RequestStep,
  variant: Partial<RequestStep>,
): RequestStep {
  return {
    ...every,
    ...step,
    ...variant,
    answerHeaders: { ...every.answerHeaders, ...step.answerHeaders, ...variant.answerHeaders },
  };
}

async function applyStep(
  { apply, refusal }: ApplyStep,
  stack: Stack,
  names: Names,
  where: string,
): Promise<void> {
  const applied = stack.apply(String(filled(apply, names)));
  if (refusal === undefined) return applied;
  const error = await applied.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, where).to.be.instanceOf(OperatorError);
  const { message } = error as OperatorError;
  if (refusal instanceof Pattern) failOn(difference(message, refusal, true), where);
  else expect(message, where).to.include(filled(refusal, names));
}

async function requestStep(
  step: RequestStep,
  stack: Stack,
  names: Names,
  where: string,
): Promise<void> {
  const [method = '', target = ''] = String(filled(step.request, names)).split(' ');
  const options = optionsOf(step, names);
  const answer = await stack.rest.send(method, target, options);
  const sent = print(options.body ?? options.json ?? '');
  const received = `${String(answer.status)} ${answer.text.slice(0, 400)}`;
  check(step, answer, names, `${where}, ${method} ${target} ${sent} → ${received}`);
  for (const [name, path] of Object.entries(step.save ?? {})) {
    const value = memberAt(answer.json, path);
    if (value === undefined) expect.fail(`${where}; nothing to save at ${path}`);
    names.set(name, value);
  }
}

function optionsOf(step: RequestStep, names: Names): RestOptions {
  const { token, headers, json, bytes } = step;
  const body = bytes === undefined ? step.body : Buffer.from(bytes, 'hex');
  return {
    ...(token !== undefined && { token: String(filled(token, names)) }),
    ...(headers !== undefined && { headers: filled(headers, names) as Record<string, string> }),
    ...(json !== undefined && { json: filled(json, names) }),
    ...(body !== undefined && {
      body: typeof body === 'string' ? String(filled(body, names)) : body,
    }),
  };
}

function check(step: RequestStep, answer: RestAnswer, names: Names, where: string): void {
  expect(BigInt(answer.status), where).to.equal(step.status);
  for (const [name, value] of Object.entries(step.answerHeaders ?? {})) {
    const actual = answer.headers[name];
    const header = `${where}; header ${name}`;
    if (value === null) expect(actual, header).to.equal(undefined);
    else failOn(difference(actual, filled(value, names), true), header);
  }
  // The answer to HEAD has the length of a body that is not sent; 204 has no length (RFC 9110, 8.6).
  if (!step.request.startsWith('HEAD ') && answer.status !== 204)
    expect(answer.headers['content-length'], where).to.equal(String(answer.bytes.length));
  if (step.text !== undefined) expect(answer.text, where).to.equal(filled(step.text, names));
  for (const [expected, isWhole] of [
    [step.answer, true],
    [step.includes, false],
  ] as const) {
    if (expected === undefined) continue;
    failOn(difference(answer.json, filled(expected, names), isWhole), where);
  }
  for (const path of step.lacks ?? []) {
    const found = memberAt(answer.json, String(filled(path, names)));
    expect(found, `${where}; ${path}`).to.equal(undefined);
  }
}

function failOn(found: string | undefined, where: string): void {
  if (found !== undefined) expect.fail(`${where}; ${found}`);
}

/** Puts saved values in; a text that is nothing but a name becomes the value itself. */
function filled(value: unknown, names: Names): unknown {
  if (typeof value === 'string') {
    const whole = /^\$(?:(\w+)|\{(\w+)([+-]\d+)?\})$/.exec(value);
    if (whole !== null) return filled(valueOf(names, whole[1] ?? whole[2], whole[3]), names);
    return value.replace(
      /\$(?:(\w+)|\{(\w+)([+-]\d+)?\})/g,
      (_match, bare?: string, name?: string, offset?: string) =>
        String(valueOf(names, bare ?? name, offset)),
    );
  }
  if (value instanceof Pattern) return value;
  if (Array.isArray(value)) return value.map((entry) => filled(entry, names));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [
        String(filled(key, names)),
        filled(entry, names),
      ]),
    );
  return value;
}

function valueOf(names: Names, name = '', offset?: string): unknown {
  if (!names.has(name)) throw new Error(`The case uses $${name} before anything saved it`);
  const value = names.get(name);
  return offset === undefined ? value : (value as bigint) + BigInt(offset);
}

function print(value: unknown): string {
  return typeof value === 'string'
    ? value
    : JSON.stringify(value, (_key, entry: unknown) =>
        typeof entry === 'bigint' ? Number(entry) : entry,
      );
}
