/**
 * Invariant: what is submitted was judged in one fixed order (projects specification, 7.5 and 7.6), so
 * that of several mistakes the same one is always told; and what a proposal leaves out is null, never
 * a default that nobody chose.
 */
import { invalid } from '../../kernel/failure.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import { type Quantity, UNLIMITED } from '../../kernel/quantity.js';
import { isCleanText } from '../../kernel/text.js';
import { type Capacities, faultOfCapacities } from './capacities.js';
import { faultOfProjectName } from './project-names.js';
import { type ProjectPolicy, PROJECT_DEFAULTS } from './project.js';

/** What a project shall be; null leaves it as it is. */
export interface Proposal {
  readonly owner: string | null;
  readonly name: string | null;
  readonly homepage: string | null;
  readonly description: string | null;
  /** For the reviewer; the project does not get it. */
  readonly comments: string | null;
  /** Nothing acts on it, and the project does not get it. */
  readonly startDate: Date | null;
  readonly endDate: Date | null;
  readonly joinPolicy: ProjectPolicy | null;
  readonly leavePolicy: ProjectPolicy | null;
  readonly maxMembers: Quantity | null;
  readonly isPrivate: boolean | null;
  /** Capacities by name of the resource; what is not named is not changed. */
  readonly resources: ReadonlyMap<string, Capacities>;
}

/** Capacities as sent: integers, whatever their size. */
export type SentCapacities = Record<keyof Capacities, bigint>;

/**
 * A proposal as it was sent, each part judged when its turn comes; undefined is absent.
 *
 * Decoding has judged the form alone: types, known words, digits.
 */
export interface SentProposal {
  readonly owner: Parsed<string | undefined>;
  readonly name: Parsed<string | undefined>;
  readonly homepage: Parsed<string | undefined>;
  readonly description: Parsed<string | undefined>;
  readonly comments: Parsed<string | undefined>;
  readonly startDate: Parsed<Date | undefined>;
  readonly endDate: Parsed<Date | undefined>;
  readonly joinPolicy: Parsed<ProjectPolicy | undefined>;
  readonly leavePolicy: Parsed<ProjectPolicy | undefined>;
  /** Any integer. */
  readonly maxMembers: Parsed<bigint | undefined>;
  readonly isPrivate: Parsed<boolean | undefined>;
  readonly resources: Parsed<
    readonly (readonly [name: string, capacities: Parsed<SentCapacities>])[]
  >;
}

/** The parts of a proposal whose form is judged before its project is looked for. */
export type ProposalForm = Pick<
  Proposal,
  'name' | 'homepage' | 'description' | 'comments' | 'joinPolicy' | 'leavePolicy' | 'isPrivate'
> & { readonly maxMembers: bigint | null };

/** What the values of a proposal are judged against. */
export interface ProposalReferents {
  /** Names of the resources that may be named. */
  readonly resources: ReadonlySet<string>;
  readonly now: Date;
}

/** Longest homepage, in characters. */
const LONGEST_HOMEPAGE = 255;

/** Longest description and comments, in characters. */
const LONGEST_TEXT = 4096;

/** What a new project is proposed to be where its applicant says nothing. */
export function withDefaults(proposal: Proposal, applicant: string): Proposal {
  return {
    ...proposal,
    owner: proposal.owner ?? applicant,
    homepage: proposal.homepage ?? PROJECT_DEFAULTS.homepage,
    description: proposal.description ?? PROJECT_DEFAULTS.description,
    comments: proposal.comments ?? '',
    joinPolicy: proposal.joinPolicy ?? PROJECT_DEFAULTS.joinPolicy,
    leavePolicy: proposal.leavePolicy ?? PROJECT_DEFAULTS.leavePolicy,
    maxMembers: proposal.maxMembers ?? PROJECT_DEFAULTS.maxMembers,
    isPrivate: proposal.isPrivate ?? PROJECT_DEFAULTS.isPrivate,
  };
}

/**
 * Judges what comes right behind the owner: what a new project needs, known words, types. Throws the
 * first failure.
 */
