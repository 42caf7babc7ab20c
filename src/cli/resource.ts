import { Command } from 'commander';
import { loadConfig } from '../config.js';
import { printedAmount, printExactListing } from './exact-json.js';
import { withOperations } from './operations.js';

/** Returns the command `resource` with its subcommand. */
export function resourceCommand(): Command {
  return new Command('resource')
    .summary('show what can be counted')
    .description('Shows the resources that services have registered.')
    .addCommand(listCommand());
}

function listCommand(): Command {
  return new Command('list')
    .summary('list resources, hidden ones included')
    .description(
      'Lists resources with what new projects get of them: system_default is for the base projects of ' +
        'users, project_default for others. State files change them.',
    )
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion resource list
  apportion resource list --json`,
    )
    .action((options: { json?: boolean }) => list(options));
}

async function list(options: { json?: boolean }): Promise<void> {
  const rows = await withOperations(loadConfig(), ({ quotas }) => quotas.overview.resources());
  printExactListing(
    {
      rows,
      columns: {
        name: ({ name }) => name,
        service: ({ service }) => service,
        unit: ({ unit }) => unit,
        api_visible: ({ apiVisible }) => apiVisible,
        ui_visible: ({ uiVisible }) => uiVisible,
        system_default: ({ systemDefault }) => printedAmount(systemDefault),
        project_default: ({ projectDefault }) => printedAmount(projectDefault),
      },
      json: (resource) => ({
        name: resource.name,
        service: resource.service,
        description: resource.description,
        unit: resource.unit,
        api_visible: resource.apiVisible,
        ui_visible: resource.uiVisible,
        system_default: resource.systemDefault,
        project_default: resource.projectDefault,
      }),
    },
    options,
  );
}
