import { GenerationRefused } from './compile.js';

/** One URL template of `google.api.http`, taken apart. */
export interface PathTemplate {
  /** As the proto writes it. */
  text: string;
  /** Literals, `*` for one segment of any content, `**` for any number of segments. */
  segments: string[];
  /** The request fields that variables bind to, as dotted paths. */
  variables: string[];
}

/** `{field}`, which stands for `{field=*}`, or `{field=segments}`. */
const VARIABLE = /\{([^{}=]+)(?:=([^{}]*))?\}/g;

/**
 * Takes a template apart; throws `GenerationRefused` naming `owner` when Envoy would choke on it or
 * when the overlap check could not judge it.
 */
export function parsePathTemplate(text: string, owner: string): PathTemplate {
  const refuse = (why: string): never => {
    throw new GenerationRefused(`${owner}: template "${text}" ${why}`);
  };
  if (!text.startsWith('/')) refuse('does not start with "/"');
  // Envoy does not start with such a template; without the slash both forms of a path match.
  if (text.endsWith('/')) refuse('ends in "/"');

  const segments = templateShape(text).slice(1).split('/');
  for (const segment of segments) {
    if (segment === '') refuse('has an empty segment');
    if (/[{}]/.test(segment)) refuse('has an unbalanced brace');
    if (segment !== '*' && segment !== '**' && segment.includes('*')) {
      refuse('mixes "*" with other characters in one segment');
    }
    if (segment.includes(':')) refuse('has a ":verb", which no documented path needs');
  }
  const variables = [...text.matchAll(VARIABLE)].map(([, field = '']) => field);
  return { text, segments, variables };
}

/** The template without the names of its variables: what the route lookup tells apart. */
export function templateShape(text: string): string {
  return text.replaceAll(VARIABLE, (_, _field, segments: string | undefined) => segments ?? '*');
}

/** Whether some path matches both templates. */
export function canMatchTheSamePath(one: PathTemplate, other: PathTemplate): boolean {
  return intersects(one.segments, other.segments);
}

function intersects(one: string[], other: string[]): boolean {
  const [head, ...tail] = one;
  const [otherHead, ...otherTail] = other;
  if (head === '**') {
    return intersects(tail, other) || (otherHead !== undefined && intersects(one, otherTail));
  }
  if (otherHead === '**') return intersects(other, one);
  if (head === undefined || otherHead === undefined) return head === otherHead;
  const fits = head === otherHead || head === '*' || otherHead === '*';
  return fits && intersects(tail, otherTail);
}
