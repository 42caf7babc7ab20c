import { Command, Option } from 'commander';
import type { Operations } from '../../app.js';
import { loadConfig } from '../../config.js';
import { OperatorError } from '../../kernel/operator-error.js';
import type { ExitWith } from '../exit-with.js';
import { withOperations } from '../operations.js';
import { printable, printedTime, printJson, printLine, printListing, remark } from '../output.js';
import { withReason } from './actions.js';

type EndDates = Operations['projects']['endDates'];
type ExpiredProject = Awaited<ReturnType<EndDates['expired']>>[number];
type EndedProject = Awaited<ReturnType<EndDates['terminateExpired']>>[number];

interface TerminateOptions {
  readonly expired?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

/** Returns the command `project terminate`. */
export function terminateCommand(exitWith: ExitWith): Command {
  return withReason(new Command('terminate'))
    .summary('end a project, or all whose end date has passed')
    .description(
      'Ends an active or suspended project: its limits fall to 0 and its name is free again; members and ' +
        'usage stay, so that `project reinstate` can bring it back. System projects cannot be ended.\n\n' +
        '--expired ends all whose end date has passed, one by one, as running servers do every minute. ' +
        'Exits with 1 when one of them cannot be ended; the others are.',
    )
    .argument('[project]', 'its id, or its name')
    .addOption(
      new Option('--expired', 'all projects whose end date has passed').conflicts('reason'),
    )
    .option('--dry-run', 'with --expired: list them, and do nothing')
    .addHelpText(
      'after',
      `
Examples:
  apportion project terminate genome.lab.example.org --reason 'moved to another cloud'
  apportion project terminate --expired --dry-run
  apportion project terminate --expired`,
    )
    .action(async (named: string | undefined, options: TerminateOptions) => {
      const { expired = false, dryRun = false } = options;
      if (expired === (named !== undefined))
        throw new OperatorError('Say which project, or --expired');
      if (dryRun && !expired) throw new OperatorError('--dry-run is for --expired');
      if (named !== undefined) await terminate(named, options);
      else if (dryRun) await listExpired(options);
      else await terminateExpired(options, exitWith);
    });
}

async function terminate(named: string, { reason, json }: TerminateOptions): Promise<void> {
  const project = await withOperations(loadConfig(), ({ projects }) =>
    projects.operating.act(named, 'terminate', reason),
  );
  if (json === true) printJson({ project, action: 'terminate' });
  else printLine(`terminated: project ${printable(project)}`);
}

async function listExpired(options: TerminateOptions): Promise<void> {
  const rows = await withOperations(loadConfig(), ({ projects }) => projects.endDates.expired());
  printListing(
    {
      rows,
      columns: {
        id: ({ uuid }) => uuid,
        name: ({ name }) => name,
        state: ({ state }) => state,
        owner: ({ owner }) => owner,
        ended: ({ endDate }) => printedTime(endDate),
      },
      json: expiredToJson,
    },
    options,
  );
  remark(`Dry run, nothing was changed: ${rows.length} expired`);
}

async function terminateExpired({ json }: TerminateOptions, exitWith: ExitWith): Promise<void> {
  const ended = await withOperations(loadConfig(), ({ projects }) =>
    projects.endDates.terminateExpired(),
  );
  if (json === true) printJson(ended.map(endedToJson));
  else for (const each of ended) printEnded(each);
  const count = (outcome: EndedProject['outcome']) =>
    ended.filter((each) => each.outcome === outcome).length;
  remark(`${count('terminated')} terminated, ${count('failed')} failed`);
  if (count('failed') > 0) exitWith(1);
}

function printEnded({ project, outcome, error }: EndedProject): void {
  const called = `project ${printable(project.uuid)} (${printable(project.name)})`;
  if (outcome === 'failed') remark(`apportion: ${called}: ${messageOf(error)}`);
  else if (outcome === 'terminated') printLine(`terminated: ${called}`);
  else printLine(`left alone, changed in the meantime: ${called}`);
}

function endedToJson({ project, outcome, error }: EndedProject): unknown {
  return {
    ...expiredToJson(project),
    outcome,
    ...(outcome === 'failed' && { message: messageOf(error) }),
  };
}

function expiredToJson({ uuid, name, state, owner, endDate }: ExpiredProject) {
  return { id: uuid, name, state, owner, end_date: printedTime(endDate) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
