import { z } from 'zod';
import { OperatorError } from './kernel/operator-error.js';

/** One setting as operators see it; the settings table of the README is checked against this list. */
interface Setting {
  readonly variable: string;
  readonly schema: z.ZodType<unknown, string | undefined>;
  readonly description: string;
}

const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number')
    .transform(Number)
    .refine((value) => value <= 65535, 'must be a port number')
    .default(fallback);

const wholeNumber = (fallback: number, least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be ${least} to ${most}`)
    .default(fallback);

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .default(fallback);

const limitOf = (fallback: number) =>
  z
    .string()
    .regex(/^(-1|\d{1,9})$/, 'must be a whole number, or -1 for no limit')
    .transform(Number)
    .default(fallback);

const optionalText = z.string().min(1).optional();

/** Every setting: name in the program, variable, type with default, meaning with unit. */
export const SETTINGS = {
  httpPort: setting('HTTP_PORT', port(8080), 'Port on which Envoy serves REST, gRPC and grpc-web.'),
  grpcPort: setting('GRPC_PORT', port(50051), 'Port on which Envoy serves gRPC.'),
  metricsPort: setting('METRICS_PORT', port(9464), 'Port of the Prometheus figures (`/metrics`).'),
  envoyAdminPort: setting('ENVOY_ADMIN_PORT', port(9901), "Port of Envoy's admin interface."),
  listenAddress: setting(
    'LISTEN_ADDRESS',
    z.string().min(1).default('127.0.0.1'),
    'Address on which Envoy listens; `0.0.0.0` for all.',
  ),
  serverAddress: setting(
    'SERVER_ADDRESS',
    z
      .string()
      .regex(/^.+:\d{1,5}$/, 'must be host:port')
      .default('127.0.0.1:50052'),
    'Where one server process (`apportion serve`) listens, behind Envoy.',
  ),
  publicUrl: setting(
    'PUBLIC_URL',
    z.url('must be a URL').optional(),
    'Base URL of the service in the catalogue; default `http://127.0.0.1:HTTP_PORT`.',
  ),
  databaseUrl: setting(
    'DATABASE_URL',
    optionalText,
    'Postgres 15 or newer; without it an embedded Postgres runs in `APPORTION_HOME`.',
  ),
  databasePoolSize: setting(
    'DATABASE_POOL_SIZE',
    wholeNumber(10, 2, 1000),
    'Database connections of one server process.',
  ),
  home: setting(
    'APPORTION_HOME',
    z.string().min(1).default('.apportion'),
    'Folder of the embedded database, the installed Envoy and run-time files.',
  ),
  workers: setting('WORKERS', wholeNumber(1, 1, 64), 'Server processes behind Envoy.'),
  state: setting('STATE', optionalText, 'State file applied at start instead of the demo.'),
  envoy: setting('ENVOY', optionalText, 'Path of an Envoy binary; default: found or installed.'),
  tlsCert: setting('TLS_CERT', optionalText, 'PEM file: Envoy serves TLS with it and `TLS_KEY`.'),
  tlsKey: setting('TLS_KEY', optionalText, 'PEM file: the private key of `TLS_CERT`.'),
  allocationsPrefix: setting(
    'ALLOCATIONS_PREFIX',
    z
      .string()
      .regex(/^\/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]$/, 'must be a path such as /placement')
      .default('/placement'),
    'Path below which the Placement API lives.',
  ),
  imagesAuth: setting(
    'IMAGES_AUTH',
    z.enum(['token', 'fake']).default('token'),
    'Who calls the Image API: owners of tokens, or whoever a token says (`fake`; for tests).',
  ),
  imagesFakeAnywhere: setting(
    'IMAGES_FAKE_ANYWHERE',
    flag(false),
    'Allow `IMAGES_AUTH=fake` on addresses that other machines can reach.',
  ),
  imagesPublicUrl: setting(
    'IMAGES_PUBLIC_URL',
    z.url('must be a URL').optional(),
    'Base URL of links of the Image API; default: what each request was sent to.',
  ),
  imagesOwnerIdentity: setting(
    'IMAGES_OWNER_IDENTITY',
    z.enum(['project', 'user']).default('project'),
    'Whether images belong to, and are shared with, projects or users.',
  ),
  imagesRoleEnforcement: setting(
    'IMAGES_ROLE_ENFORCEMENT',
    flag(false),
    'Ask for the role `reader` to read images and `member` to change them.',
  ),
  imagesMemberVisibilityRule: setting(
    'IMAGES_MEMBER_VISIBILITY_RULE',
    z.enum(['seed', 'strict']).default('seed'),
    'Whether private images admit members and become shared by it (`seed`) or refuse them.',
  ),
  imagesMemberQuota: setting(
    'IMAGES_MEMBER_QUOTA',
    limitOf(128),
    'Most members of an image; -1: any number.',
  ),
  imagesPropertyQuota: setting(
    'IMAGES_PROPERTY_QUOTA',
    limitOf(128),
    'Most custom properties of an image; -1: any number.',
  ),
  imagesTagQuota: setting(
    'IMAGES_TAG_QUOTA',
    limitOf(128),
    'Most tags of an image; -1: any number.',
  ),
  imagesNameLength: setting(
    'IMAGES_NAME_LENGTH',
    wholeNumber(255, 1, 255),
    'Most characters of image names, property names, tags and member ids.',
  ),
  imagesPageSize: setting(
    'IMAGES_PAGE_SIZE',
    wholeNumber(25, 1, 10_000),
    'Images of a page when the request does not say.',
  ),
  imagesLargestPage: setting(
    'IMAGES_LARGEST_PAGE',
    wholeNumber(1000, 1, 10_000),
    'Most images of a page, whatever the request says.',
  ),
  allocationsAuth: setting(
    'ALLOCATIONS_AUTH',
    z.enum(['token', 'noauth2']).default('token'),
    'Who calls the Placement API: owners of tokens, or whoever a request says (`noauth2`; for tests).',
  ),
  allocationsNoauthAnywhere: setting(
    'ALLOCATIONS_NOAUTH_ANYWHERE',
    flag(false),
    'Allow `noauth2` on addresses that other machines can reach.',
  ),
  allocationsPolicy: setting(
    'ALLOCATIONS_POLICY',
    z.enum(['new', 'legacy', 'open']).default('new'),
    'Rules of the Placement API: the documented ones, the older ones, or none (`open`; for tests).',
  ),
  maxBodyBytes: setting(
    'MAX_BODY_BYTES',
    wholeNumber(4_194_304, 1024, 268_435_456),
    'Largest request body and gRPC message, in bytes.',
  ),
  maxProvisions: setting(
    'MAX_PROVISIONS',
    wholeNumber(10_000, 1, 100_000),
    'Most provisions of one commission, and serials of one resolve call.',
  ),
  quotasStrict: setting(
    'QUOTAS_STRICT',
    flag(false),
    "Refuse provisions on other components' resources (400).",
  ),
  requestIdDays: setting(
    'REQUEST_ID_DAYS',
    wholeNumber(7, 1, 365),
    'How long request ids and settlements are remembered for repeated calls, in days.',
  ),
  commissionExpirySeconds: setting(
    'COMMISSION_EXPIRY_SECONDS',
    wholeNumber(0, 0, 31_536_000),
    'When pending commissions are rejected unless a call says otherwise, in seconds; 0: never.',
  ),
  eventDays: setting(
    'EVENT_DAYS',
    wholeNumber(90, 1, 3650),
    'How long events can be read, in days.',
  ),
  drainSeconds: setting(
    'DRAIN_SECONDS',
    wholeNumber(20, 1, 3600),
    'Longest wait for requests in flight when stopping, in seconds.',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    'Least severity that is logged.',
  ),
  logFormat: setting(
    'LOG_FORMAT',
    z.enum(['pretty', 'json']).optional(),
    'How log lines look; default: `pretty` on a terminal, `json` elsewhere.',
  ),
} as const;

