import type { z } from 'zod';

/** What is wrong with a state file, and where; `path` leads to it from the top of the file. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly reason: string;
}

/** Returns a path as people write it, such as `users[0].tokens[1].expires_at`. */
export function printPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const key = String(step);
      // Names of resources contain dots: `resources["nimbus.vm"]`.
      if (!/^[\w-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** What the reader's language calls the kinds of values. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  bigint: 'a whole number',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
  null: 'null',
};

/** Returns the reason in our words where a schema has none of its own. */
export const explainIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'unrecognized_keys') return 'unknown key';
  if (issue.code === 'too_small' || issue.code === 'too_big') return boundOf(issue);
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.map((value) => String(value)).join(' or ')}`;
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.input === undefined) return 'is missing';
  return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
};

/** Returns the first problem of a refused value. */
export function firstProblem(error: z.ZodError): Problem {
  const [issue] = error.issues;
  if (issue === undefined) return { path: [], reason: 'is wrong' };
  if (issue.code === 'unrecognized_keys')
    return { path: [...issue.path, issue.keys[0] ?? ''], reason: issue.message };
  return { path: issue.path, reason: issue.message };
}

function boundOf(
  issue:
    z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall> | z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>,
): string {
  const unit =
    issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : '';
  return issue.code === 'too_small'
    ? `must be at least ${issue.minimum}${unit}`
    : `must be at most ${issue.maximum}${unit}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return KINDS[typeof value] ?? typeof value;
}
