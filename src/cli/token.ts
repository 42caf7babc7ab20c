import { Command, InvalidArgumentError, Option } from 'commander';
import type { Operations } from '../app.js';
import { loadConfig } from '../config.js';
import { OperatorError } from '../kernel/operator-error.js';
import { parseExpiry } from './expiry.js';
import { withOperations } from './operations.js';
import { printable, printedTime, printJson, printLine, printListing, remark } from './output.js';

type TokenSummary = Awaited<ReturnType<Operations['identity']['tokens']['list']>>[number];

/** Returns the command `token` with its subcommands. */
export function tokenCommand(): Command {
  return new Command('token')
    .summary('make, list and revoke tokens')
    .description('Makes, lists and revokes the tokens of users and components.')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

interface CreateOptions {
  readonly user?: string;
  readonly component?: string;
  readonly expires?: Date | null;
  readonly project?: string;
  readonly role?: string[];
  readonly json?: boolean;
}

function createCommand(): Command {
  return new Command('create')
    .summary('make a token and print it, now or never')
    .description('Makes a token and prints it. Only its hash is stored: it cannot be shown again.')
    .addOption(new Option('--user <name>', 'name or uuid of its user').conflicts('component'))
    .option('--component <name>', 'name of its component')
    .option(
      '--expires <when>',
      'never, 30d (s, m, h, d, w) or a time; default 30d for users, never for components',
      (text: string) => parseExpiry(text),
    )
    .option('--project <id>', 'project the token speaks for, for OpenStack-style APIs')
    .option('--role <role...>', 'roles it has there: admin, member, reader, service')
    .option('--json', 'print token, id, owner and expiry as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion token create --user alice
  apportion token create --component nimbus --expires never
  apportion token create --user alice --project 9b1d7c44 --role member --role reader
  TOKEN=$(apportion token create --user alice --expires 1h)`,
    )
    .action((options: CreateOptions) => create(options));
}

async function create(options: CreateOptions): Promise<void> {
  const owner = ownerOf(options);
  const token = await withOperations(loadConfig(), ({ identity }) =>
    identity.tokens.create({
      owner,
      project: options.project,
      roles: options.role,
      ...(options.expires !== undefined && { expiresAt: options.expires }),
    }),
  );
  const expires = token.expiresAt === null ? null : printedTime(token.expiresAt);
  if (options.json === true) {
    printJson({ id: token.id, token: token.value, owner: token.ownerName, expires_at: expires });
    return;
  }
  remark(
    `Token ${token.id} of ${printable(token.ownerName)}, ` +
      `${expires === null ? 'never expires' : `expires ${expires}`}:`,
  );
  printLine(token.value);
}

function ownerOf({ user, component }: CreateOptions) {
  if (user !== undefined) return { kind: 'user' as const, nameOrUuid: user };
  if (component !== undefined) return { kind: 'component' as const, name: component };
  throw new OperatorError('Say whose token it is: --user or --component');
}

interface ListOptions {
  readonly user?: string;
  readonly component?: string;
  readonly json?: boolean;
}

function listCommand(): Command {
  return new Command('list')
    .summary('list tokens, never their values')
    .description('Lists tokens with owner, expiry, scope and state; their values are not known.')
    .addOption(new Option('--user <name>', 'only those of this user').conflicts('component'))
    .option('--component <name>', 'only those of this component')
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion token list
  apportion token list --user alice --json`,
    )
    .action((options: ListOptions) => list(options));
}

async function list(options: ListOptions): Promise<void> {
  const { user, component } = options;
  const rows = await withOperations(loadConfig(), ({ identity }) =>
    identity.tokens.list({ user, component }),
  );
  const expires = ({ expiresAt }: TokenSummary) =>
    expiresAt === null ? 'never' : printedTime(expiresAt);
  printListing(
    {
      rows,
      columns: {
        id: ({ id }) => id,
        owner: ({ ownerKind, ownerName }) => `${ownerKind} ${ownerName}`,
        expires,
        project: ({ project }) => project,
        roles: ({ roles }) => roles.join(','),
        state: ({ state }) => state,
      },
      json: (token) => ({
        id: token.id,
        [token.ownerKind]: token.ownerName,
        project: token.project,
        roles: token.roles,
        created_at: printedTime(token.createdAt),
        expires_at: token.expiresAt === null ? null : printedTime(token.expiresAt),
        state: token.state,
      }),
    },
    options,
  );
}

function revokeCommand(): Command {
  return new Command('revoke')
    .summary('make a token stop working, at once and for good')
    .description(
      'Makes a token stop working, in every server process at once. A revoked token never works\n' +
        'again, also when a state file goes on declaring it.',
    )
    .argument('[id]', 'its number, as `token list` shows it', parseId)
    .option('--value <token>', 'the token itself, instead of its number')
    .addHelpText(
      'after',
      `
Examples:
  apportion token revoke 12
  apportion token revoke --value "$LEAKED_TOKEN"`,
    )
    .action((id: bigint | undefined, { value }: { value?: string }) => revoke(id, value));
}

async function revoke(id: bigint | undefined, value: string | undefined): Promise<void> {
  if ((id === undefined) === (value === undefined))
    throw new OperatorError('Say which token: its number, or --value');
  const outcome = await withOperations(loadConfig(), ({ identity }) =>
    identity.tokens.revoke(id !== undefined ? { id } : { value: value ?? '' }),
  );
  printLine(`${outcome.wasRevoked ? 'was revoked before' : 'revoked'}: token ${outcome.id}`);
}

function parseId(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return BigInt(text);
}
