import { Command, Option } from 'commander';
import type { Operations } from '../../app.js';
import { loadConfig } from '../../config.js';
import { withOperations } from '../operations.js';
import { printedTime, printListing } from '../output.js';

type OperatorQuery = Parameters<Operations['projects']['operating']['list']>[0];

const STATES = ['uninitialized', 'active', 'suspended', 'terminated', 'deleted'] as const;

interface ListOptions {
  readonly state?: OperatorQuery['state'];
  readonly owner?: string;
  readonly name?: string;
  readonly pending?: boolean;
  readonly system?: boolean;
  readonly json?: boolean;
}

/** Returns the command `project list`. */
export function listCommand(): Command {
  return new Command('list')
    .summary('list projects')
    .description(
      'Lists projects by creation, with their last application: its number is what `project approve` ' +
        'and `project deny` take.',
    )
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--owner <uuid>', 'only those of this user')
    .option('--name <name>', 'only those shown under this name')
    .option('--pending', 'only those with an application that waits for an answer')
    .option('--system', "system projects, too: every user's own")
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion project list --pending
  apportion project list --state suspended --json`,
    )
    .action((options: ListOptions) => list(options));
}

async function list({ json, pending, system, ...query }: ListOptions): Promise<void> {
  const rows = await withOperations(loadConfig(), ({ projects }) =>
    projects.operating.list({ ...query, isAwaiting: pending, withSystem: system }),
  );
  printListing(
    {
      rows,
      columns: {
        id: ({ uuid }) => uuid,
        name: ({ realname }) => realname,
        state: ({ state }) => state,
        owner: ({ owner }) => owner,
        created: ({ createdAt }) => printedTime(createdAt),
        ends: ({ endDate }) => printedTime(endDate),
        application: ({ lastApplication: last }) => last && `${last.id} ${last.state}`,
      },
      json: (project) => ({
        id: project.uuid,
        name: project.realname,
        state: project.state,
        owner: project.owner,
        creation_date: printedTime(project.createdAt),
        end_date: printedTime(project.endDate),
        deactivation_date: project.deactivatedAt && printedTime(project.deactivatedAt),
        system_project: project.isSystem,
        last_application: project.lastApplication && {
          id: project.lastApplication.id,
          state: project.lastApplication.state,
          applicant: project.lastApplication.applicant,
        },
      }),
    },
    { json },
  );
}