export function judgeForm(sent: SentProposal, purpose: 'create' | 'modify'): ProposalForm {
  const isNew = purpose === 'create';
  if (isNew && unwrap(sent.name) === undefined) throw invalid('Name missing.');
  const joinPolicy = unwrap(sent.joinPolicy) ?? null;
  const leavePolicy = unwrap(sent.leavePolicy) ?? null;
  if (isNew && sent.endDate.ok && sent.endDate.value === undefined)
    throw invalid('Missing end date');
  const maxMembers = unwrap(sent.maxMembers) ?? null;
  const isPrivate = unwrap(sent.isPrivate) ?? null;
  const homepage = unwrap(sent.homepage) ?? null;
  const description = unwrap(sent.description) ?? null;
  const comments = unwrap(sent.comments) ?? null;
  const name = unwrap(sent.name) ?? null;
  return {
    ...{ name, homepage, description, comments },
    ...{ joinPolicy, leavePolicy, maxMembers, isPrivate },
  };
}

/** Judges the rest: resources, the name, lengths, ranges and dates. Throws the first failure. */
export function judgeValues(
  sent: SentProposal,
  owner: string | null,
  form: ProposalForm,
  { resources: known, now }: ProposalReferents,
): Proposal {
  const resources = judgeResources(sent.resources, known);
  if (form.name !== null) {
    const fault = faultOfProjectName(form.name);
    if (fault !== undefined) throw invalid(fault);
  }
  requireStorable('homepage', form.homepage, LONGEST_HOMEPAGE);
  requireStorable('description', form.description, LONGEST_TEXT);
  requireStorable('comments', form.comments, LONGEST_TEXT);
  const maxMembers = judgeMaxMembers(form.maxMembers);
  const startDate = unwrap(sent.startDate) ?? null;
  const endDate = unwrap(sent.endDate) ?? null;
  if (endDate !== null && endDate <= now) throw invalid("'end_date' must be in the future");
  return { ...form, owner, resources, maxMembers, startDate, endDate };
}

/** Throws unless a text may be stored; null is no text. */
export function requireStorable(field: string, text: string | null, longest: number): void {
  if (text === null) return;
  // No character has more than two units, so that nothing long is taken apart.
  if (text.length > 2 * longest || Array.from(text).length > longest)
    throw invalid(`'${field}' value exceeds max length ${longest}`);
  if (!isCleanText(text)) throw invalid(`'${field}' contains characters that cannot be stored`);
}

function judgeResources(
  sent: SentProposal['resources'],
  known: ReadonlySet<string>,
): ReadonlyMap<string, Capacities> {
  const entries = unwrap(sent);
  if (entries.some(([name]) => !known.has(name))) throw malformedPolicies();
  const resources = new Map<string, Capacities>();
  for (const [name, parsedCapacities] of entries) {
    const capacities = unwrap(parsedCapacities);
    const fault = faultOfCapacities(name, capacities);
    if (fault !== undefined) throw fault;
    resources.set(name, capacities as Capacities);
  }
  return resources;
}

/** Returns the failure of resources that are not what section 5 asks for. */
export function malformedPolicies() {
  return invalid('Malformed resource policies');
}

function judgeMaxMembers(value: bigint | null): Quantity | null {
  if (value === null) return null;
  if (value < 0n || value > UNLIMITED) throw invalid('max_members out of range');
  return value as Quantity;
}

/** Factors of the suffixes that a number of members may have. */
const SUFFIXES: Readonly<Record<string, bigint>> = {
  K: 2n ** 10n,
  M: 2n ** 20n,
  G: 2n ** 30n,
  T: 2n ** 40n,
  P: 2n ** 50n,
  E: 2n ** 60n,
};

/**
 * Returns the number of members that a text stands for, in any range, or undefined when it is none:
 * `15`, `2K`, `inf`.
 */
export function maxMembersFrom(text: string): bigint | undefined {
  if (/^inf(inite)?$/i.test(text)) return UNLIMITED;
  const match = /^([+-]?\d{1,40})([KMGTPE])?$/i.exec(text);
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  return BigInt(digits.replace(/^\+/, '')) * (SUFFIXES[suffix.toUpperCase()] ?? 1n);
}