function setting<S extends z.ZodType<unknown, string | undefined>>(
  variable: string,
  schema: S,
  description: string,
) {
  return { variable, schema, description } satisfies Setting;
}

type Values = { readonly [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]['schema']> };

/** All settings, checked; what is optional and not set is undefined. */
export type Config = Omit<Values, 'publicUrl' | 'logFormat'> & {
  readonly publicUrl: string;
  readonly logFormat: 'pretty' | 'json';
};

/** The environment of a process, or a stand-in for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the settings found in an environment; an empty variable counts as absent.
 *
 * Throws an OperatorError naming the first variable that is wrong.
 */
export function loadConfig(environment: Environment = process.env): Config {
  const values: Record<string, unknown> = {};
  for (const [name, { variable, schema }] of Object.entries(SETTINGS)) {
    const text = environment[variable];
    const outcome = schema.safeParse(text === '' ? undefined : text);
    if (!outcome.success) {
      const why = outcome.error.issues[0]?.message ?? 'is wrong';
      throw new OperatorError(`${variable}: ${why}, not ${JSON.stringify(text)}`);
    }
    values[name] = outcome.data;
  }
  const found = values as Values;
  if ((found.tlsCert === undefined) !== (found.tlsKey === undefined))
    throw new OperatorError('TLS_CERT and TLS_KEY: set both or neither');
  refuseReachable(found);
  const scheme = found.tlsCert === undefined ? 'http' : 'https';
  return {
    ...found,
    publicUrl: (found.publicUrl ?? `${scheme}://127.0.0.1:${found.httpPort}`).replace(/\/+$/, ''),
    logFormat: found.logFormat ?? (process.stdout.isTTY ? 'pretty' : 'json'),
  };
}

