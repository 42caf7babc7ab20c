/**
 * The import table of the house, as ESLint rules.
 *
 * `house/imports` judges every import of a file in `src/` and `clients/` by where the file and what
 * it imports stand in the tree. Types count like values: a slice that needs another one's types
 * knows it. `house/environment` keeps the environment in `src/config.ts`.
 *
 * A folder or top-level file the table does not know is refused, so that whoever adds one has to
 * say what it may see.
 */
import { posix, relative, sep } from 'node:path';

/** What knows no family and serves every slice. */
const GROUND = ['kernel', 'db', 'events', 'jobs', 'rpc', 'gen'];

/** Generated like the rest of `gen`, but of interest to those who set up the edge, too. */
const HTTP_RULES = 'gen/http-rules';

/**
 * Per slice, the slices it may use, always through their `index.ts`.
 *
 * @type {Record<string, string[]>}
 */
const SLICES = {
  identity: [],
  quotas: ['identity'],
  projects: ['quotas', 'identity'],
  allocations: ['identity'],
  images: ['projects', 'identity'],
  links: ['projects', 'identity'],
};

/**
 * Per folder or top-level file of `src/`, what else of `src/` it may import.
 *
 * @type {Record<string, string[]>}
 */
const TABLE = {
  kernel: [],
  gen: [],
  config: ['kernel'],
  db: ['kernel'],
  events: ['kernel', 'db', 'rpc', 'gen'],
  jobs: ['kernel', 'db'],
  rpc: ['kernel', 'gen', HTTP_RULES],
  state: ['kernel', 'db'],
  ...Object.fromEntries(
    Object.entries(SLICES).map(([slice, used]) => [slice, [...GROUND, 'state', ...used]]),
  ),
  app: ['config', 'state', HTTP_RULES, ...GROUND, ...Object.keys(SLICES)],
  cli: ['app', 'config', 'state', 'db', 'kernel', HTTP_RULES],
  main: ['cli', 'app', 'config', 'kernel'],
};

/**
 * The layers of one slice. `sees` lists the files and folders of `src/` a part may import besides
 * its own; `own` the parts of its own slice. A part that is not listed here is held by the row of
 * its slice alone.
 *
 * @type {Record<string, { sees?: string[], own?: string[], notOwn?: string[] }>}
 */
const PARTS = {
  domain: { sees: ['kernel'], own: [] },
  access: {
    sees: ['kernel', ...Object.keys(SLICES)],
    notOwn: ['storage', 'service', 'routes', 'rest', 'messages'],
  },
  messages: {
    sees: ['kernel', 'rpc', 'gen', ...Object.keys(SLICES)],
    notOwn: ['storage', 'routes'],
  },
  rest: { sees: ['kernel', 'rpc', 'gen', ...Object.keys(SLICES)], notOwn: ['storage', 'routes'] },
  storage: { notOwn: ['service', 'access', 'routes', 'rest', 'messages'] },
  service: { notOwn: ['routes', 'rest', 'messages'] },
  // What talks to the world outside knows neither tables nor use cases.
  driver: { sees: ['kernel'], own: [] },
};

/** The parts of a slice that know the transport. */
const KNOW_RPC = ['routes', 'messages', 'rest', 'index'];
const KNOW_GENERATED_CODE = ['routes', 'messages', 'rest'];

/** Packages that only some places may import. */
const CONFINED_PACKAGES = [
  {
    packages: /^(knex|pg|pg-cursor)(\/|$)/,
    where: 'db/ and the storage/ of a slice',
    /** @param {Place} place */
    allows: (place) => place.head === 'db' || place.path.includes('storage'),
  },
  {
    packages: /^(@grpc\/[^/]+|grpc-health-check)(\/|$)/,
    where: 'rpc/, app.ts and cli/',
    /** @param {Place} place */
    allows: (place) => ['rpc', 'app', 'cli', 'gen'].includes(place.head),
  },
];

/**
 * A file of `src/`: `head` is its folder, or its name when it lies at the top; `part` the same one
 * level deeper.
 *
 * @typedef {{ head: string, part: string, path: string[] }} Place
 */

/**
 * @param {string} path below the root of the repository, with forward slashes
 * @returns {Place | undefined} undefined outside `src/`
 */
