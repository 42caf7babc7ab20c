import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GenerationRefused } from './compile.js';
import type { DeclaredRoutes, HttpBinding } from './http-bindings.js';

/** What `src/app.ts` tells of each RPC it serves; the caller is known only at run time. */
interface RouteDescription {
  rpc: string;
  caller: string;
}

/** The constant by which the server finds the RPC that a request target really means. */
export function renderHttpRules(bindings: HttpBinding[]): string {
  const rows = bindings.map(
    ({ rpc, method, template }) =>
      `  { rpc: ${quote(rpc)}, method: ${quote(method)}, template: ${quote(template.text)} },\n`,
  );
  return `// Written by proto/generate.ts from the google.api.http options. DO NOT EDIT.

/** One way to reach an RPC over HTTP. */
export interface HttpRule {
  /** \`package.Service/Method\`. */
  readonly rpc: string;
  /** An HTTP method, or \`*\` for all of them. */
  readonly method: string;
  /** The path in the syntax of google.api.http. */
  readonly template: string;
}

/** Every HTTP binding of every RPC, by template and then by method. */
export const httpRules: readonly HttpRule[] = [
${rows.join('')}];
`;
}

/** The page on which an operator looks up who may call what. */
export function renderRoutesPage(routes: DeclaredRoutes, callers: Map<string, string>): string {
  const bound = new Set(routes.bindings.map(({ rpc }) => rpc));
  const rows = [
    ...routes.bindings.map(({ rpc, method, template }) => ({ rpc, method, path: template.text })),
    ...routes.rpcs.filter((rpc) => !bound.has(rpc)).map((rpc) => ({ rpc, method: '', path: '' })),
  ];
  const lines = rows.map(({ rpc, method, path }) => {
    const cells =
      path === '' ? ['gRPC only', ''] : [method === '*' ? 'any' : method, `\`${path}\``];
    return `| ${[...cells, `\`${rpc}\``, callers.get(rpc) ?? '-'].join(' | ')} |\n`;
  });
  return `<!-- Written by proto/generate.ts. DO NOT EDIT. -->

# Routes

Every route of the edge and the RPC behind it. *Caller* is who may call it at all; what the call may
then touch is decided by the slice.

| Method | Path | RPC | Caller |
|---|---|---|---|
${lines.join('')}`;
}

/**
 * Returns the caller of every RPC, or an empty map while the server has no composition root yet.
 *
 * Throws `GenerationRefused` when the root serves an RPC that no proto declares, or the reverse.
 */
export async function readCallers(root: string, rpcs: string[]): Promise<Map<string, string>> {
  const file = join(root, 'src', 'app.ts');
  if (!existsSync(file)) return new Map();

  const app = (await import(pathToFileURL(file).href)) as {
    describeRoutes?: () => RouteDescription[];
  };
  if (app.describeRoutes === undefined) {
    throw new GenerationRefused('src/app.ts does not export describeRoutes()');
  }
  const callers = new Map(app.describeRoutes().map(({ rpc, caller }) => [rpc, caller]));
  const unserved = rpcs.filter((rpc) => !callers.has(rpc));
  if (unserved.length > 0) {
    throw new GenerationRefused(`src/app.ts has no route for ${unserved.join(', ')}`);
  }
  const undeclared = [...callers.keys()].filter((rpc) => !rpcs.includes(rpc));
  if (undeclared.length > 0) {
    throw new GenerationRefused(
      `src/app.ts serves what no proto declares: ${undeclared.join(', ')}`,
    );
  }
  return callers;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