/** What believes whatever a request says of its sender, and the setting that insists on it. */
const OPEN_DOORS = [
  { name: 'imagesAuth', open: 'fake', insists: 'imagesFakeAnywhere' },
  { name: 'allocationsAuth', open: 'noauth2', insists: 'allocationsNoauthAnywhere' },
] as const satisfies readonly {
  readonly name: keyof Values;
  readonly open: string;
  readonly insists: keyof Values;
}[];

/** Returns a line for each door that is open: without authentication callers are whoever they like. */
export function openDoors(config: Values | Config): readonly string[] {
  const lines = OPEN_DOORS.filter(({ name, open }) => config[name] === open).map(
    ({ name, open }) =>
      `${SETTINGS[name].variable}=${open}: whoever reaches the port may be anybody, administrators included`,
  );
  if (config.allocationsPolicy === 'open')
    lines.push('ALLOCATIONS_POLICY=open: the Placement API lets everyone do everything');
  return lines;
}

/** Throws an OperatorError when a door is open to other machines and nobody insists on it. */
function refuseReachable(found: Values): void {
  const hosts = {
    LISTEN_ADDRESS: found.listenAddress,
    SERVER_ADDRESS: found.serverAddress.replace(/:\d+$/, ''),
  };
  const reachable = Object.entries(hosts).find(([, host]) => !LOOPBACK.test(host));
  for (const { name, open, insists } of OPEN_DOORS) {
    if (found[name] !== open || found[insists] || reachable === undefined) continue;
    const [variable, host] = reachable;
    throw new OperatorError(
      `${SETTINGS[name].variable}: ${open} is refused while ${variable} is ${host}, which others may reach; ` +
        `${SETTINGS[insists].variable}=true insists`,
    );
  }
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[?::1\]?)$/;

/**
 * Returns the environment for a process of ours with these settings.
 *
 * @param overrides - by setting name; undefined removes a setting.
 */
export function configToEnvironment(
  config: Config,
  overrides: Partial<Record<keyof Config, string | number | boolean | undefined>> = {},
): Record<string, string> {
  const merged: Record<string, string | number | boolean | undefined> = { ...config, ...overrides };
  const environment: Record<string, string> = {};
  for (const [name, { variable }] of Object.entries(SETTINGS)) {
    const value = merged[name];
    if (value !== undefined) environment[variable] = String(value);
  }
  return environment;
}

/**
 * Returns the environment to hand to programs that are not ours (Envoy, initdb): what they need to
 * be found and to speak the user's language, without our secrets.
 */
export function systemEnvironment(environment: Environment = process.env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && HANDED_ON.test(name)) kept[name] = value;
  }
  return kept;
}

/** Finding programs, language, folders, and how to reach package indexes. */
const HANDED_ON =
  /^(PATH|HOME|LANG|LC_\w+|TMPDIR|TZ|PIP_\w+|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE)$/i;
