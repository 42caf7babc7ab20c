import { Command, InvalidArgumentError } from 'commander';
import type { Operations } from '../app.js';
import { loadConfig } from '../config.js';
import type { Quantity } from '../kernel/quantity.js';
import { OperatorError } from '../kernel/operator-error.js';
import { parseAmount } from './amount.js';
import { withOperations } from './operations.js';
import {
  type Listing,
  printable,
  printedAmount,
  printJson,
  printLine,
  printListing,
  remark,
} from './output.js';

type StoredResource = Awaited<ReturnType<Operations['quotas']['changeResource']>>['resource'];

/** Returns the command `resource` with its subcommands. */
export function resourceCommand(): Command {
  return new Command('resource')
    .summary('show what can be counted, and change its defaults')
    .description('Shows the resources that services have registered, and changes their defaults.')
    .addCommand(listCommand())
    .addCommand(modifyCommand());
}

function listCommand(): Command {
  return new Command('list')
    .summary('list resources, hidden ones included')
    .description(
      'Lists resources with what new projects get of them: system_default is for the base projects of ' +
        'users, project_default for others. State files and `resource modify` change them.',
    )
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion resource list
  apportion resource list --json`,
    )
    .action(async (options: { json?: boolean }) => {
      const rows = await withOperations(loadConfig(), ({ quotas }) => quotas.overview.resources());
      printListing(listingOf(rows), options);
    });
}

function listingOf(rows: readonly StoredResource[]): Listing<StoredResource> {
  return {
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
  };
}

interface ModifyOptions {
  readonly systemDefault?: Quantity;
  readonly projectDefault?: Quantity;
  readonly description?: string;
  readonly unit?: string;
  readonly apiVisible?: boolean;
  readonly uiVisible?: boolean;
  readonly json?: boolean;
}

function modifyCommand(): Command {
  return new Command('modify')
    .summary('change what new projects get of a resource, and who sees it')
    .description(
      'Changes the defaults of a resource, its unit, its description, and whether the API and user ' +
        'interfaces show it. Existing projects are left as they are: new defaults are for users who are ' +
        'accepted and projects that are approved from now on. `project modify-limits` changes the others.',
    )
    .argument('<name>', 'the resource')
    .option('--system-default <amount>', 'for base projects of users; or unlimited', parseAmount)
    .option('--project-default <amount>', 'for other projects; or unlimited', parseAmount)
    .option('--unit <unit>', 'what is counted, such as bytes; empty for a plain count')
    .option('--description <text>', 'for people; empty for none')
    .option(
      '--api-visible <yes|no>',
      'whether the API shows it and projects may name it',
      parseFlag,
    )
    .option('--ui-visible <yes|no>', 'whether user interfaces show it', parseFlag)
    .option('--json', 'print the resource as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion resource modify nimbus.vm --system-default 2 --project-default 0
  apportion resource modify astakos.pending_app --system-default 3
  apportion resource modify nimbus.total_ram --api-visible no --ui-visible no`,
    )
    .action((name: string, options: ModifyOptions) => modify(name, options));
}

async function modify(name: string, { json, unit, description, ...options }: ModifyOptions) {
  const changes = {
    ...options,
    ...(unit !== undefined && { unit: unit === '' ? null : shortText(unit, '--unit', 255) }),
    ...(description !== undefined && {
      description: description === '' ? null : shortText(description, '--description', 4096),
    }),
  };
  if (Object.keys(changes).length === 0)
    throw new OperatorError('Say what to change: --system-default, --project-default, …');
  const { resource, hasChanged } = await withOperations(loadConfig(), ({ quotas }) =>
    quotas.changeResource(name, changes),
  );
  const listing = listingOf([resource]);
  if (json === true) printJson(listing.json(resource));
  else printLine(`${hasChanged ? 'changed' : 'unchanged'}: resource ${printable(name)}`);
  const hasDefaults = options.systemDefault !== undefined || options.projectDefault !== undefined;
  if (hasChanged && hasDefaults)
    remark('Existing projects keep what they have; `apportion project modify-limits` changes it.');
}

function shortText(text: string, option: string, longest: number): string {
  if (text.length <= longest) return text;
  throw new OperatorError(`${option}: at most ${longest} characters`);
}

function parseFlag(text: string): boolean {
  if (text !== 'yes' && text !== 'no') throw new InvalidArgumentError('Say yes or no.');
  return text === 'yes';
}
