import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { z } from 'zod';
import { OperatorError } from '../kernel/operator-error.js';
import { explainIssue, firstProblem, printPath, type Problem } from './problems.js';
import type { StateSection } from './section.js';

/** Longest state file, in bytes: 100,000 users with tokens fit. */
export const LARGEST_STATE_FILE = 64 * 1024 * 1024;

/** Most values that aliases may stand for; more is a file that unfolds without end. */
const MOST_ALIASES = 100_000;

/** The entries of a state file by section. */
export type StateDocument = ReadonlyMap<StateSection, readonly unknown[]>;

/**
 * Reads a state file: every section gets its list, an empty one when its key is absent.
 *
 * Throws an OperatorError with file, path and reason for the first thing that is wrong.
 *
 * @param file - how messages call the file.
 */
export function readStateDocument(
  file: string,
  text: string,
  sections: readonly StateSection[],
): StateDocument {
  if (text.length > LARGEST_STATE_FILE)
    throw new OperatorError(`${file}: larger than ${LARGEST_STATE_FILE} bytes`);
  const tree = readYaml(file, text) ?? {};
  if (typeof tree !== 'object' || Array.isArray(tree))
    throw new OperatorError(`${file}: must be a group of keys such as users: and components:`);
  const values = new Map(Object.entries(tree));
  const known = new Set(sections.map(({ key }) => key));
  for (const key of values.keys())
    if (!known.has(key)) throw problemIn(file, { path: [key], reason: 'unknown key' });
  return new Map(
    sections.map((section) => [section, readSection(file, section, values.get(section.key))]),
  );
}

/** Returns the error that tells the operator where a file is wrong, and why. */
export function problemIn(file: string, { path, reason }: Problem): OperatorError {
  return new OperatorError(`${file}: ${printPath(path)}: ${reason}`);
}

function readSection(file: string, section: StateSection, value: unknown): readonly unknown[] {
  // A key without anything behind it is an empty list.
  const outcome = z
    .array(section.entry)
    .safeParse(value ?? [], { error: explainIssue, reportInput: true });
  if (outcome.success) return outcome.data;
  const { path, reason } = firstProblem(outcome.error);
  throw problemIn(file, { path: [section.key, ...path], reason });
}

function readYaml(file: string, text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    uniqueKeys: true,
    // Quantities have 64 bits, which a number would round.
    intAsBigInt: true,
    // Only what YAML 1.2 itself knows: no merging, no dates that depend on the reader.
    version: '1.2',
    lineCounter,
    prettyErrors: false,
  });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) throw new OperatorError(`${file}: ${explain(fault, lineCounter)}`);
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new OperatorError(`${file}: ${error.message}`);
  }
}

function explain(fault: YAMLError, lineCounter: LineCounter): string {
  const { line, col } = lineCounter.linePos(fault.pos[0]);
  const reason = fault.code === 'DUPLICATE_KEY' ? 'the same key twice' : fault.message;
  return `line ${line}, column ${col}: ${reason.split('\n')[0] ?? ''}`;
}
