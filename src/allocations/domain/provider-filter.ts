/**
 * Invariant: a filter that was read names no aggregate in another than the canonical spelling, no
 * resource with an amount below 1 and no empty name; what does not follow the grammar of sections
 * 12 and 14 of the allocations specification is a failure and never an empty filter.
 */
import { invalid } from '../../kernel/failure.js';
import { isName } from './resource-class.js';
import { canonicalUuid } from './uuid.js';

/** Names of which a provider must have one of every group, and none of the forbidden ones. */
export interface NameFilter {
  /** At least one name in each group. */
  readonly anyOf: readonly (readonly string[])[];
  readonly noneOf: readonly string[];
}

/** Nothing is asked. */
export const NO_NAMES: NameFilter = { anyOf: [], noneOf: [] };

/** The amounts a provider must still have, by resource class. */
export type WantedResources = ReadonlyMap<string, bigint>;

/** Which providers a list shows: those that pass every filter that is set. */
export interface ProviderFilter {
  /** Exact name. */
  readonly name: string | undefined;
  readonly uuid: string | undefined;
  /** Uuid of a provider whose whole tree is meant. */
  readonly inTree: string | undefined;
  readonly resources: WantedResources;
  readonly aggregates: NameFilter;
  readonly traits: NameFilter;
}

const RESOURCES_FORM =
  'Badly formed resources parameter. Expected the form ' +
  'resources=CLASS:AMOUNT[,CLASS:AMOUNT...], such as VCPU:2,MEMORY_MB:1024.';

/**
 * Reads `resources` (section 12): `CLASS:AMOUNT`, comma separated; of a class named twice the later
 * amount counts. Throws INVALID_REQUEST with the documented words.
 */
export function resourcesFrom(text: string): WantedResources {
  if (text.trim() === '') throw invalid(`${RESOURCES_FORM} Got: empty string.`);
  const wanted = new Map<string, bigint>();
  for (const piece of text.split(',')) {
    const [name = '', amount, more] = piece.split(':');
    if (amount === undefined || more !== undefined)
      throw invalid(`${RESOURCES_FORM} Got: ${piece}.`);
    wanted.set(name, amountFrom(name, amount.trim()));
  }
  return wanted;
}

function amountFrom(name: string, text: string): bigint {
  if (!/^[+-]?\d{1,40}$/.test(text))
    throw invalid(`Requested resource ${name} expected positive integer amount. Got: ${text}.`);
  const amount = BigInt(text.replace('+', ''));
  if (amount < 1n)
    throw invalid(`Requested resource ${name} requires amount >= 1. Got: ${amount}.`);
  return amount;
}

/** What `member_of` may say at a microversion. */
export interface MemberOfGrammar {
  /** Several parameters, all of which must hold: from 1.24. */
  readonly mayRepeat: boolean;
  /** A leading `!`: from 1.32. */
  readonly mayForbid: boolean;
}

/**
 * Reads every `member_of` of a query (section 14.2): `U`, `in:U1,U2`, `!U` and `!in:U1,U2`.
 * Throws INVALID_REQUEST for everything else.
 */
export function memberOfFrom(values: readonly string[], grammar: MemberOfGrammar): NameFilter {
  if (values.length > 1 && !grammar.mayRepeat)
    throw invalid('Multiple member_of parameters are not supported at this microversion');
  const anyOf: string[][] = [];
  const noneOf: string[] = [];
  for (const value of values) {
    const isForbidden = grammar.mayForbid && value.startsWith('!');
    const aggregates = aggregatesFrom(isForbidden ? value.slice(1) : value);
    if (isForbidden) noneOf.push(...aggregates);
    else anyOf.push(aggregates);
  }
  return { anyOf, noneOf };
}

function aggregatesFrom(text: string): string[] {
  const isList = text.startsWith('in:');
  const pieces = isList ? text.slice(3).split(',') : [text];
  if (!isList && text.includes(','))
    throw invalid("Multiple values for 'member_of' must be prefixed with the 'in:' keyword");
  return pieces.map((piece) => {
    const uuid = canonicalUuid(piece);
    if (uuid === undefined)
      throw invalid(
        `Expected 'member_of' parameter to contain valid UUID(s). Got: ${text === '' ? 'empty string' : text}`,
      );
    return uuid;
  });
}

/** What `required` may say at a microversion. */
export interface RequiredGrammar {
  /** `!TRAIT`: from 1.22. */
  readonly mayForbid: boolean;
  /** `in:T1,T2`, and several parameters, all of which must hold: from 1.39. */
  readonly mayChoose: boolean;
}

/**
 * Reads every `required` of a query (section 14.3): a list of traits, each possibly forbidden, or a
 * choice. Before 1.39 only the last parameter counts. Throws INVALID_REQUEST for everything else;
 * whether the traits exist is not known here.
 */
export function requiredFrom(values: readonly string[], grammar: RequiredGrammar): NameFilter {
  const anyOf: string[][] = [];
  const noneOf: string[] = [];
  for (const value of grammar.mayChoose ? values : values.slice(-1)) {
    if (grammar.mayChoose && value.startsWith('in:')) {
      const choice = value.slice(3).split(',');
      anyOf.push(choice.map((name) => traitIn(name, value, grammar)));
      continue;
    }
    for (const piece of value.split(',')) {
      const isForbidden = grammar.mayForbid && piece.startsWith('!');
      const name = traitIn(isForbidden ? piece.slice(1) : piece, value, grammar);
      if (isForbidden) noneOf.push(name);
      else anyOf.push([name]);
    }
  }
  return { anyOf, noneOf };
}

function traitIn(name: string, value: string, { mayForbid, mayChoose }: RequiredGrammar): string {
  if (isName(name)) return name;
  const forms = [
    'HW_CPU_X86_VMX,CUSTOM_MAGIC',
    ...(mayForbid ? ['HW_CPU_X86_VMX,!CUSTOM_MAGIC'] : []),
    ...(mayChoose ? ['in:HW_CPU_X86_VMX,CUSTOM_MAGIC'] : []),
  ];
  throw invalid(
    `Invalid query string parameters: Expected 'required' parameter value of the form: ` +
      `${forms.join(' or ')}. Got: ${value === '' ? 'empty string' : value}`,
  );
}
