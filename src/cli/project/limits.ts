import { Command, InvalidArgumentError } from 'commander';
import type { Operations } from '../../app.js';
import { loadConfig } from '../../config.js';
import { parseAmount } from '../amount.js';
import { withOperations } from '../operations.js';
import { printable, printedAmount, printJson, printLine } from '../output.js';

type CapacitiesByResource = Parameters<Operations['projects']['operating']['setCapacities']>[1];

/** Returns the command `project modify-limits`. */
export function modifyLimitsCommand(): Command {
  return new Command('modify-limits')
    .summary('change what a project and each of its members may use')
    .description(
      'Sets capacities of a project without an application, of hidden resources, too: what all members ' +
        'together may use, and what each of them may. Resources that are not named keep theirs. Usage is ' +
        'not looked at: whoever uses more than the new limit can give back, and nothing else. The project ' +
        'must have been approved; system projects are changed the same way.',
    )
    .argument('<project>', 'its id, or its name while it is alive')
    .argument(
      '<resource=project/member...>',
      'the capacities; each a number in the unit of the resource, or unlimited',
      parseCapacities,
    )
    .option('--json', 'print what was set as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion project modify-limits genome.lab.example.org nimbus.vm=40/4
  apportion project modify-limits 5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21 astakos.pending_app=5/5
  apportion project modify-limits genome.lab.example.org nimbus.vm=40/4 nimbus.ram=unlimited/8589934592`,
    )
    .action(
      async (named: string, capacities: CapacitiesByResource, options: { json?: boolean }) => {
        const project = await withOperations(loadConfig(), ({ projects }) =>
          projects.operating.setCapacities(named, capacities),
        );
        if (options.json === true) printJson(toJson(project, capacities));
        else printSet(project, capacities);
      },
    );
}

function printSet(project: string, capacities: CapacitiesByResource): void {
  for (const [resource, { projectCapacity, memberCapacity }] of Object.entries(capacities))
    printLine(
      `changed: ${printable(resource)} of project ${printable(project)}: ` +
        `${printedAmount(projectCapacity)} in all, ${printedAmount(memberCapacity)} for each member`,
    );
}

function toJson(project: string, capacities: CapacitiesByResource): unknown {
  const resources = Object.entries(capacities).map(([resource, pair]) => [
    resource,
    { project_capacity: pair.projectCapacity, member_capacity: pair.memberCapacity },
  ]);
  return { project, resources: Object.fromEntries(resources) as unknown };
}

/**
 * Returns the capacities that came before, and those of one more argument; throws commander's error.
 *
 * @param text - for instance `nimbus.vm=40/4`: the project's, then each member's.
 */
export function parseCapacities(
  text: string,
  before: CapacitiesByResource = {},
): CapacitiesByResource {
  const [, resource, project = '', member = ''] = /^([^=]+)=([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (resource === undefined)
    throw new InvalidArgumentError('Say resource=project/member, such as nimbus.vm=40/4.');
  if (Object.hasOwn(before, resource))
    throw new InvalidArgumentError(`${resource} is named twice.`);
  const pair = { projectCapacity: parseAmount(project), memberCapacity: parseAmount(member) };
  return { ...before, [resource]: pair };
}
