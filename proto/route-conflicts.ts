import { GenerationRefused } from './compile.js';
import type { HttpBinding } from './http-bindings.js';
import { canMatchTheSamePath, templateShape } from './path-templates.js';

/** Two templates that may match the same path, and why that is right. */
export interface AllowedOverlap {
  templates: [string, string];
  reason: string;
}

/**
 * Throws `GenerationRefused` when two bindings have the same method and template: Envoy starts
 * without a word and then serves neither. Names of variables make no difference to it.
 */
export function refuseDuplicates(bindings: HttpBinding[]): void {
  const seen: HttpBinding[] = [];
  for (const binding of bindings) {
    const shape = templateShape(binding.template.text);
    const twin = seen.find(
      (other) => templateShape(other.template.text) === shape && sharesMethod(other, binding),
    );
    if (twin !== undefined) {
      throw new GenerationRefused(
        `${describe(twin)} and ${describe(binding)} are the same route: Envoy would serve neither`,
      );
    }
    seen.push(binding);
  }
}

/**
 * Throws `GenerationRefused` when two templates can match the same path and nobody said so.
 *
 * Methods make no difference: `PUT /projects/memberships` reaches the RPC of
 * `PUT /projects/{id}`, which has to know that it may be called so. An allowance that no pair of
 * templates needs is refused too, or the list would outlive its reasons.
 */
export function refuseUnlistedOverlaps(bindings: HttpBinding[], allowed: AllowedOverlap[]): void {
  const byShape = new Map<string, HttpBinding>();
  for (const binding of bindings) {
    const shape = templateShape(binding.template.text);
    if (!isFallback(binding) && !byShape.has(shape)) byShape.set(shape, binding);
  }

  const unused = new Map(allowed.map((overlap) => [pairKey(overlap.templates), overlap]));
  const listed = new Set(unused.keys());
  const distinct = [...byShape.values()];
  const problems: string[] = [];
  for (const [index, one] of distinct.entries()) {
    for (const other of distinct.slice(index + 1)) {
      if (!canMatchTheSamePath(one.template, other.template)) continue;
      const key = pairKey([one.template.text, other.template.text]);
      unused.delete(key);
      if (listed.has(key)) continue;
      problems.push(
        `${describe(one)} and ${describe(other)} can match the same path; ` +
          'if that is right, add the pair and the reason to proto/overlaps.json',
      );
    }
  }
  for (const { templates } of unused.values()) {
    problems.push(
      `proto/overlaps.json allows ${templates.join(' and ')}, which do not overlap (any more)`,
    );
  }
  if (problems.length > 0) throw new GenerationRefused(problems.join('\n'));
}

/** Reads `proto/overlaps.json`; throws `GenerationRefused` when an entry is not as documented. */
export function parseAllowedOverlaps(json: string): AllowedOverlap[] {
  const refuse = (why: string): never => {
    throw new GenerationRefused(`proto/overlaps.json: ${why}`);
  };
  const entries: unknown = JSON.parse(json);
  if (!Array.isArray(entries)) return refuse('must be an array');
  return entries.map((entry: Partial<AllowedOverlap>, index) => {
    const { templates, reason } = entry;
    if (!Array.isArray(templates) || (templates as string[]).length !== 2 || !reason) {
      return refuse(
        `entry ${String(index)} needs "templates" (two of them) and a non-empty "reason"`,
      );
    }
    return { templates, reason };
  });
}

function sharesMethod(one: HttpBinding, other: HttpBinding): boolean {
  return one.method === other.method || one.method === '*' || other.method === '*';
}

/** The route that catches what no other one wants; overlapping is its purpose. */
function isFallback({ method, template }: HttpBinding): boolean {
  return method === '*' && templateShape(template.text) === '/**';
}

/** The list may name variables as it likes, in either order. */
function pairKey(templates: [string, string]): string {
  return templates.map(templateShape).sort().join(' ');
}

function describe({ rpc, method, template }: HttpBinding): string {
  return `${method} ${template.text} (${rpc})`;
}
