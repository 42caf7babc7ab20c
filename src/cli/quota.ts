import { Command, InvalidArgumentError } from 'commander';
import type { Operations } from '../app.js';
import { loadConfig } from '../config.js';
import type { ExitWith } from './exit-with.js';
import { withOperations } from './operations.js';
import { printedAmount, printListing, remark } from './output.js';

type Difference = Parameters<Parameters<Operations['quotas']['verify']>[0]['report']>[0][number];

/** Returns the command `quota` with its subcommands. */
export function quotaCommand(exitWith: ExitWith): Command {
  return new Command('quota')
    .summary('show limits and usage, and check that they are right')
    .description('Shows limits and usage of users and projects, and checks that they are right.')
    .addCommand(listCommand())
    .addCommand(verifyCommand(exitWith));
}

interface ListOptions {
  readonly user?: string;
  readonly project?: string;
  readonly resource?: string;
  readonly overLimit?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

function listCommand(): Command {
  return new Command('list')
    .summary('list what users and projects may use, and use')
    .description(
      'Lists holdings: what a user may use of a resource in a project, and what a project may use in ' +
        'all. Usage counts pending imports; pending is what is reserved and not settled yet.',
    )
    .option('--user <uuid>', 'only those of this user')
    .option('--project <uuid>', "only the project's own, and those of its members against it")
    .option('--resource <name>', 'only those of this resource')
    .option('--over-limit', 'only those with more usage than their limit')
    .option('--limit <number>', 'at most so many', parseCount)
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion quota list --user 5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21
  apportion quota list --project 9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa --resource nimbus.vm
  apportion quota list --over-limit --json`,
    )
    .action((options: ListOptions) => list(options));
}

async function list(options: ListOptions): Promise<void> {
  const { user, project, resource, overLimit, limit } = options;
  const rows = await withOperations(loadConfig(), ({ quotas }) =>
    quotas.overview.holdings({
      // As provisions and this very list write them, they are understood, too.
      user: user?.replace(/^user:/, ''),
      project: project?.replace(/^project:/, ''),
      resource,
      isOverLimit: overLimit,
      limit,
    }),
  );
  printListing(
    {
      rows,
      columns: {
        holder: ({ holder }) => holder,
        source: ({ source }) => source,
        resource: ({ resource }) => resource,
        limit: ({ limit }) => printedAmount(limit),
        usage: ({ usage }) => usage,
        pending: ({ pending }) => pending,
      },
      json: (holding) => holding,
    },
    options,
  );
}

interface VerifyOptions {
  readonly fix?: boolean;
  readonly json?: boolean;
}

function verifyCommand(exitWith: ExitWith): Command {
  return new Command('verify')
    .summary('compare counters and limits with what they follow from')
    .description(
      'Compares the counters of every holding with the log and the pending commissions, and its limit ' +
        'with projects and memberships; lists what differs. Works beside running servers, and without ' +
        '--fix locks nothing. Exits with 1 when differences remain.\n\n' +
        '--fix repairs counters and limits and creates what is missing, one holder at a time. Holdings ' +
        'that no project or membership asks for are only reported.',
    )
    .option('--fix', 'repair what can be repaired')
    .option('--json', 'print the differences as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion quota verify
  apportion quota verify --fix
  apportion quota verify --json || mail -s 'quota differences' operators@example.org`,
    )
    .action((options: VerifyOptions) => verify(options, exitWith));
}

async function verify(options: VerifyOptions, exitWith: ExitWith): Promise<void> {
  const fix = options.fix === true;
  const differences: Difference[] = [];
  let holdings: number | undefined;
  try {
    holdings = await withOperations(loadConfig(), ({ quotas, projects }) =>
      quotas.verify({
        limits: projects.expectedLimits,
        fix,
        report: (found) => differences.push(...found),
      }),
    );
  } finally {
    // What was repaired before something went wrong stays repaired.
    if (holdings !== undefined || differences.length > 0) printDifferences(differences, options);
  }
  const remaining = differences.filter(({ isRepaired }) => !isRepaired).length;
  remark(summary(holdings, differences.length, fix ? remaining : undefined));
  if (remaining > 0) exitWith(1);
}

function printDifferences(rows: readonly Difference[], options: VerifyOptions): void {
  if (rows.length === 0 && options.json !== true) return;
  const amount = (value: bigint | null) => (value === null ? null : printedAmount(value));
  printListing(
    {
      rows,
      columns: {
        holder: ({ holder }) => holder,
        source: ({ source }) => source,
        resource: ({ resource }) => resource,
        what: ({ what }) => what,
        stored: ({ stored }) => amount(stored),
        expected: ({ expected }) => amount(expected),
        ...(options.fix === true && {
          repaired: ({ isRepaired }: Difference) => isRepaired,
        }),
      },
      json: ({ isRepaired, ...difference }) => ({ ...difference, repaired: isRepaired }),
    },
    options,
  );
}

/** @param remaining - undefined when nothing was to be repaired. */
function summary(holdings: number, differences: number, remaining: number | undefined): string {
  const checked = `${count(holdings, 'holding')} checked`;
  if (differences === 0) return `${checked}, no differences`;
  const found = `${checked}, ${count(differences, 'difference')}`;
  if (remaining === undefined) return found;
  return `${found}: ${differences - remaining} repaired, ${remaining} remaining`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a positive number.');
  return Number(text);
}
