/**
 * Writes everything that follows from the protos (`make gen`), or with `--check` says what a run
 * would change and exits 1 (`make check`).
 *
 * Written: `src/gen/` (all of it: what no proto explains is removed), `envoy/apportion.pb`,
 * `envoy/routes.md`, and for `buf`, uncommitted, `.cache/image.binpb`.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compileProtos,
  GenerationRefused,
  IMAGE,
  readTree,
  type Compiled,
  type FileTree,
} from './compile.js';
import { readDeclaredRoutes, type DeclaredRoutes } from './http-bindings.js';
import {
  parseAllowedOverlaps,
  refuseDuplicates,
  refuseUnlistedOverlaps,
} from './route-conflicts.js';
import { readCallers, renderHttpRules, renderRoutesPage } from './route-pages.js';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const GENERATED_CODE = 'src/gen';
const DESCRIPTORS = 'envoy/apportion.pb';
const ROUTES_PAGE = 'envoy/routes.md';

async function main(args: string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) throw new GenerationRefused(`unknown argument ${unknown}`);
  const settle = args.includes('--check') ? nameStaleFiles : writeFiles;

  const compiled = compileInScratch();
  const routes = readDeclaredRoutes(compiled.image);
  refuseDuplicates(routes.bindings);
  refuseUnlistedOverlaps(routes.bindings, readAllowedOverlaps());

  const files: FileTree = new Map([[DESCRIPTORS, compiled.descriptors]]);
  for (const [path, content] of compiled.typescript) {
    files.set(`${GENERATED_CODE}/${path}`, content);
  }
  files.set(`${GENERATED_CODE}/http-rules.ts`, Buffer.from(renderHttpRules(routes.bindings)));

  // The composition root imports the code written here, so its page comes second.
  const changed = settle(files, orphans(files)) + settle(await renderedRoutesPage(routes), []);
  if (changed === 0) console.log('generated files are up to date');
  if (changed === 0 || settle === writeFiles) return 0;
  console.error('generated files are stale: run `make gen` and commit what it writes');
  return 1;
}

/** A folder per run, so that two runs at once do not meet. */
function compileInScratch(): Compiled {
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'gen-'));
  try {
    const compiled = compileProtos({ root: ROOT, scratch });
    renameSync(join(scratch, IMAGE), join(cache, IMAGE));
    return compiled;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readAllowedOverlaps() {
  return parseAllowedOverlaps(readFileSync(join(ROOT, 'proto', 'overlaps.json'), 'utf8'));
}

async function renderedRoutesPage(routes: DeclaredRoutes): Promise<FileTree> {
  const callers = await readCallers(ROOT, routes.rpcs);
  return new Map([[ROUTES_PAGE, Buffer.from(renderRoutesPage(routes, callers))]]);
}

/** Files of the generated folder that no proto explains (any more). */
function orphans(files: FileTree): string[] {
  return [...readTree(join(ROOT, GENERATED_CODE)).keys()]
    .map((path) => `${GENERATED_CODE}/${path}`)
    .filter((path) => !files.has(path));
}

function staleFiles(files: FileTree, orphaned: string[]): string[] {
  const differing = [...files].filter(([path, content]) => {
    const file = join(ROOT, path);
    return !existsSync(file) || !readFileSync(file).equals(content);
  });
  return [...differing.map(([path]) => path), ...orphaned];
}

/** Returns how many files are stale. */
function nameStaleFiles(files: FileTree, orphaned: string[]): number {
  const stale = staleFiles(files, orphaned);
  for (const path of stale) console.log(`stale ${path}`);
  return stale.length;
}

/** Returns how many files it changed; leaves those alone that are up to date. */
function writeFiles(files: FileTree, orphaned: string[]): number {
  const stale = staleFiles(files, orphaned);
  for (const path of stale) {
    const file = join(ROOT, path);
    const content = files.get(path);
    if (content === undefined) {
      rmSync(file);
      console.log(`removed ${path}`);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      console.log(`wrote ${path}`);
    }
  }
  return stale.length;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof GenerationRefused)) throw error;
  console.error(`proto/generate.ts: ${error.message}`);
  process.exitCode = 1;
}
