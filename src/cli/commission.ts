import { Command, InvalidArgumentError } from 'commander';
import type { Operations } from '../app.js';
import { loadConfig } from '../config.js';
import type { ExitWith } from './exit-with.js';
import { withOperations } from './operations.js';
import {
  printable,
  printedAmount,
  printedTime,
  printJson,
  printLine,
  printListing,
  remark,
} from './output.js';

type ShownCommission = Awaited<ReturnType<Operations['quotas']['overview']['commission']>>;
type SettleCommand = Parameters<Operations['quotas']['settle']>[0];
type SettledSerial = Awaited<ReturnType<Operations['quotas']['settle']>>[number];

/** What the log says of operators who give no reason; components that give none leave it empty. */
const BY_OPERATOR = 'by operator';

/** Returns the command `commission` with its subcommands. */
export function commissionCommand(exitWith: ExitWith): Command {
  return new Command('commission')
    .summary('show commissions, and settle abandoned ones')
    .description('Shows the commissions of all components, and settles abandoned ones.')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(settleCommand('accept', exitWith))
    .addCommand(settleCommand('reject', exitWith));
}

interface ListOptions {
  readonly component?: string;
  readonly overdue?: number;
  readonly json?: boolean;
}

function listCommand(): Command {
  return new Command('list')
    .summary('list pending commissions of all components')
    .description(
      'Lists pending commissions: what they reserve stays reserved until they are settled.',
    )
    .option('--component <name>', 'only those of this component')
    .option('--overdue <seconds>', 'only those issued at least so long ago', parseSeconds)
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion commission list
  apportion commission list --component nimbus --overdue 3600`,
    )
    .action((options: ListOptions) => list(options));
}

async function list(options: ListOptions): Promise<void> {
  const { component, overdue } = options;
  const minAgeMs = overdue === undefined ? undefined : overdue * 1000;
  const rows = await withOperations(loadConfig(), ({ quotas }) =>
    quotas.overview.pending({ component, minAgeMs }),
  );
  printListing(
    {
      rows,
      columns: {
        serial: ({ serial }) => serial,
        component: ({ component }) => component,
        name: ({ name }) => name,
        issued: ({ issuedAt }) => printedTime(issuedAt),
        age: ({ ageMs }) => printedAge(ageMs),
        expires: ({ expiresAt }) => expiresAt && printedTime(expiresAt),
        provisions: ({ provisionCount }) => String(provisionCount),
      },
      json: ({ issuedAt, ageMs, expiresAt, provisionCount, ...commission }) => ({
        ...commission,
        issued_at: printedTime(issuedAt),
        age_seconds: Math.floor(ageMs / 1000),
        expires_at: expiresAt && printedTime(expiresAt),
        provisions: provisionCount,
      }),
    },
    options,
  );
}

function showCommand(): Command {
  return new Command('show')
    .summary('show one commission, pending or settled')
    .description(
      'Shows a commission with its provisions: what it reserves while it is pending; how, when and why ' +
        'it was settled, and what limit, usage and pending of its holdings were right after.',
    )
    .argument('<serial>', 'its number', parseSerial)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion commission show 4711
  apportion commission show 4711 --json`,
    )
    .action(async (serial: bigint, options: { json?: boolean }) => {
      const commission = await withOperations(loadConfig(), ({ quotas }) =>
        quotas.overview.commission(serial),
      );
      if (options.json === true) printJson(toJson(commission));
      else printCommission(commission);
    });
}

function printCommission(commission: ShownCommission): void {
  const { settled, provisions, expiresAt } = commission;
  const facts = {
    serial: String(commission.serial),
    component: commission.component,
    name: commission.name,
    state: stateOf(commission),
    issued: printedTime(commission.issuedAt),
    ...(expiresAt && { expires: printedTime(expiresAt) }),
    ...(settled && { settled: printedTime(settled.at), reason: settled.reason }),
  };
  for (const [label, value] of Object.entries(facts))
    printLine(`${`${label}:`.padEnd(11)}${value === '' ? '-' : printable(value)}`);
  printLine('');
  type Row = (typeof provisions)[number];
  printListing(
    {
      rows: provisions,
      columns: {
        holder: ({ holder }) => holder,
        source: ({ source }) => source,
        resource: ({ resource }) => resource,
        quantity: ({ quantity }) => quantity,
        ...(settled !== null && {
          limit_after: ({ after }: Row) => after && printedAmount(after.limit),
          usage_after: ({ after }: Row) => after && after.usage,
          pending_after: ({ after }: Row) => after && after.pending,
        }),
      },
      json: (provision) => provision,
    },
    {},
  );
}

function toJson(commission: ShownCommission): unknown {
  const { settled, expiresAt } = commission;
  return {
    serial: commission.serial,
    component: commission.component,
    name: commission.name,
    state: stateOf(commission),
    issued_at: printedTime(commission.issuedAt),
    expires_at: expiresAt && printedTime(expiresAt),
    settled_at: settled && printedTime(settled.at),
    reason: settled && settled.reason,
    provisions: commission.provisions,
  };
}

function stateOf({ settled }: ShownCommission): 'pending' | 'accepted' | 'rejected' {
  return settled === null ? 'pending' : `${settled.how}ed`;
}

function settleCommand(how: SettleCommand['how'], exitWith: ExitWith): Command {
  const effect = how === 'accept' ? 'makes what they reserve real' : 'undoes what they reserve';
  return new Command(how)
    .summary(`${how} pending commissions in place of their components`)
    .description(
      `Settles pending commissions of whatever component: ${effect}. For commissions that were ` +
        'abandoned: a component that still knows one will find it settled. Exits with 1 when one of ' +
        `them cannot be ${how}ed; the others are.`,
    )
    .argument('<serial...>', 'their numbers', parseSerials)
    .option('--reason <text>', 'why, for the log; its last 121 characters are kept', BY_OPERATOR)
    .option('--json', 'print what became of each as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion commission ${how} 4711
  apportion commission ${how} 4711 4712 --reason 'nimbus lost its journal, ticket 99'`,
    )
    .action(async (serials: bigint[], options: { reason: string; json?: boolean }) => {
      const { reason } = options;
      const outcomes = await withOperations(loadConfig(), ({ quotas }) =>
        quotas.settle({ serials, how, reason }),
      );
      if (options.json === true) printJson(outcomes.map(outcomeToJson));
      else for (const outcome of outcomes) printOutcome(outcome, how);
      if (outcomes.some(({ outcome }) => outcome === 'failed')) exitWith(1);
    });
}

function printOutcome(settled: SettledSerial, how: SettleCommand['how']): void {
  const { serial, outcome } = settled;
  if (outcome === 'failed') remark(`apportion: ${settled.failure.message}`);
  else if (outcome === 'unchanged') printLine(`was ${how}ed before: commission ${serial}`);
  else printLine(`${how}ed: commission ${serial}`);
}

function outcomeToJson(settled: SettledSerial): unknown {
  const { serial, outcome } = settled;
  return { serial, outcome, ...(outcome === 'failed' && { message: settled.failure.message }) };
}

/** Returns a length of time in its two largest units. */
function printedAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first === -1 ? 3 : first)
    .slice(0, 2)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}

function parseSerial(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return BigInt(text);
}

function parseSerials(text: string, before: readonly bigint[] = []): readonly bigint[] {
  return [...before, parseSerial(text)];
}

function parseSeconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.');
  return Number(text);
}
