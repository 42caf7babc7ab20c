import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/** Thrown for what the author of a proto can mend; its message is all there is to say. */
export class GenerationRefused extends Error {}

/** File contents by path, relative to the folder they belong in, with forward slashes. */
export type FileTree = Map<string, Buffer>;

/**
 * Google's protos that no Apportion proto imports, though the server speaks them: the details of a
 * gRPC status travel as `Any`. They are in the descriptor set as well, so that `grpcurl` can print
 * them by reflection.
 */
const STATUS_PROTOS = ['google/rpc/error_details.proto', 'google/rpc/status.proto'];

/** The file in the scratch folder that `buf` reads. */
export const IMAGE = 'image.binpb';

const TS_PROTO_OPTIONS = [
  'outputServices=grpc-js',
  'env=node',
  'stringEnums=true',
  'forceLong=bigint',
  'oneof=unions-value',
  'esModuleInterop=true',
  'importSuffix=.js',
  'outputJsonMethods=false',
  'outputPartialMethods=true',
].join(',');

/** Where the parts of the build lie; every path is absolute. */
export interface BuildFolders {
  /** The root of the repository. */
  root: string;
  /** Empty at first; `IMAGE` and other results are left in it. */
  scratch: string;
}

/** Everything that `protoc` makes of the protos. */
export interface Compiled {
  /** The descriptor set with imports and source info, as `buf` reads it. */
  image: Buffer;
  /** The descriptor set with imports and nothing else, as Envoy reads it. */
  descriptors: Buffer;
  /** The TypeScript of our protos and of the Google ones they need. */
  typescript: FileTree;
}

/** Compiles every proto below `proto/apportion`; throws `GenerationRefused` when one is wrong. */
export function compileProtos({ root, scratch }: BuildFolders): Compiled {
  const sources = [...listFiles(join(root, 'proto', 'apportion'))]
    .filter((path) => path.endsWith('.proto'))
    .map((path) => posix.join('apportion', path))
    .sort();
  if (sources.length === 0) throw new GenerationRefused('proto/apportion holds no .proto file');

  const typescript = join(scratch, 'typescript');
  mkdirSync(typescript);

  const protoc = (...output: string[]): void => {
    runProtoc(root, [...output, ...sources, ...STATUS_PROTOS]);
  };
  protoc(
    `--plugin=protoc-gen-ts_proto=${join(root, 'node_modules', '.bin', 'protoc-gen-ts_proto')}`,
    `--ts_proto_out=${typescript}`,
    `--ts_proto_opt=${TS_PROTO_OPTIONS}`,
    `--descriptor_set_out=${join(scratch, IMAGE)}`,
    '--include_imports',
    '--include_source_info',
  );
  // A run of its own: protoc writes one descriptor set at a time, and Envoy needs no comments.
  protoc(`--descriptor_set_out=${join(scratch, 'apportion.pb')}`, '--include_imports');

  return {
    image: readFileSync(join(scratch, IMAGE)),
    descriptors: readFileSync(join(scratch, 'apportion.pb')),
    typescript: onlyReachable(readTree(typescript)),
  };
}

/** Returns every file below the folder, or an empty tree when there is no such folder. */
export function readTree(folder: string): FileTree {
  return new Map(
    [...listFiles(folder)].sort().map((path) => [path, readFileSync(join(folder, path))]),
  );
}

function* listFiles(folder: string): Generator<string> {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    yield relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
  }
}

function runProtoc(root: string, args: string[]): void {
  const googleProtos = join(root, 'node_modules', 'google-proto-files');
  const command = join(root, 'node_modules', 'protoc', 'protoc.cjs');
  try {
    execFileSync(process.execPath, [command, '-I', 'proto', '-I', googleProtos, ...args], {
      cwd: root,
      stdio: 'inherit',
    });
  } catch {
    throw new GenerationRefused('protoc refused the protos; what it said stands above');
  }
}

/**
 * ts-proto writes a file for every proto imported anywhere, `annotations.proto` and the whole
 * descriptor included. Only what the code of our own protos imports is worth keeping.
 */
function onlyReachable(all: FileTree): FileTree {
  const roots = STATUS_PROTOS.map((proto) => proto.replace(/\.proto$/, '.ts'));
  const waiting = [...all.keys()].filter(
    (path) => path.startsWith('apportion/') || roots.includes(path),
  );
  const kept = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (kept.has(path)) continue;
    kept.add(path);
    const text = all.get(path)?.toString('utf8') ?? '';
    for (const [, specifier = ''] of text.matchAll(/ from "(\.[^"]+)\.js"/g)) {
      waiting.push(posix.join(posix.dirname(path), `${specifier}.ts`));
    }
  }
  return new Map([...all].filter(([path]) => kept.has(path)));
}