function placeInSource(path) {
  const [top, ...rest] = path.replace(/\.[cm]?[jt]s$/, '').split('/');
  if (top !== 'src') return undefined;
  // The list of HTTP bindings names families without knowing their messages.
  if (rest.join('/') === HTTP_RULES) return { head: HTTP_RULES, part: '', path: rest };
  return { head: rest[0] ?? '', part: rest[1] ?? '', path: rest };
}

/**
 * Judges one import of a file in `src/`.
 *
 * @param {Place} from
 * @param {Place} to
 * @returns {string | undefined} why it is refused
 */
function judge(from, to) {
  const row = TABLE[from.head];
  if (row === undefined) {
    return `the import table (test/lint/house-rules.js) does not know src/${from.head}`;
  }
  if (from.head === to.head) return from.head in SLICES ? judgeInsideSlice(from, to) : undefined;
  if (!row.includes(to.head)) return `src/${from.head} may not import src/${to.head}`;
  if (to.head in SLICES && to.path.slice(1).join('/') !== 'index') {
    return `src/${to.head} is used only through its index.ts`;
  }
  return from.head in SLICES ? judgePart(from, to) : undefined;
}

/**
 * @param {Place} from
 * @param {Place} to
 */
function judgePart(from, to) {
  const { head, part } = from;
  const sees = PARTS[part]?.sees;
  if (sees !== undefined && !sees.includes(to.head)) {
    return `the ${part} of a slice may not import src/${to.head}`;
  }
  if (to.head === 'gen' && !KNOW_GENERATED_CODE.includes(part)) {
    return `generated code is for ${KNOW_GENERATED_CODE.join(', ')}: src/${head}/${part} sees commands`;
  }
  if (to.head === 'rpc' && !KNOW_RPC.includes(part)) {
    return `src/rpc is for ${KNOW_RPC.join(', ')}: src/${head}/${part} cannot tell the faces apart`;
  }
  return undefined;
}

/**
 * @param {Place} from
 * @param {Place} to
 */
function judgeInsideSlice(from, to) {
  if (from.part === to.part) return undefined;
  if (to.part === 'index') return 'index.ts is the face shown to others, not to its own slice';
  const rules = PARTS[from.part];
  const isRefused =
    (rules?.own !== undefined && !rules.own.includes(to.part)) || rules?.notOwn?.includes(to.part);
  return isRefused ? `the ${from.part} of a slice may not import its ${to.part}` : undefined;
}

/**
 * @param {string} file below the root of the repository, with forward slashes
 * @param {string} specifier as the import writes it
 * @returns {string | undefined} why it is refused
 */
function judgeImport(file, specifier) {
  const from = placeInSource(file);
  if (!specifier.startsWith('.')) {
    if (from === undefined) return undefined;
    const confined = CONFINED_PACKAGES.find(({ packages }) => packages.test(specifier));
    if (confined === undefined || confined.allows(from)) return undefined;
    return `${specifier} is imported only in ${confined.where}`;
  }
  const to = placeInSource(posix.join(posix.dirname(file), specifier));
  if (from === undefined) {
    const isClient = file.startsWith('clients/');
    return isClient && to !== undefined ? 'a client may not import src/' : undefined;
  }
  return to === undefined ? 'src/ may not import what lies outside it' : judge(from, to);
}

/** @type {import('eslint').Rule.RuleModule} */
const imports = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    /** @param {any} node of five types, which agree on `source` */
    const check = ({ source }) => {
      if (typeof source?.value !== 'string') return;
      const message = judgeImport(file, source.value);
      if (message !== undefined) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      TSImportType: check,
    };
  },
};

/** @type {import('eslint').Rule.RuleModule} */
const environment = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    if (!file.startsWith('src/') || file === 'src/config.ts') return {};
    /** @param {import('eslint').Rule.Node} node */
    const refuse = (node) => {
      context.report({ node, message: 'the environment is read only in src/config.ts' });
    };
    return {
      'MemberExpression[object.name="process"][property.name="env"]': refuse,
      'MemberExpression[object.name="process"][property.value="env"]': refuse,
      'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]': refuse,
      'ImportDeclaration[source.value=/^(node:)?process$/] > ImportSpecifier[imported.name="env"]':
        refuse,
    };
  },
};

/** @type {import('eslint').ESLint.Plugin} */
export const housePlugin = { meta: { name: 'house' }, rules: { imports, environment } };

/** @type {import('eslint').Linter.RulesRecord} */
export const houseRules = { 'house/imports': 'error', 'house/environment': 'error' };
