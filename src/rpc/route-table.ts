/** One HTTP binding of an RPC, as `make gen` reads it from the protos. */
export interface HttpRule {
  readonly rpc: string;
  readonly method: string;
  readonly template: string;
}

/** What a path was found to mean. */
export interface PathMatch {
  /** The RPC of each method the path has. */
  readonly rpcs: ReadonlyMap<string, string>;
  /** What stood in the variable places, percent-decoded. */
  readonly parameters: readonly string[];
}

interface Node {
  readonly literals: Map<string, Node>;
  variable: Node | undefined;
  readonly rpcs: Map<string, string>;
}

/**
 * Finds what a path means, by our own reading of it: Envoy's transcoder ignores trailing slashes
 * and lets a variable match where another method has a literal segment.
 */
export class RouteTable {
  readonly #root = createNode();

  /** Templates with `**` are left out: what only they match is unmatched. */
  constructor(rules: readonly HttpRule[]) {
    for (const { rpc, method, template } of rules) {
      if (template.includes('**')) continue;
      let node = this.#root;
      for (const part of template.slice(1).split('/')) {
        if (part === '*' || part.startsWith('{')) node = node.variable ??= createNode();
        else node = literalOf(node, part);
      }
      node.rpcs.set(method, rpc);
    }
  }

  /**
   * Returns what a path means, literal segments before variables, or undefined when it is unknown.
   *
   * @param path - as sent, without the query.
   * @param ignoresTrailingSlash - whether one slash at the end is dropped first.
   */
  find(path: string, ignoresTrailingSlash: boolean): PathMatch | undefined {
    const trimmed =
      ignoresTrailingSlash && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const parts: string[] = [];
    for (const part of trimmed.slice(1).split('/')) {
      const decoded = decode(part);
      if (decoded === undefined) return undefined;
      parts.push(decoded);
    }
    return descend(this.#root, parts, 0, []);
  }
}

function createNode(): Node {
  return { literals: new Map(), variable: undefined, rpcs: new Map() };
}

function literalOf(node: Node, part: string): Node {
  let next = node.literals.get(part);
  if (next === undefined) {
    next = createNode();
    node.literals.set(part, next);
  }
  return next;
}

function descend(
  node: Node,
  parts: readonly string[],
  index: number,
  parameters: readonly string[],
): PathMatch | undefined {
  const part = parts[index];
  if (part === undefined) return node.rpcs.size > 0 ? { rpcs: node.rpcs, parameters } : undefined;
  const literal = node.literals.get(part);
  const found = literal && descend(literal, parts, index + 1, parameters);
  if (found !== undefined) return found;
  if (node.variable === undefined || part === '') return undefined;
  return descend(node.variable, parts, index + 1, [...parameters, part]);
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
